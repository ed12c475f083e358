"""Whether a probability means what it says: temperature, reliability, calibration error, Brier score, log loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bertdemo.evaluation.answers import Floats, Labels
from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.report import Interval
from bertdemo.evaluation.resampling import absolute_sum_interval, mean_interval, resampled_means
from bertdemo.prediction.probabilities import softmax

BINS = 15
_LOWEST, _HIGHEST = 0.05, 20.0  # temperatures; outside of them the validation part says nothing useful
_ADDED = 2  # hits, and mistakes, that smooth the bootstrap, as in the interval of macro-F1
_TINY = float(np.finfo(np.float64).tiny)  # a probability that was rounded to 0 costs 708 nats, not infinity


@dataclass(frozen=True)
class Bin:
    """Texts whose confidence is above ``low`` and at most ``high``; the means are over these texts."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float
    accuracy_interval: Interval


@dataclass(frozen=True)
class Calibration:
    """How far confidence and accuracy are apart. ``bins`` holds those with texts only.

    ``ece`` is 0 where confidence equals accuracy in each bin; a perfectly calibrated classifier of the same confidences
    would still show about ``ece_by_chance`` on as few texts. ``brier`` is 0 (certain and right) to 2 (certain and
    wrong); ``nll`` in nats. ``estimator`` names how ``ece`` was obtained.
    """

    n: int
    bins: tuple[Bin, ...]
    accuracy: float
    confidence: float
    ece: float
    ece_interval: Interval
    ece_by_chance: float
    brier: float
    brier_interval: Interval
    nll: float
    nll_interval: Interval
    estimator: str


