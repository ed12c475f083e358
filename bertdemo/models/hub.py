"""Whether the Hub has a base model: asked before a run is made that could only fail."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from bertdemo.errors import ModelError
from bertdemo.models.catalog import BaseModel, files_of

_log = logging.getLogger(__name__)
_PATIENCE = 5  # seconds to connect, and again for an answer
# Of pickled weights transformers takes the copy in safetensors that the Hub's converter proposes for many of them.
_WEIGHTS = re.compile(r"[^/]+\.safetensors(\.index\.json)?|pytorch_model\.bin(\.index\.json)?")


def require_base(base: BaseModel) -> None:
    """Ask the Hub for a base that is not on this computer, once; of any other nothing is asked.

    A Hub that is slow or has troubles of its own refuses nothing: a run waits longer and tells.

    Raises:
        ModelError: the Hub cannot be reached or must not be asked, has no such model, or none that can be read.
    """
    if not base.is_local and not any(file.suffix == ".safetensors" for file in files_of(base)):
        _ask(base.location)


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


def _require_files(name: str, files: Iterable[str]) -> None:
    if "config.json" not in files or not any(_WEIGHTS.fullmatch(file) for file in files):
        raise ModelError(
            f"The model {name} has no config.json with weights in safetensors beside it: choose another base model."
        )
