"""How attention could carry words through the layers: attention rollout (Abnar & Zuidema, 2020)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_RESIDUAL = 0.5  # share of a token that stays where it is, as in the paper


def rollout(weights: NDArray[np.float32], read_at: int | None = 0) -> NDArray[np.float64]:
    """Return how much of each input token has reached the token that is read, after each layer: (layers, tokens).

    Heads are averaged and half of each token is taken to stay in place (the residual connection):
    Ã = ½ mean(A) + ½ I, and R of a layer is Ã · R of the layer below. Rows sum to 1. It follows the weights alone and
    knows neither values nor the other parts of the model.

    Args:
        weights: (layers, heads, tokens, tokens).
        read_at: the token that the classification head reads (``attention.read_at``); None is the mean of all.
    """
    tokens = weights.shape[-1]
    so_far, rows = np.eye(tokens), []
    for layer in weights.mean(axis=1, dtype=np.float64):
        so_far = (_RESIDUAL * np.eye(tokens) + (1 - _RESIDUAL) * layer) @ so_far
        rows.append(row_of(so_far, read_at))
    return np.stack(rows)


def row_of(matrix: NDArray[np.float64], read_at: int | None) -> NDArray[np.float64]:
    """Return the row of a token, or the mean of all rows."""
    row: NDArray[np.float64] = matrix.mean(axis=0) if read_at is None else matrix[read_at]
    return row
