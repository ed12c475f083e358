"""The test texts behind the figures: the most confident errors, and those of one cell of the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.answers import Floats, Labels, Mask


@dataclass(frozen=True)
class Example:
    """One test text and what was said about it.

    ``place`` counts from 0 within the test part; ``confidence`` is the probability of ``predicted``.
    """

    place: int
    text: str
    pair: str | None
    truth: str
    predicted: str
    confidence: float
    probability_of_truth: float


def confident_errors(probabilities: Floats, part: Dataset, limit: int) -> tuple[Example, ...]:
    """Return at most ``limit`` wrong answers, the most confident first; there labels are often wrong.

    Args:
        probabilities: shape (texts, labels), in the order of ``part``.
        part: the test part, with its true labels.
        limit: how many at most.
    """
    wrong = probabilities.argmax(axis=1) != np.asarray(part.labels)
    return _examples(probabilities, part, wrong)[:limit]


def behind_cell(probabilities: Floats, part: Dataset, truth: int, predicted: int) -> tuple[Example, ...]:
    """Return all texts of the label ``truth`` that were called ``predicted``, the most confident first.

    Arrays as above.
    """
    labels: Labels = np.asarray(part.labels)
    return _examples(probabilities, part, (labels == truth) & (probabilities.argmax(axis=1) == predicted))


def _examples(probabilities: Floats, part: Dataset, chosen: Mask) -> tuple[Example, ...]:
    places = np.flatnonzero(chosen)
    order = places[np.argsort(-probabilities[places].max(axis=1), kind="stable")]
    return tuple(_example(probabilities[place], part, place) for place in order.tolist())


def _example(shares: Floats, part: Dataset, place: int) -> Example:
    label, called = part.labels[place], int(shares.argmax())
    return Example(
        place=place,
        text=part.texts[place],
        pair=part.pairs[place] if part.pairs else None,
        truth=part.label_names[label],
        predicted=part.label_names[called],
        confidence=float(shares[called]),
        probability_of_truth=float(shares[label]),
    )
