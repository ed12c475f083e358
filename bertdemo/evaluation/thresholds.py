"""What it brings to answer only when confident: coverage and accuracy for any threshold, on the test part."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import neg

import numpy as np
import numpy.typing as npt

from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.report import Interval


@dataclass(frozen=True)
class AtThreshold:
    """Of ``n`` texts, ``answered`` have a confidence of at least ``threshold``; ``right`` of these are right.

    ``coverage`` is answered / n, ``accuracy`` right / answered; the latter is None where nothing is answered.
    """

    threshold: float
    n: int
    answered: int
    right: int
    coverage: float
    coverage_interval: Interval
    accuracy: float | None
    accuracy_interval: Interval | None


@dataclass(frozen=True)
class Coverage:
    """Test texts from the most to the least confident: their confidence, and how many are right up to each."""

    confidence: tuple[float, ...]
    right: tuple[int, ...]

    def at(self, threshold: float) -> AtThreshold:
        """Return what answering only at this confidence or above gives; intervals are Wilson's."""
        n = len(self.confidence)
        answered = bisect_right(self.confidence, -threshold, key=neg)
        right = self.right[answered - 1] if answered else 0
        return AtThreshold(
            threshold=threshold,
            n=n,
            answered=answered,
            right=right,
            coverage=answered / n,
            coverage_interval=wilson(answered, n),
            accuracy=right / answered if answered else None,
            accuracy_interval=wilson(right, answered) if answered else None,
        )


def coverage(probabilities: npt.ArrayLike, truth: npt.ArrayLike) -> Coverage:
    """Return coverage of a classifier on texts of known labels.

    Args:
        probabilities: shape (texts, labels).
        truth: indices of the true labels, shape (texts,).

    Raises:
        ValueError: no texts, or not one row of probabilities a label.
    """
    shares, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if shares.ndim != 2 or labels.shape != shares.shape[:1] or not shares.size:
        raise ValueError(f"need a row of probabilities for each of at least one text: {shares.shape}, {labels.shape}")
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    order = np.argsort(-confidence, kind="stable")
    return Coverage(tuple(confidence[order].tolist()), tuple(np.cumsum(right[order]).tolist()))
