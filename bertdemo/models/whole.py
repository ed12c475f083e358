"""Whether a saved classifier lies whole on the disk: told in milliseconds, and without loading it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_CARD = "classifier.json"
_ADAPTER = ("adapter_config.json",)
_MODEL = ("config.json", "tokenizer_config.json")
_LENGTH = 8  # bytes that say how long the header of a safetensors file is
_LONGEST_HEADER = 100_000_000  # bytes, as the library of safetensors allows


def is_whole(folder: Path) -> bool:
    """Return whether ``folder`` holds a classifier with all its files, none of them cut short."""
    try:
        _read(folder / _CARD)
        for name in _ADAPTER if (folder / _ADAPTER[0]).exists() else _MODEL:
            _read(folder / name)
        named = {path for index in folder.glob("*.safetensors.index.json") for path in _shards(index)}
        weights = named | set(folder.glob("*.safetensors"))
        return bool(weights) and all(map(_is_complete, weights))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _read(file: Path) -> dict[str, Any]:
    values = json.loads(file.read_bytes())
    if not isinstance(values, dict):
        raise TypeError(file.name)
    return values


def _shards(index: Path) -> list[Path]:
    return [index.with_name(name) for name in set(_read(index)["weight_map"].values())]


def _is_complete(weights: Path) -> bool:
    """Return whether a safetensors file is as long as its header says."""
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        if not 0 < length <= _LONGEST_HEADER:
            return False
        header = json.loads(file.read(length))
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    return weights.stat().st_size == _LENGTH + length + max(ends, default=0)
