"""How long texts are for a model, counted with its own tokenizer and without loading torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset
from bertdemo.errors import ModelError

_BATCH = 2_048  # bounds the memory of the encodings, which hold far more than a count


def token_lengths(tokenizer_file: Path, dataset: Dataset) -> NDArray[np.int64]:
    """Tokens of each row (with its pair and the special tokens), before any cut: shape ``(rows,)``.

    Raises:
        ModelError: the file is no ``tokenizer.json``.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
    except Exception as error:  # the library raises bare Exception for a missing and for a broken file
        raise ModelError(f"{tokenizer_file.name} is no tokenizer: choose another base model.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rows = dataset.texts if dataset.pairs is None else list(zip(dataset.texts, dataset.pairs, strict=True))
    lengths = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _BATCH):
        batch = tokenizer.encode_batch_fast(list(rows[start : start + _BATCH]))
        lengths[start : start + len(batch)] = [len(encoding) for encoding in batch]
    return lengths


def share_cut(lengths: NDArray[np.int64], max_length: int) -> float:
    """The share of rows (0 to 1) that lose tokens at ``max_length``."""
    return float((lengths > max_length).mean()) if len(lengths) else 0.0
