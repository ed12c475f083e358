"""Attention as bytes for the browser: small maps of all heads, and the matrix of one."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 20  # pixels of a small map
_SHADES = 7  # that a small map needs: fewer compress better


def packed(content: NDArray[np.uint8] | str) -> str:
    """Return pixels or a text, deflated and in base64."""
    plain = content.encode("utf-8") if isinstance(content, str) else content.tobytes()
    return base64.b64encode(zlib.compress(plain, 9)).decode("ascii")


def shades(weights: NDArray[np.floating[Any]], largest: float = 1.0) -> NDArray[np.uint8]:
    """Return 255 · √(weight / largest): small weights keep digits; off by at most 0.4 % of ``largest``."""
    found: NDArray[np.uint8] = np.rint(255 * _root(weights, largest)).astype(np.uint8)
    return found


def small_maps(weights: NDArray[np.floating[Any]], largest: float = 1.0) -> NDArray[np.uint8]:
    """Shrink (maps, tokens, tokens) to at most ``SIDE`` × ``SIDE`` pixels, each as dark as its darkest weight."""
    coarse = np.rint(_SHADES * _root(_pooled(weights), largest))
    found: NDArray[np.uint8] = np.rint(coarse * (255 / _SHADES)).astype(np.uint8)
    return found


def _pooled(weights: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    side = min(weights.shape[-1], SIDE)
    edges = np.arange(side) * weights.shape[-1] // side
    pooled: NDArray[np.floating[Any]] = np.maximum.reduceat(weights, edges, axis=-1)
    return np.maximum.reduceat(pooled, edges, axis=-2)


def _root(weights: NDArray[np.floating[Any]], largest: float) -> NDArray[np.floating[Any]]:
    root: NDArray[np.floating[Any]] = np.sqrt(np.clip(weights / max(largest, 1e-12), 0.0, 1.0))
    return root
