"""Whether all files of a model are there and whole, here or on the Hub: told by names and headers, without torch.

A base is asked for before a run is made that could only fail; a saved classifier before it is loaded.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from bertdemo.errors import ModelError
from bertdemo.models.catalog import BaseModel, folder_of

CARD = "classifier.json"  # of a saved classifier: what its model and tokenizer do not say
ADAPTER_CARD = "adapter_config.json"  # in its folder, if an adapter was trained and not the whole model
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
# Of every tokenizer that transformers knows at least one: without any it builds an empty one and says nothing.
_TOKENIZER = re.compile(r"tokenizer\.json|tokenizer_config\.json|[^/]*vocab[^/]*|[^/]+\.(model|spm|codes|tiktoken)")
# Of pickled weights transformers takes the copy in safetensors that the Hub's converter proposes for many of them.
_HUB_WEIGHTS = re.compile(r"[^/]+\.safetensors(\.index\.json)?|pytorch_model\.bin(\.index\.json)?")
_PATIENCE = 5  # seconds to connect, and again for an answer
_LENGTH = 8  # bytes that say how long the header of a safetensors file is
_LONGEST_HEADER = 100_000_000  # bytes, as the library of safetensors allows
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)  # what wrong JSON leads to
_log = logging.getLogger(__name__)


def require_base(base: BaseModel) -> None:
    """Check that all files of a base are on this computer and whole, or ask the Hub for what it would have to give.

    A Hub that is slow or has troubles of its own refuses nothing: a run waits longer and tells.

    Raises:
        ModelError: a file is missing or damaged; the Hub cannot be reached or must not be asked, has no such model, or
            none that can be read.
    """
    folder = folder_of(base)
    missing = _missing_files(folder) if folder else ["everything"]
    if missing and not base.is_local:
        _ask_hub(base.location)
    elif missing:
        raise ModelError(
            f"The base model in {folder} lacks {' and '.join(missing)}: copy the folder again, whole, or save model "
            "and tokenizer into it with save_pretrained."
        )
    for name in _weight_files(folder) if folder else ():
        if folder and (folder / name).is_file() and not _is_complete(folder / name):
            raise ModelError(
                f"The file {name} of the base model in {folder} is damaged or only half there: copy it again, whole."
            )


def is_whole(folder: Path) -> bool:
    """Return whether ``folder`` holds a saved classifier with all its files, none of them cut short."""
    try:
        _read(folder / CARD)
        is_adapter = (folder / ADAPTER_CARD).exists()
        for name in (ADAPTER_CARD,) if is_adapter else ("config.json", "tokenizer_config.json"):
            _read(folder / name)
        named = {shard for index in folder.glob("*.safetensors.index.json") for shard in _shards(index)}
        weights = {folder / name for name in named} | set(folder.glob("*.safetensors"))
        return bool(weights) and all(map(_is_complete, weights))
    except (OSError, *_MALFORMED):
        return False


def gated_sentence(name: str) -> str:
    return f"The model {name} is gated: accept its terms on its Hub page and log in with `hf auth login`."


def _missing_files(folder: Path) -> list[str]:
    """Return what ``folder`` lacks to be a base model, in the words of a sentence; empty if nothing."""
    names = [file.name for file in folder.iterdir()]
    missing = [name for name in ("config.json", *_weight_files(folder)) if name not in names]
    return missing if _has_tokenizer(names) else [*missing, "the tokenizer (tokenizer.json or vocab.txt)"]


def _has_tokenizer(files: Iterable[str]) -> bool:
    return any(_TOKENIZER.fullmatch(file) for file in files)


def _weight_files(folder: Path) -> list[str]:
    """Return the names of the files that hold a base's weights, as transformers looks for them."""
    if (folder / _WEIGHTS).exists() or not (folder / _INDEX).exists():
        return [_WEIGHTS]
    try:
        return sorted(Path(shard).name for shard in _shards(folder / _INDEX))
    except (OSError, *_MALFORMED) as error:
        raise ModelError(f"The file {_INDEX} in {folder} is damaged: copy the model again, whole.") from error


def _shards(index: Path) -> set[str]:
    return set(_read(index)["weight_map"].values())


def _read(file: Path) -> dict[str, Any]:
    values = json.loads(file.read_bytes())
    if not isinstance(values, dict):
        raise TypeError(file.name)
    return values


def _is_complete(weights: Path) -> bool:
    """Return whether a safetensors file is as long as its header says: a length, JSON of that length, numbers."""
    try:
        with weights.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH), "little")
            if length > _LONGEST_HEADER:
                return False
            header = json.loads(file.read(length))
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        return weights.stat().st_size == _LENGTH + length + int(max(ends, default=0))
    except _MALFORMED:
        return False


def _ask_hub(name: str) -> None:
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
    if "config.json" not in files or not any(_HUB_WEIGHTS.fullmatch(file) for file in files):
        raise ModelError(
            f"The model {name} has no config.json with weights in safetensors beside it: choose another base model."
        )
    if not _has_tokenizer(files):
        raise ModelError(
            f"The model {name} has no tokenizer beside its weights (tokenizer.json or vocab.txt): choose another base "
            "model, or a folder with both."
        )
