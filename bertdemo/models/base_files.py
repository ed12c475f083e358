"""Whether the files of a base model are all there and whole: read off their names and headers, without torch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from bertdemo.errors import ModelError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
# Of every tokenizer that transformers knows at least one: without any it builds an empty one and says nothing.
_TOKENIZER = re.compile(r"tokenizer\.json|tokenizer_config\.json|[^/]*vocab[^/]*|[^/]+\.(model|spm|codes|tiktoken)")


def has_tokenizer(files: Iterable[str]) -> bool:
    """Return whether one of the files of these names (no folders) is of a tokenizer."""
    return any(_TOKENIZER.fullmatch(file) for file in files)


def missing_files(folder: Path) -> list[str]:
    """Return what ``folder`` lacks to be a base model, in the words of a sentence; empty if nothing.

    Raises:
        ModelError: the index of its weights is damaged.
    """
    names = [file.name for file in folder.iterdir()]
    missing = [] if "config.json" in names else ["config.json"]
    missing += [shard for shard in _weights(folder) if shard not in names]
    return missing if has_tokenizer(names) else [*missing, "the tokenizer (tokenizer.json or vocab.txt)"]


def check_whole(folder: Path) -> None:
    """Refuse weights of which a part was lost on the way, as of a copy that was interrupted.

    Raises:
        ModelError: names the file and the remedy.
    """
    for name in _weights(folder):
        if (folder / name).is_file() and not _is_whole(folder / name):
            raise ModelError(
                f"The file {name} of the base model in {folder} is damaged or only half there: copy it again, whole."
            )


def _weights(folder: Path) -> list[str]:
    """Return the names of the files that hold the weights, as transformers looks for them."""
    if (folder / WEIGHTS).exists() or not (folder / INDEX).exists():
        return [WEIGHTS]
    try:
        shards = set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values())
        return sorted(Path(shard).name for shard in shards)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"The file {INDEX} in {folder} is damaged: copy the model again, whole.") from error


def _is_whole(file: Path) -> bool:
    """Whether a safetensors file is as long as its header says: 8 bytes of a length, JSON of that length, data."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > size - 8:
            return False
        try:
            header = json.loads(stream.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return False
    return size == 8 + length + max(ends, default=0)
