"""From logits to probabilities, the same way wherever it is done."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def softmax(logits: npt.ArrayLike, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Return probabilities (texts, labels) of logits (texts, labels) divided by ``temperature``; rows sum to 1.

    Computed in float64 and safe from overflow.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials: npt.NDArray[np.float64] = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials
