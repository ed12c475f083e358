"""Do the words that an explanation names matter to the classifier? Curves and figures of erasing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.cancelling import Cancelled, never
from bertdemo.explanation.reading import Reading
from bertdemo.models.classifier import Classifier

# A way of explaining: word scores (words,) of what a classifier says of a reading. The classifier is handed over
# because two tests explain a changed copy of it.
Explain = Callable[[Classifier, Reading], NDArray[np.float64]]

ORDERS = 30
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
    "A text with many masks is like none that the classifier has learned from: its answer there says less than at the "
    "ends of the curve."
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
    "Mean over the best 1, 5, 10, 20 and 50 % of the words, at least one each (DeYoung et al., 2020). Where the "
    "classifier is certain, one word less changes no probability: that is a low figure and not a bad explanation."
)
INFIDELITY = (
    "Random words are masked: the share of the change in the output that the scores of these words do not foretell "
    "(Yeh et al., 2019). 0 is perfect; 1 is no better than scores of 0."
)
LIMIT_OF_INFIDELITY = (
    "It asks the scores to add up as if words did not interact; scores are rescaled by the best factor first, so that "
    "methods with other units can be compared."
)
SENSITIVITY = (
    "How much the scores change, relative to their size, when the word vectors are shifted too little to matter: the "
    "largest of ten random shifts (Yeh et al., 2019). Low is steady."
)
LIMIT_OF_SENSITIVITY = "An explanation that never changes is steady and may still be wrong."


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
    """What erasing words tells of an explanation of ``target`` (over ``against``)."""

    deletion: Curve
    insertion: Curve
    comprehensiveness: Erasure
    sufficiency: Erasure
    orders: int
    coverage: float
    calls: int

    @property
    def verdict(self) -> str:
        """What the two curves say, in a sentence."""
        raise NotImplementedError


@dataclass(frozen=True)
class Infidelity:
    """``value`` as Captum has it, in logits², after the best rescaling; ``share`` of the mean squared change."""

    value: float
    share: float
    samples: int


@dataclass(frozen=True)
class Sensitivity:
    """``value``: largest relative change of the scores over ``samples`` shifts of the word vectors.

    ``radius`` is the largest shift of any coordinate, ``moved`` by how much the explained output changed with the
    largest of the shifts: small, or the scores had reason to change.
    """

    value: float
    radius: float
    samples: int


def faithfulness(
    classifier: Classifier,
    reading: Reading,
    word_scores: NDArray[np.float64],
    target: int,
    against: int | None = None,
    *,
    orders: int = ORDERS,
    seed: int = 0,
    cancelled: Cancelled = never,
) -> Faithfulness:
    """Deletion and insertion curves, comprehensiveness and sufficiency of word scores: one set of predictions.

    Args:
        word_scores: (words,), high where a word speaks for the target (or, unsigned, where it matters).
        orders: random orders to compare with, 20 or more.
        seed: of the random orders.
        cancelled: looked at between two batches.

    Raises:
        ExplanationError: fewer than two words, fewer than 20 orders, or scores that are not one a word.
        CancelledError: ``cancelled()`` became true.
    """
    raise NotImplementedError


def infidelity(
    classifier: Classifier,
    reading: Reading,
    word_scores: NDArray[np.float64],
    target: int,
    against: int | None = None,
    *,
    samples: int = 100,
    seed: int = 0,
    cancelled: Cancelled = never,
) -> Infidelity:
    """Captum's ``infidelity`` with words as features: a random half of them is masked at a time.

    Raises:
        ExplanationError: the text has no words, or scores are not one a word.
        CancelledError: ``cancelled()`` became true.
    """
    raise NotImplementedError


def sensitivity(
    classifier: Classifier,
    reading: Reading,
    explain: Explain,
    *,
    samples: int = 10,
    seed: int = 0,
    cancelled: Cancelled = never,
) -> Sensitivity:
    """Captum's ``sensitivity_max``: explanations of a private copy whose word vectors are shifted a little.

    Raises:
        ExplanationError: the text has no words.
        CancelledError: ``cancelled()`` became true.
    """
    raise NotImplementedError
