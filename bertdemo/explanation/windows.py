"""Texts that are longer than the model reads: overlapping parts, and their scores merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.cancelling import Cancelled, never
from bertdemo.explanation.reading import Reading
from bertdemo.models.classifier import Classifier

RULE = (
    "The text is longer than the model reads. It is read in overlapping parts, each with an answer of its own; the "
    "score of a word is the mean over the parts that hold it."
)


@dataclass(frozen=True)
class Window:
    """A part of the text that the model reads at once.

    ``reading`` is of this part alone; its characters count from ``start`` of the whole text (the other text of a pair
    is whole in every window). ``rows`` (words of the reading,) are indices into the words of the whole.
    """

    reading: Reading
    start: int
    end: int
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class Windows:
    """``whole`` has all words of the text, and more tokens than the model reads where there are several ``parts``.

    ``part`` is 0 where the text is divided, 1 where its pair is; ``overlap`` is in tokens.
    """

    whole: Reading
    part: int
    parts: tuple[Window, ...]
    overlap: int

    def merge(self, scores: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Word scores of the whole (words,) from those of each window: means over the windows that hold a word."""
        raise NotImplementedError


def windows(classifier: Classifier, text: str, pair: str | None = None, *, overlap: float = 0.25) -> Windows:
    """Divide a text between words into as few parts as the overlap allows; one that fits is one part.

    Args:
        overlap: share of a window that the next one reads again, from 0 to 0.75.

    Raises:
        PredictionError: see ``read``.
        ExplanationError: an overlap out of range, or both texts of a pair are too long.
    """
    raise NotImplementedError


def logits_of_windows(classifier: Classifier, found: Windows, cancelled: Cancelled = never) -> NDArray[np.float32]:
    """What the classifier says of each part by itself: (windows, labels).

    Raises:
        CancelledError: ``cancelled()`` became true.
    """
    raise NotImplementedError
