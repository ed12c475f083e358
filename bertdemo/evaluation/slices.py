"""Where a classifier is better and where worse: by length, by label, and by the columns of the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.answers import Labels, Mask
from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.report import Interval

FEW = 30  # texts; the interval of a smaller slice says little
_LENGTHS = 4  # slices of about equal size
_LONG_WORD = 10  # characters; where words are longer on average, the language is written without spaces


@dataclass(frozen=True)
class Slice:
    """Some of the test texts. ``is_small`` says that there are too few of them (below 30) to conclude anything."""

    name: str
    n: int
    right: int
    accuracy: float
    accuracy_interval: Interval
    is_small: bool


@dataclass(frozen=True)
class Slices:
    """The test part divided by one thing; ``by`` names it, ``is_column`` tells a column of the data."""

    by: str
    slices: tuple[Slice, ...]
    is_column: bool = False


def slice_all(predicted: Labels, part: Dataset) -> tuple[Slices, ...]:
    """By length, by label and by each further column of the data; intervals are Wilson's.

    Args:
        predicted: predicted labels, shape (texts,), in the order of ``part``.
        part: the test part, with its true labels.
    """
    right = predicted == np.asarray(part.labels)
    unit, lengths = _lengths(part)
    by_label = [part.label_names[label] for label in part.labels]
    return (
        Slices(f"length in {unit}", tuple(_by_length(right, lengths))),
        Slices("label", tuple(_by_value(right, by_label, part.label_names))),
        *(
            Slices(name, tuple(_by_value(right, column, _ordered(column))), True)
            for name, column in part.extras.items()
        ),
    )


def _lengths(part: Dataset) -> tuple[str, Labels]:
    """The unit, and the length of each row with its pair: in words, or in characters where words are not spaced."""
    rows = part.texts if part.pairs is None else [f"{a} {b}" for a, b in zip(part.texts, part.pairs, strict=True)]
    words = np.array([len(row.split()) for row in rows])
    characters = np.array([len(row) for row in rows])
    return ("characters", characters) if characters.sum() > _LONG_WORD * words.sum() else ("words", words)


def _by_length(right: Mask, lengths: Labels) -> Iterator[Slice]:
    """Slices of about equal size whose bounds are whole numbers."""
    inner = np.quantile(lengths, np.arange(1, _LENGTHS) / _LENGTHS, method="lower")
    bounds = np.unique([*inner, lengths.max()]).tolist()
    low = int(lengths.min())
    for high in bounds:
        inside = (lengths >= low) & (lengths <= high)
        yield _slice(f"{low:,}" if low == high else f"{low:,} to {high:,}", right[inside])
        low = high + 1


def _by_value(right: Mask, values: Sequence[str], names: Sequence[str]) -> Iterator[Slice]:
    column = np.asarray(values, dtype=object)
    for name in names:
        inside = column == name
        if inside.any():
            yield _slice(name, right[inside])


def _ordered(column: Sequence[str]) -> list[str]:
    """The values of a column, the most frequent first."""
    return [value for value, _ in Counter(column).most_common()]


def _slice(name: str, right: Mask) -> Slice:
    n, hits = len(right), int(right.sum())
    return Slice(name, n, hits, hits / n, wilson(hits, n), n < FEW)
