"""Two classifiers on the same test texts: McNemar's test, the difference with its interval, and both in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bertdemo.data.dataset import Dataset
from bertdemo.errors import RunError
from bertdemo.evaluation.report import Interval

_MORE_CAUTIOUS = (
    "The 95 % interval of the difference leaves out 0 all the same: with so few texts in dispute, the test is the more "
    "cautious of the two."
)
_Z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
_SIGNIFICANT = 0.05
LIMIT = (
    "The test speaks of these two trained models on these texts: the same recipe with another seed gives another "
    "model. Of twenty comparisons between equally good models, one looks like a difference."
)


@dataclass(frozen=True)
class Comparison:
    """How often each of two classifiers is right on the same ``n`` texts.

    ``difference`` is accuracy of the first less that of the second; ``p_value`` is that of the exact McNemar test.
    """

    n: int
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    difference: float
    difference_interval: Interval
    p_value: float
    method: str

    @property
    def is_significant(self) -> bool:
        """Whether chance alone would hardly make them differ so much (p below 0.05)."""
        return self.p_value < _SIGNIFICANT


def compare(truth: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Comparison:
    """Return exact McNemar test (McNemar 1947): of the texts on which only one is right, each is as likely to be right.

    The two-sided p-value is twice the smaller binomial tail, at most 1. The interval of the difference is that of
    Agresti and Min (2005): Wald's, after adding half a text to each of the four counts.

    Args:
        truth: true labels, shape (texts,).
        first: labels that the first classifier predicted, same shape.
        second: labels that the second classifier predicted, same shape.

    Raises:
        ValueError: no texts, or not one prediction of each a text.
    """
    from scipy.special import bdtr

    true, ours, theirs = (np.asarray(each, dtype=np.int64) for each in (truth, first, second))
    if not true.shape == ours.shape == theirs.shape or true.ndim != 1 or not true.size:
        raise ValueError(f"need two predictions for each of at least one text: {true.shape}, {ours.shape}")
    a, b = ours == true, theirs == true
    only_first, only_second = int((a & ~b).sum()), int((~a & b).sum())
    tail = float(bdtr(min(only_first, only_second), only_first + only_second, 0.5))
    return Comparison(
        n=len(true),
        both_right=int((a & b).sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int((~a & ~b).sum()),
        difference=(only_first - only_second) / len(true),
        difference_interval=_interval(only_first, only_second, len(true)),
        p_value=min(1.0, 2 * tail),
        method="exact McNemar test (binomial, two-sided)",
    )


def difference_words(comparison: Comparison) -> str:
    """Return the difference in percentage points and its interval, with the decimals that tell its ends from 0."""
    interval = comparison.difference_interval
    ends = [100 * end for end in (interval.low, interval.high)]
    decimals = 1 if all(round(end, 1) for end in ends) else 2
    low, high = (f"{end:+.{decimals}f}" for end in ends)
    return f"{100 * comparison.difference:+.{decimals}f} points, 95 % interval {low} to {high} ({interval.method})"


def sentence(comparison: Comparison, first: str, second: str) -> str:
    """Return what the comparison says, in sentences for people; ``first`` and ``second`` are the names to use.

    One more follows where test and interval, which are made in different ways, seem to contradict each other.
    """
    texts, one, other = (f"{number:,}" for number in (comparison.n, comparison.only_first, comparison.only_second))
    if comparison.only_first == comparison.only_second == 0:
        return (
            f"On the same {texts} test texts {first} and {second} are right and wrong on the same ones, so this test "
            "shows no difference."
        )
    counts = f"On the same {texts} test texts, {first} alone is right on {one} and {second} alone on {other}."
    if comparison.only_first == comparison.only_second:
        return f"{counts} These are as many, so this test shows no difference."
    chance = f"Two equally good classifiers would differ by this much or more {_in_tests(comparison.p_value)}"
    if comparison.is_significant:
        better = first if comparison.difference > 0 else second
        return f"{counts} {chance}, so {better} is better and luck hardly explains it."
    interval = comparison.difference_interval
    caution = "" if interval.low <= 0 <= interval.high else f" {_MORE_CAUTIOUS}"
    return f"{counts} {chance}, so luck may explain the difference.{caution}"


def aligned(first: Dataset, second: Dataset) -> npt.NDArray[np.int64]:
    """Return for each test text of ``first`` its place in ``second``: shape (texts,).

    Raises:
        RunError: the two are not the same texts under the same labels, so that a comparison would mean nothing.
    """
    ours, theirs = _rows(first), _rows(second)
    places = np.empty(len(ours), dtype=np.int64)
    order, other = (sorted(range(len(rows)), key=rows.__getitem__) for rows in (ours, theirs))
    if first.label_names == second.label_names and [ours[i] for i in order] == [theirs[i] for i in other]:
        places[order] = other
        return places
    raise RunError("These runs were tested on different texts: compare runs of the same data with the same split seed.")


def _rows(part: Dataset) -> list[tuple[str, str, int]]:
    return list(zip(part.texts, part.pairs or part.texts, part.labels, strict=True))


def _interval(only_first: int, only_second: int, n: int) -> Interval:
    total = n + 2
    p, q = (only_first + 0.5) / total, (only_second + 0.5) / total
    half = _Z * float(np.sqrt((p + q - (p - q) ** 2) / total))
    return Interval(max(-1.0, p - q - half), min(1.0, p - q + half), "Agresti-Min interval of a paired difference")


def _in_tests(p_value: float) -> str:
    return f"in {100 * p_value:.1f} % of such tests" if p_value >= 0.001 else "in fewer than 0.1 % of such tests"
