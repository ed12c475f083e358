"""Whether a base model is all there, here or on the Hub: asked before a run is made that could only fail."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection

from bertdemo.errors import ModelError
from bertdemo.models.base_files import check_whole, has_tokenizer, missing_files
from bertdemo.models.catalog import BaseModel, folder_of

_log = logging.getLogger(__name__)
_PATIENCE = 5  # seconds to connect, and again for an answer
# Of pickled weights transformers takes the copy in safetensors that the Hub's converter proposes for many of them.
_WEIGHTS = re.compile(r"[^/]+\.safetensors(\.index\.json)?|pytorch_model\.bin(\.index\.json)?")


def require_base(base: BaseModel) -> None:
    """Check that all files of a base are on this computer and whole, or ask the Hub for what it would have to give.

    A Hub that is slow or has troubles of its own refuses nothing: a run waits longer and tells.

    Raises:
        ModelError: a file is missing or damaged; the Hub cannot be reached or must not be asked, has no such model, or
            none that can be read.
    """
    folder = folder_of(base)
    missing = missing_files(folder) if folder else ["everything"]
    if missing and not base.is_local:
        _ask(base.location)
    elif missing:
        raise ModelError(
            f"The base model in {folder} lacks {' and '.join(missing)}: copy the folder again, whole, or save model "
            "and tokenizer into it with save_pretrained."
        )
    if folder:
        check_whole(folder)


def gated_sentence(name: str) -> str:
    return f"The model {name} is gated: accept its terms on its Hub page and log in with `hf auth login`."


def _ask(name: str) -> None:
    from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url, model_info
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # whichever of two libraries it asks with

    try:
        info = model_info(name, timeout=_PATIENCE)
        if info.siblings is not None:
            _require_files(name, [file.rfilename for file in info.siblings])
        if info.gated:  # what a gated model is made of, everybody may know
            get_hf_file_metadata(hf_hub_url(name, "config.json"), timeout=_PATIENCE)
    except errors.GatedRepoError as error:
        raise ModelError(gated_sentence(name)) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise ModelError(
            f"There is no model {name!r} on the Hub (or it is private): check the spelling, owner/name."
        ) from error
    except (errors.OfflineModeIsEnabled, httpx.ConnectError, httpx.ProxyError) as error:
        raise ModelError(
            f"The model {name} is not on this computer and the Hub cannot be reached: connect to the internet (and "
            "unset HF_HUB_OFFLINE), or use the bundled minilm-l6."
        ) from error
    except (httpx.HTTPError, ValueError) as error:  # ValueError: a page that is none of the Hub's, such as a log-in
        _log.info("the Hub did not tell whether it has %s: %s", name, error)


def _require_files(name: str, files: Collection[str]) -> None:
    if "config.json" not in files or not any(_WEIGHTS.fullmatch(file) for file in files):
        raise ModelError(
            f"The model {name} has no config.json with weights in safetensors beside it: choose another base model."
        )
    if not has_tokenizer(files):
        raise ModelError(
            f"The model {name} has no tokenizer beside its weights (tokenizer.json or vocab.txt): choose another base "
            "model, or a folder with both."
        )
