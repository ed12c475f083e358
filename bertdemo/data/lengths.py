"""How long texts are for a model, counted with its own tokenizer and without loading torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BATCH = 2_048  # bounds the memory of the encodings, which hold far more than a count


def token_lengths(tokenizer: Tokenizer, dataset: Dataset) -> NDArray[np.int64]:
    """Return tokens of each row (with its pair and the special tokens), before any cut: shape ``(rows,)``.

    Args:
        tokenizer: as opened by ``models.vocabulary.open_tokenizer``, which neither cuts nor pads.
        dataset: any texts, or pairs of them.
    """
    rows = dataset.texts if dataset.pairs is None else list(zip(dataset.texts, dataset.pairs, strict=True))
    lengths = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _BATCH):
        batch = tokenizer.encode_batch_fast(list(rows[start : start + _BATCH]))
        lengths[start : start + len(batch)] = [len(encoding) for encoding in batch]
    return lengths


def share_cut(lengths: NDArray[np.int64], max_length: int) -> float:
    """Return the share of rows (0 to 1) that lose tokens at ``max_length``."""
    return float((lengths > max_length).mean()) if len(lengths) else 0.0
