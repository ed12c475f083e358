"""Where a classifier is better and where worse: by length, by label, by columns of the data; and what was not tested.

A text is unlike the test texts where fewer than one in a hundred shares a plain property of it: its script, its length
within a factor of two, or how much of it the model does not know. Only of those like them is it known how often the
classifier is right.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset, in_plain_letters
from bertdemo.evaluation.metrics import Floats, Labels, Mask, wilson
from bertdemo.evaluation.report import Interval

FEW = 30  # texts; the interval of a smaller slice says little
_LENGTHS = 4  # slices of about equal size
_LONG_WORD = 10  # characters; where words are longer on average, the language is written without spaces
RARE = 0.01  # of the test texts
_SOME = 0.1  # of a text's tokens; where less is unknown, the rest tells what the text says


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
            Slices(name, tuple(_by_value(right, column, [value for value, _ in Counter(column).most_common()])), True)
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


def _slice(name: str, right: Mask) -> Slice:
    n, hits = len(right), int(right.sum())
    return Slice(name, n, hits, hits / n, wilson(hits, n), n < FEW)


@dataclass(frozen=True)
class Familiar:
    """The test texts by what can be counted: ``scripts`` (script → texts) and ``lengths`` in characters (texts,)."""

    scripts: Counter[str]
    lengths: NDArray[np.intp]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Familiar:
        """Count the test texts; there is at least one."""
        return cls(Counter(map(main_script, texts)), np.array([len(text) for text in texts]))

    def knows_script(self, text: str) -> bool:
        """Return whether texts in the script of this one were among the tests."""
        return self.scripts[main_script(text)] >= RARE * len(self.lengths)

    def knows_length(self, text: str) -> bool:
        """Return whether texts at least half as long as this one were among the tests."""
        return bool((self.lengths >= len(text) / 2).mean() >= RARE)


def knows_share(unknown_share: float, tested: NDArray[np.floating]) -> bool:
    """Return whether as much was unknown to the model in texts of the tests, whose shares are ``tested`` (texts,)."""
    return bool((tested >= unknown_share).mean() >= RARE)


def is_much(unknown_share: float) -> bool:
    """Return whether so much of a text is unknown to the model that it has to be asked what that was in the tests."""
    return unknown_share >= _SOME


def main_script(text: str) -> str:
    """Return what most letters of a text are written in, by the first word of their Unicode names (LATIN, CJK, THAI).

    Empty where there are no letters. A full-width or mathematical letter is one of its script.
    """
    letters = Counter(character for character in in_plain_letters(text) if character.isalpha())
    scripts = Counter[str]()
    for letter, times in letters.items():
        scripts[unicodedata.name(letter, "").partition(" ")[0]] += times
    return scripts.most_common(1)[0][0] if scripts else ""
