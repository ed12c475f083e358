"""Whether a probability means what it says: temperature, reliability, calibration error, Brier score, log loss.

And what it brings to answer only when confident. Intervals come from the bootstrap (Efron 1979) over the tested texts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from operator import neg

import numpy as np
import numpy.typing as npt

from bertdemo.evaluation.metrics import Floats, Labels, wilson
from bertdemo.evaluation.report import Interval
from bertdemo.prediction.predict import softmax

BINS = 15
_LOWEST, _HIGHEST = 0.05, 20.0  # temperatures; outside of them the validation part says nothing useful
_ADDED = 2  # hits, and mistakes, that smooth the bootstrap, as in the interval of macro-F1
_TINY = float(np.finfo(np.float64).tiny)  # a probability that was rounded to 0 costs 708 nats, not infinity
RESAMPLES = 1000
_BOOTSTRAP = f"bootstrap over the tested texts, {RESAMPLES:,} resamples"
_SEED = 0  # the same answers give the same interval
_HALVINGS = 20
_MOST_TIMES = 1024.0  # the true gaps are hardly so much larger than those seen


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
    """Return the cost of a hit and of a mistake, (2, 2), if the runner-up is right as often as the doubt tells."""
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


@dataclass(frozen=True)
class AtThreshold:
    """Of ``n`` texts, ``answered`` have a confidence of at least ``threshold``; ``right`` of these are right.

    ``coverage`` is answered / n, ``accuracy`` right / answered; the latter is None where nothing is answered.
    """

    threshold: float
    n: int
    answered: int
    right: int
    coverage: float
    coverage_interval: Interval
    accuracy: float | None
    accuracy_interval: Interval | None


@dataclass(frozen=True)
class Coverage:
    """Test texts from the most to the least confident: their confidence, and how many are right up to each."""

    confidence: tuple[float, ...]
    right: tuple[int, ...]

    def at(self, threshold: float) -> AtThreshold:
        """Return what answering only at this confidence or above gives; intervals are Wilson's."""
        n = len(self.confidence)
        answered = bisect_right(self.confidence, -threshold, key=neg)
        right = self.right[answered - 1] if answered else 0
        return AtThreshold(
            threshold=threshold,
            n=n,
            answered=answered,
            right=right,
            coverage=answered / n,
            coverage_interval=wilson(answered, n),
            accuracy=right / answered if answered else None,
            accuracy_interval=wilson(right, answered) if answered else None,
        )


def coverage(probabilities: npt.ArrayLike, truth: npt.ArrayLike) -> Coverage:
    """Return coverage of a classifier on texts of known labels.

    Args:
        probabilities: shape (texts, labels).
        truth: indices of the true labels, shape (texts,).

    Raises:
        ValueError: no texts, or not one row of probabilities a label.
    """
    shares, labels = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if shares.ndim != 2 or labels.shape != shares.shape[:1] or not shares.size:
        raise ValueError(f"need a row of probabilities for each of at least one text: {shares.shape}, {labels.shape}")
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    order = np.argsort(-confidence, kind="stable")
    return Coverage(tuple(confidence[order].tolist()), tuple(np.cumsum(right[order]).tolist()))


def resampled_means(columns: Floats, n: int) -> Floats:
    """Return means of each column over ``n`` rows drawn with replacement: (rows, columns) → (resamples, columns)."""
    generator = np.random.default_rng(_SEED)
    means: Floats = np.empty((RESAMPLES, columns.shape[1]))
    for row in means:
        row[:] = np.bincount(generator.integers(0, len(columns), size=n), minlength=len(columns)) @ columns / n
    return means


def mean_interval(value: float, resampled: Floats, highest: float) -> Interval:
    """Return the middle 95 % of the resampled means, shape (resamples,), moved to where their mean is ``value``.

    It lies within 0 and ``highest``. What was resampled holds two typical hits and two typical mistakes beside the
    texts, whose bias the move undoes: without them, a test with a handful of mistakes would claim too much.

    Simulated coverage for the Brier score, 3 labels, accuracy .81 to .98, 60 to 1,500 texts: 88 to 100 %; for the log
    loss 83 to 100 % (without the typical ones, for 60 texts with three mistakes or fewer, 71 to 90 % of both).
    """
    low, high = value - resampled.mean() + np.percentile(resampled, [2.5, 97.5])
    method = f"{_BOOTSTRAP}, smoothed by two typical hits and mistakes"
    return Interval(min(value, max(0.0, float(low))), max(value, min(highest, float(high))), method)


def absolute_sum_interval(means: Floats, resampled: Floats, sums: Interval) -> Interval:
    """Return interval of the sum of the absolute true means, (columns,), given the means seen and resampled ones.

    The sum seen is too large where the true means are small, because noise has no sign there, and the middle 95 % of
    resampled sums would miss a true sum of 0 nearly always. So a test is inverted: the means seen are multiplied by a
    factor, noise as in the resamples is added, and the factors stay that put the sum seen among the middle 95 %.
    The sum is one of shares, at most 1.

    ``sums`` is an interval of the sum of the true means with their signs. A sum of absolutes is no smaller, so the
    interval reaches at least as far: twenty answers that are all right and sure show no gap, and do not exclude one.

    Simulated coverage for the calibration error, 20 to 1,500 texts, calibrated or not, accuracy .82 to .999: 96 to
    100 % for a classifier that is always 99.8 % sure (1 to 98 % without the typical ones and ``sums``), 87 to 100 %
    where certainty is mixed (57 to 100 %).
    """
    seen, noise = float(np.abs(means).sum()), resampled - resampled.mean(axis=0)

    def quantile(share: float, factor: float) -> float:
        return float(np.quantile(np.abs(factor * means + noise).sum(axis=1), share))

    low = _turn(lambda factor: quantile(0.975, factor) >= seen, 0.0, 1.0)
    high = _turn(lambda factor: quantile(0.025, factor) > seen, 1.0, _MOST_TIMES)
    method = f"{_BOOTSTRAP}, smoothed by two typical hits and mistakes, by inverting a test of the size of the gaps"
    reach = max(high * seen, abs(sums.low), abs(sums.high))
    return Interval(low * seen, min(1.0, reach), f"{method}; it reaches at least as far as the {sums.method}")


def _turn(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return where between ``low`` and ``high`` something begins to hold, and holds from there on."""
    if holds(low):
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
