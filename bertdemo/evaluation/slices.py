"""Where a classifier is better and where worse: by length, by label, and by the columns of the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.answers import Floats, Labels, Mask
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
    """Divide by length, by label and by each further column of the data; intervals are Wilson's.

    Args:
        predicted: predicted labels, shape (texts,), in the order of ``part``.
        part: the test part, with its true labels.
    """
    truth = np.asarray(part.labels)
    right = predicted == truth
    unit, lengths = _lengths(part)
    return (
        Slices(f"length in {unit}", tuple(_by_length(right, lengths))),
        slice_by_label(predicted, truth, part.label_names),
        *(
            Slices(name, tuple(_by_value(right, column, _ordered(column))), True)
            for name, column in part.extras.items()
        ),
    )


def slice_by_label(predicted: Labels, truth: Labels, label_names: Sequence[str]) -> Slices:
    """Divide by the true label, which needs no texts; ``predicted`` and ``truth`` have the shape (texts,).

    Intervals are Wilson's.
    """
    return Slices("label", tuple(_by_value(predicted == truth, [label_names[label] for label in truth], label_names)))


@dataclass(frozen=True)
class Lowest:
    """The slice of the lowest accuracy among ``compared`` ones; ``overall`` is the accuracy on all texts.

    ``p_value``: how often chance alone would leave some slice so far behind the other texts.
    """

    slice: Slice
    compared: int
    overall: float
    p_value: float


def lowest(division: Slices) -> Lowest | None:
    """Return the worst of the slices that are large enough to be compared; None where there are not two of these.

    Whoever looks for the worst of many finds one: the p-value is that of Fisher's exact test (one-sided, the slice
    against the other texts) times the number of slices compared (Bonferroni), at most 1.
    """
    large = [each for each in division.slices if not each.is_small]
    if len(large) < 2:
        return None
    worst = min(large, key=lambda each: each.accuracy)
    n, right = (sum(counts) for counts in zip(*((each.n, each.right) for each in division.slices), strict=True))
    p_value = min(1.0, len(large) * _lower_tail(worst.right, worst.n, right, n))
    return Lowest(worst, len(large), right / n, p_value)


def _lower_tail(right: int, n: int, all_right: int, all_n: int) -> float:
    """Return the chance that of ``n`` texts drawn from all without putting back at most ``right`` are right."""
    from scipy.special import gammaln

    def ways(of: Floats, chosen: Floats) -> Floats:
        """Return logarithm of the number of ways to choose."""
        logarithm: Floats = gammaln(of + 1) - gammaln(chosen + 1) - gammaln(of - chosen + 1)
        return logarithm

    hits = np.arange(max(0, n - (all_n - all_right)), right + 1, dtype=np.float64)
    whole, good = np.full(1, float(all_n)), np.full(1, float(all_right))
    logarithms = ways(good, hits) + ways(whole - good, n - hits) - ways(whole, np.full(1, float(n)))
    return float(np.exp(logarithms).sum())


def _lengths(part: Dataset) -> tuple[str, Labels]:
    """Return the unit, and the length of each row with its pair.

    In words, or in characters where words are not spaced.
    """
    rows = part.texts if part.pairs is None else [f"{a} {b}" for a, b in zip(part.texts, part.pairs, strict=True)]
    words = np.array([len(row.split()) for row in rows])
    characters = np.array([len(row) for row in rows])
    return ("characters", characters) if characters.sum() > _LONG_WORD * words.sum() else ("words", words)


def _by_length(right: Mask, lengths: Labels) -> Iterator[Slice]:
    """Yield slices of about equal size whose bounds are whole numbers."""
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
    """Return the values of a column, the most frequent first."""
    return [value for value, _ in Counter(column).most_common()]


def _slice(name: str, right: Mask) -> Slice:
    n, hits = len(right), int(right.sum())
    return Slice(name, n, hits, hits / n, wilson(hits, n), n < FEW)
