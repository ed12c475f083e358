"""Do the words that an explanation names matter to the classifier? Curves and figures of erasing them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import Precision, ShouldStop, never, precision_of, rounds
from bertdemo.explanation.masking import check_scores, explained, logits_without
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import softmax

_Order = NDArray[np.intp]  # (words,), a permutation

ORDERS, FEWEST_ORDERS = 30, 20
FEWEST_WORDS = 5  # of fewer, one of the random orders is often that of the scores
POINTS = 20  # steps of a curve at most, besides those of BINS
BINS = (0.01, 0.05, 0.10, 0.20, 0.50)  # of the words, as in DeYoung et al. (2020), section 4

DELETION = (
    "Words are masked one after the other, the highest score first: if the scores are right, the output falls faster "
    "than when words are masked in a random order."
)
INSERTION = (
    "From a text of nothing but masks, words come back, the highest score first: if the scores are right, the output "
    "rises faster than with words in a random order."
)
LIMIT_OF_CURVES = (
    "A text with many masks is like none that the classifier has learned from, so the middle of the curves says less "
    "than their ends. Scores without a sign rank words that speak against the label beside those that speak for it."
)
COMPREHENSIVENESS = (
    "How much probability the label loses without the words of the highest scores: high means that the classifier "
    "needed them."
)
SUFFICIENCY = (
    "How much probability the label loses when only the words of the highest scores are left: near 0 means that they "
    "are enough."
)
LIMIT_OF_ERASER = (
    "Mean over the best 1, 5, 10, 20 and 50\u00a0% of the words, at least one each (DeYoung et al., 2020). Where the "
    "classifier is certain, one word less changes no probability: that is a low figure and not a bad explanation."
)


@dataclass(frozen=True)
class Curve:
    """The explained output while words are erased or put back, in the order of the scores and in random orders.

    Args:
        shares: (points,) of the words, from 0 to 1: erased (deletion) or present (insertion).
        ours: (points,) logit or margin in the order of the scores.
        middle: (points,) median of the random orders.
        low: (points,) lower edge of their band. One more random order stays inside the band at any one point, and its
            area among theirs, with the probability ``Curves.coverage``.
        high: (points,) upper edge.
        area: mean of ``ours`` over the shares (trapezoids).
        random_areas: (orders,) the same of each random order.
        area_low: lower edge of the band of areas.
        area_high: upper edge.
        falls: whether a lower area is better: true of deletion.
    """

    shares: NDArray[np.float64]
    ours: NDArray[np.float64]
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    area: float
    random_areas: NDArray[np.float64]
    area_low: float
    area_high: float
    falls: bool

    @property
    def inside(self) -> bool:
        """Whether the order of the scores cannot be told from a random one by its area."""
        return self.area_low <= self.area <= self.area_high

    @property
    def beats_chance(self) -> bool:
        """Whether the area is better than the band of random orders."""
        return self.area < self.area_low if self.falls else self.area > self.area_high

    @property
    def better_than(self) -> int:
        """How many of the random orders have a worse area."""
        worse = self.random_areas > self.area if self.falls else self.random_areas < self.area
        return int(worse.sum())


@dataclass(frozen=True)
class Erasure:
    """ERASER's figure for the scores and for random orders: probability lost, mean over ``BINS``."""

    ours: float
    random: float
    by_bin: tuple[float, ...]


@dataclass(frozen=True)
class Faithfulness:
    """What erasing ``words`` words tells of an explanation of ``target`` (over ``against``).

    ``precision`` is the number format in which texts without some of their words were read; the ends of the curves are
    in fp32.
    """

    words: int
    deletion: Curve
    insertion: Curve
    comprehensiveness: Erasure
    sufficiency: Erasure
    orders: int
    coverage: float
    calls: int
    precision: Precision

    @property
    def verdict(self) -> str:
        """What the two curves say, in a sentence."""
        if self.words < FEWEST_WORDS:
            return f"The text has too few words to tell: {FEWEST_WORDS} are needed, {self.words} are there."
        names = {True: "masking words by their scores", False: "putting words back by their scores"}
        better = [names[curve.falls] for curve in (self.deletion, self.insertion) if curve.beats_chance]
        bar = f"{self.orders} random orders"
        if len(better) == 2:
            return f"The scores hold: {better[0]} and {better[1]} both move the output faster than {bar}."
        if better:
            return f"The scores hold in part: {better[0]} moves the output faster than {bar}, the other way not surely."
        return f"The scores do not hold: neither way moves the output faster than the band of {bar}."