def fit_temperature(logits: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Return the temperature that fits the validation part (Guo et al.

    2017), or 1.0 where it would not lower its log loss.

    The log loss is convex in 1 / temperature. As Platt (1999) does, a little of each target, 1 / (texts + 2), is spread
    over all labels: without it a classifier that makes no mistake in validation would be told to be certain for ever.

    Args:
        logits: shape (texts, labels).
        truth: indices of the true labels, shape (texts,).

    Raises:
        ValueError: no texts, or not one row of finite logits a label.
    """
    from scipy.optimize import brentq

    numbers, labels = _checked(logits, truth)
    if numbers.shape[1] == 1:
        return 1.0
    spread = 1 / (len(labels) + 2)
    wanted = (1 - spread) * numbers[np.arange(len(labels)), labels] + spread * numbers.mean(axis=1)

    def slope(inverse: float) -> float:
        """Return the slope of the log loss along 1 / temperature: expected logit less the wanted one."""
        return float(((softmax(inverse * numbers) * numbers).sum(axis=1) - wanted).mean())

    coldest, hottest = 1 / _LOWEST, 1 / _HIGHEST
    if slope(hottest) >= 0:
        inverse = hottest
    else:
        inverse = coldest if slope(coldest) <= 0 else float(brentq(slope, hottest, coldest, xtol=1e-9))
    lowers = log_loss(softmax(inverse * numbers), labels) < log_loss(softmax(numbers), labels)
    return 1 / inverse if lowers else 1.0


def log_loss(probabilities: Floats, truth: Labels) -> float:
    """Return mean negative log probability (nats) of the true labels; probabilities have the shape (texts, labels)."""
    return float(_losses(probabilities, truth)[:, 1].mean())


def calibration(probabilities: npt.ArrayLike, truth: npt.ArrayLike, bins: int = BINS) -> Calibration:
    """Return reliability of the confidence, which is the probability of the predicted label.

    ECE is the plug-in estimator over bins of equal width (Naeini et al. 2015; Guo et al. 2017); Brier is the sum of
    squared differences over all labels (Brier 1950). Intervals are of the bootstrap over texts.

    Args:
        probabilities: shape (texts, labels), rows sum to 1.
        truth: indices of the true labels, shape (texts,).
        bins: of equal width between 0 and 1.

    Raises:
        ValueError: no texts, or not one row of finite probabilities a label.
    """
    shares, labels = _checked(probabilities, truth)
    n = len(labels)
    confidence, right = shares.max(axis=1), (shares.argmax(axis=1) == labels).astype(np.float64)
    place = np.searchsorted(np.arange(1, bins) / bins, confidence)
    within = np.eye(bins)[place]
    ece, losses = float(np.abs((right - confidence) @ within).sum() / n), _losses(shares, labels)
    brier, nll = losses.mean(axis=0).tolist()
    drawn = resampled_means(np.vstack([losses, *[_typical(shares)] * _ADDED]), n)
    return Calibration(
        n=n,
        bins=tuple(_bin(i, bins, confidence[place == i], right[place == i]) for i in np.unique(place).tolist()),
        accuracy=float(right.mean()),
        confidence=float(confidence.mean()),
        ece=ece,
        ece_interval=_ece_interval(confidence, right, within),
        ece_by_chance=_by_chance(confidence, place),
        brier=brier,
        brier_interval=mean_interval(brier, drawn[:, 0], highest=2.0),
        nll=nll,
        nll_interval=mean_interval(nll, drawn[:, 1], highest=np.inf),
        estimator=f"expected calibration error of the predicted label, {bins} bins of equal width, plug-in estimate",
    )


def _ece_interval(confidence: Floats, right: Floats, within: Floats) -> Interval:
    """Return 1 in the bin of a text and 0 elsewhere: (texts, bins).

    As many typical hits as mistakes smooth it: the hits are spread over the bins as the texts are, the mistakes as
    the doubt is.
    """
    n, mean, doubt = len(right), float(confidence.mean()), 1 - confidence + _TINY
    gaps = (right - confidence)[:, None] * within
    typical = [doubt / n @ within, -(confidence * doubt / doubt.sum()) @ within]
    hits = wilson(int(right.sum()), n)
    return absolute_sum_interval(
        gaps.mean(axis=0),
        resampled_means(np.vstack([gaps, *typical * _ADDED]), n),
        Interval(hits.low - mean, hits.high - mean, f"{hits.method} of the accuracy"),
    )


def _bin(place: int, bins: int, confidence: Floats, right: Floats) -> Bin:
    n, hits = len(right), int(right.sum())
    mean = float(confidence.mean())
    return Bin(place / bins, (place + 1) / bins, n, mean, hits / n, wilson(hits, n))


def _by_chance(confidence: Floats, place: Labels) -> float:
    """Return expected plug-in ECE where each answer is right with its confidence as the probability.

    The gap of a bin is then nearly normal around 0, and its absolute value has the mean σ √(2 / π).
    """
    variances = np.bincount(place, weights=confidence * (1 - confidence))
    return float(np.sqrt(2 / np.pi * variances.clip(0)).sum() / len(confidence))


def _losses(probabilities: Floats, truth: Labels) -> Floats:
    """Return Brier score, (1 − p of the truth)² + the squares of the others, and log loss of each text: (texts, 2)."""
    of_truth = probabilities[np.arange(len(truth)), truth]
    squares = (probabilities**2).sum(axis=1) - 2 * of_truth + 1
    return np.column_stack([squares.clip(0), -np.log(np.maximum(of_truth, _TINY))])


def _typical(probabilities: Floats) -> Floats:
    """What a hit costs and what a mistake, shape (2, 2), if the runner-up is right as often as the doubt tells."""
    best = np.argsort(-probabilities, axis=1)[:, :2]
    doubt = 1 - probabilities.max(axis=1) + _TINY
    mistake = np.average(_losses(probabilities, best[:, -1]), axis=0, weights=doubt)
    return np.stack([_losses(probabilities, best[:, 0]).mean(axis=0), mistake])


def _checked(numbers: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Floats, Labels]:
    rows, labels = np.asarray(numbers, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if rows.ndim != 2 or labels.shape != rows.shape[:1] or not rows.size or not np.isfinite(rows).all():
        raise ValueError(f"need a row of finite numbers for each of at least one text: {rows.shape}, {labels.shape}")
    if labels.min() < 0 or labels.max() >= rows.shape[1]:
        raise ValueError(f"labels must be in range({rows.shape[1]})")
    return rows, labels
