"""How well the probability of a label puts its texts before all others: ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bertdemo.evaluation.metrics import Floats, Labels, Mask, wilson
from bertdemo.evaluation.report import Interval

POINTS = 200
_Z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
_TINY = 1e-9


@dataclass(frozen=True)
class Curve:
    """Points of a curve, at most 200, from the strictest threshold to the loosest."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class LabelRanking:
    """One label against all others. ``share`` is its share of the texts: the average precision of guessing.

    ``roc`` has the false positive rate as x and the true positive rate as y; ``precision_recall`` has recall as x and
    precision as y.
    """

    label: str
    positives: int
    share: float
    auc: float
    auc_interval: Interval
    average_precision: float
    average_precision_interval: Interval
    roc: Curve
    precision_recall: Curve


@dataclass(frozen=True)
class Ranking:
    """All labels that some test texts have and some have not; the macro figures are their unweighted means."""

    labels: tuple[LabelRanking, ...]
    macro_auc: float
    macro_average_precision: float


def rank(probabilities: Floats, truth: npt.ArrayLike, label_names: Sequence[str]) -> Ranking | None:
    """Return curves and areas of each label; None where all texts have the same label, and none is before another.

    AUC is the chance that a text of the label ranks before another, ties counting half; its interval is the score
    interval of Newcombe (2006, method 5). Average precision is the sum of precision × gain of recall over thresholds;
    its interval is the binomial one of Boyd et al. (2013) in the form of Wilson, whose sample is the label's texts.
    Simulated coverage, 60 to 1,500 texts, AUC .64 to .99, 10 to 90 % with the label: 93 to 100 % of both.

    Args:
        probabilities: shape (texts, labels).
        truth: indices of the true labels, shape (texts,).
        label_names: names of all labels.
    """
    labels: Labels = np.asarray(truth, dtype=np.int64)
    present = [i for i in range(len(label_names)) if 0 < (labels == i).sum() < len(labels)]
    if not present:
        return None
    ranked = tuple(_rank_label(label_names[i], probabilities[:, i], labels == i) for i in present)
    macro_auc = float(np.mean([each.auc for each in ranked]))
    return Ranking(ranked, macro_auc, float(np.mean([each.average_precision for each in ranked])))


def _rank_label(label: str, scores: Floats, is_label: Mask) -> LabelRanking:
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # texts of one score enter together
    hits = np.cumsum(is_label[order])[ends]
    called = ends + 1
    positives, negatives = int(hits[-1]), int(called[-1] - hits[-1])
    recall, precision, false = hits / positives, hits / called, (called - hits) / negatives
    auc = float(np.trapezoid(np.append(0.0, recall), np.append(0.0, false)))
    average_precision = float((np.diff(recall, prepend=0.0) * precision).sum())
    return LabelRanking(
        label=label,
        positives=positives,
        share=positives / (positives + negatives),
        auc=auc,
        auc_interval=auc_interval(auc, positives, negatives),
        average_precision=average_precision,
        average_precision_interval=replace(
            wilson(average_precision * positives, positives),
            method="binomial interval of Boyd et al. (2013), Wilson's form",
        ),
        roc=_thinned(np.append(0.0, false), np.append(0.0, recall)),
        precision_recall=_thinned(recall, precision),
    )


def auc_interval(auc: float, positives: int, negatives: int) -> Interval:
    """Score interval of an AUC (Newcombe 2006, method 5), which does not shrink to nothing at 1.

    It holds all θ that are at most z · se(θ) away from the AUC, where se is that of Hanley and McNeil (1982) with both
    group sizes replaced by their mean in the two terms that depend on them.
    """
    from scipy.optimize import brentq

    middle = (positives + negatives) / 2 - 1

    def excess(theta: float) -> float:
        """Return a number that is negative where θ is within the interval."""
        spread = 1 + middle * (1 - theta) / (2 - theta) + middle * theta / (1 + theta)
        return float((auc - theta) ** 2 - _Z**2 * theta * (1 - theta) * spread / (positives * negatives))

    # The ends 0 and 1 are roots of their own where they are the AUC itself: the other root is looked for.
    low = 0.0 if excess(0.0) <= 0 else float(brentq(excess, 0.0, min(auc, 1 - _TINY)))
    high = 1.0 if excess(1.0) <= 0 else float(brentq(excess, max(auc, _TINY), 1.0))
    return Interval(low, high, "score interval of Newcombe (2006), method 5")


def _thinned(x: Floats, y: Floats) -> Curve:
    """Return the first, the last, and evenly chosen points between.

    Those on a straight line say nothing and go first.
    """
    turns = np.diff(x[:-1]) * np.diff(y[1:]) != np.diff(x[1:]) * np.diff(y[:-1])
    kept = np.flatnonzero(np.concatenate([[True], turns, [True]])) if len(x) > 2 else np.arange(len(x))
    if len(kept) > POINTS:
        kept = kept[np.linspace(0, len(kept) - 1, POINTS).round().astype(np.int64)]
    return Curve(tuple(x[kept].tolist()), tuple(y[kept].tolist()))