def faithfulness(
    classifier: Classifier,
    tokenized: TokenizedText,
    word_scores: NDArray[np.float64],
    target: int,
    against: int | None = None,
    *,
    orders: int = ORDERS,
    seed: int = 0,
    should_stop: ShouldStop = never,
) -> Faithfulness:
    """Return deletion and insertion curves, comprehensiveness and sufficiency of word scores: one set of predictions.

    A random order read backwards is a random order, too: masking its words one by one passes through the texts that
    putting them back in the reverse order does. So each of them serves both curves.

    Args:
        classifier: whose output is followed.
        tokenized: of the text.
        word_scores: (words,), high where a word speaks for the target (or, unsigned, where it matters).
        target: a label, as an index; ``against`` another one if a margin is explained.
        against: see ``target``.
        orders: random orders to compare with, 20 or more.
        seed: of the random orders.
        should_stop: looked at between two batches.

    Raises:
        ExplanationError: fewer than two words, fewer than 20 orders, or scores that are not one a word.
        CancelledError: ``should_stop()`` became true.
    """
    _check(tokenized, word_scores, orders)
    words, rng = len(tokenized.words), np.random.default_rng(seed)
    best_first = np.argsort(-word_scores, kind="stable")
    # Masking the worst first, read backwards, is putting the best back first.
    rankings = [best_first, best_first[::-1], *(rng.permutation(words) for _ in range(orders))]
    counts = _counts(words)
    erased = np.concatenate([_prefixes(ranking, counts) for ranking in rankings])
    logits, precision = _logits(classifier, tokenized, erased, should_stop)
    shape = len(rankings), len(counts)
    outputs = explained(logits, target, against).reshape(shape)
    lost = softmax(logits, classifier.temperature)[:, target].reshape(shape)
    lost = lost[:1, :1] - lost
    return Faithfulness(
        words=words, precision=precision,
        deletion=_curve(counts / words, outputs[0], outputs[2:], falls=True),
        insertion=_curve(counts / words, outputs[1, ::-1], outputs[2:, ::-1], falls=False),
        comprehensiveness=_erasure(counts, _bin_sizes(words), lost[0], lost[2:]),
        sufficiency=_erasure(counts, [words - size for size in _bin_sizes(words)], lost[1], lost[2:]),
        orders=orders, coverage=(orders + 1 - 2 * _edge(orders)) / (orders + 1), calls=len(np.unique(erased, axis=0)),
    )  # fmt: skip


def _check(tokenized: TokenizedText, word_scores: NDArray[np.float64], orders: int) -> None:
    check_scores(tokenized, word_scores)
    if orders < FEWEST_ORDERS:
        raise ExplanationError(f"A band of {orders} random orders says little: choose {FEWEST_ORDERS} or more.")


def _logits(
    classifier: Classifier, tokenized: TokenizedText, erased: NDArray[np.bool_], should_stop: ShouldStop
) -> tuple[NDArray[np.float32], Precision]:
    """Return logits (n, labels) of texts without these words (n, words), in bf16 where that is faster.

    Those of the whole text and of nothing but masks, between which the curves lie, are always as they are predicted.
    """
    if not rounds(classifier):
        return logits_without(classifier, tokenized, erased, should_stop), precision_of(classifier)
    logits = logits_without(classifier.in_bf16, tokenized, erased, should_stop)
    ends = ~erased.any(axis=1) | erased.all(axis=1)
    logits[ends] = logits_without(classifier, tokenized, erased[ends], should_stop)
    return logits, precision_of(classifier.in_bf16)


def _bin_sizes(words: int) -> list[int]:
    """Return how many words the bins of ERASER are."""
    return [max(1, math.ceil(share * words)) for share in BINS]


def _counts(words: int) -> NDArray[np.intp]:
    """Return numbers of erased words at which the output is computed.

    With every number, the same counted from the end.
    """
    steps = np.linspace(0, words, min(words, POINTS) + 1).round().astype(np.intp)
    some = np.concatenate([steps, np.array(_bin_sizes(words), dtype=np.intp)])
    return np.unique(np.concatenate([some, words - some]))


def _prefixes(ranking: _Order, counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return the first words of a ranking, as many as each of ``counts`` says: (counts, words)."""
    rank = np.empty_like(ranking)
    rank[ranking] = np.arange(len(ranking))
    return rank[None] < counts[:, None]


def _edge(orders: int) -> int:
    """Return which of the sorted random values is the lower edge of the band, counted from 1.

    One more value of the same kind lies between the k-th lowest and the k-th highest of n with the probability
    (n + 1 − 2k) / (n + 1), whatever its distribution: k is the largest for which that is 90 % or more. (The 5th and
    95th percentiles of 20 values would hold it in 81 % only.)
    """
    return max(1, (orders + 1) // 20)


def _curve(shares: NDArray[np.float64], ours: NDArray[np.float64], random: NDArray[np.float64], falls: bool) -> Curve:
    edge, ordered = _edge(len(random)), np.sort(random, axis=0)
    areas = np.asarray(np.trapezoid(random, shares, axis=1))
    low, high = np.sort(areas)[[edge - 1, -edge]].tolist()
    return Curve(
        shares=shares, ours=ours, middle=np.median(random, axis=0), low=ordered[edge - 1], high=ordered[-edge],
        area=float(np.trapezoid(ours, shares)), random_areas=areas, area_low=low, area_high=high, falls=falls,
    )  # fmt: skip


def _erasure(
    counts: NDArray[np.intp], sizes: list[int], ours: NDArray[np.float64], random: NDArray[np.float64]
) -> Erasure:
    at = np.searchsorted(counts, sizes)
    return Erasure(float(ours[at].mean()), float(random[:, at].mean()), tuple(ours[at].tolist()))
