"""What a classifier answered, and accuracy, precision, recall and F1 from its confusion matrix, with 95 % intervals.

All of these are functions of the confusion matrix. A score whose denominator is zero is 0, and macro averages
run over the labels that occur among the true or the predicted labels: both as in scikit-learn's defaults,
against which the tests compare. No more than NumPy is needed: the training loop calls this during validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bertdemo.evaluation.report import ClassScores, Interval, Scores
from bertdemo.prediction.predict import softmax

RESAMPLES = 1000
_Z = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
_ADDED = 2  # hits, and mistakes, that smooth the bootstrap
_SEED = 0  # the same predictions give the same interval
_CELLS_AT_ONCE = 2_000_000  # bounds the memory of the bootstrap to some 16 MB an array

Counts = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Numbers = Counts | Floats


@dataclass(frozen=True, eq=False)
class Answered:
    """One part of a split, in the order of ``split.part(...)``.

    ``truth`` indexes the label names, shape (texts,); ``logits`` has the shape (texts, labels).
    """

    truth: Labels
    logits: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def predicted(self) -> Labels:
        """The most probable label of each text, whatever the temperature."""
        labels: Labels = self.logits.argmax(axis=1)
        return labels

    def probabilities(self, temperature: float = 1.0) -> Floats:
        """Return softmax of logits / temperature: shape (texts, labels), rows sum to 1."""
        return softmax(self.logits, temperature)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a run; ``baseline`` holds the labels that the baseline gave the test texts, shape (texts,)."""

    validation: Answered
    test: Answered
    baseline: Labels


def accuracy(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Return share of texts whose predicted label is the true one.

    Raises:
        ValueError: no texts, or not one prediction a text.
    """
    true, called = _checked(labels, predicted)
    return float(np.mean(true == called))


def macro_f1(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Return unweighted mean of the F1 of each label that occurs in ``labels`` or ``predicted``.

    Raises:
        ValueError: no texts, or not one prediction a text.
    """
    true, called = _checked(labels, predicted)
    n_labels = int(max(true.max(), called.max())) + 1
    hits = np.bincount(true[true == called], minlength=n_labels)
    sizes = np.bincount(true, minlength=n_labels) + np.bincount(called, minlength=n_labels)
    return float(_mean_f1(hits, sizes))


def score(
    labels: npt.ArrayLike, predicted: npt.ArrayLike, label_names: Sequence[str], *, intervals: bool = True
) -> Scores:
    """Return all scores of one part of a split.

    Args:
        labels: true labels, indices into ``label_names``, shape (texts,).
        predicted: predicted labels, same shape.
        label_names: names of all labels; each gets a ``ClassScores``, also one that never occurs.
        intervals: whether to compute the 95 % intervals; without, they are 0 to 1 and say so.

    Raises:
        ValueError: no texts, not one prediction a text, or a label without a name.
    """
    confusion = confusion_matrix(labels, predicted, len(label_names))
    hits, support, called = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = _ratio(hits, called), _ratio(hits, support)
    f1 = _ratio(2 * hits, support + called)
    occurs = support + called > 0
    n = int(confusion.sum())
    return Scores(
        n=n,
        accuracy=float(hits.sum() / n),
        accuracy_interval=wilson(int(hits.sum()), n) if intervals else _NOT_COMPUTED,
        macro_precision=float(precision[occurs].mean()),
        macro_recall=float(recall[occurs].mean()),
        macro_f1=float(f1[occurs].mean()),
        macro_f1_interval=bootstrap_macro_f1(confusion) if intervals else _NOT_COMPUTED,
        classes=tuple(map(ClassScores, label_names, *(each.tolist() for each in (precision, recall, f1, support)))),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def confusion_matrix(labels: npt.ArrayLike, predicted: npt.ArrayLike, n_labels: int) -> Counts:
    """Return counts of texts of label i that were called label j, shape (labels, labels).

    Raises:
        ValueError: no texts, not one prediction a text, or a label outside of ``range(n_labels)``.
    """
    true, called = _checked(labels, predicted)
    if max(true.max(), called.max()) >= n_labels:
        raise ValueError(f"labels must be below {n_labels}")
    return np.bincount(true * n_labels + called, minlength=n_labels**2).reshape(n_labels, n_labels)


def wilson(successes: float, n: int) -> Interval:
    """Score interval of a proportion (Wilson 1927): unlike p ± 2 SE, it holds its level near 0 and 1."""
    p = successes / n
    centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * np.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    low, high = max(0.0, float(centre - half)), min(1.0, float(centre + half))
    # Rounding may leave the ends a hair inside of 0 and 1, where they belong when all or none succeed.
    return Interval(0.0 if successes == 0 else low, 1.0 if successes == n else high, "Wilson score interval")


def bootstrap_macro_f1(confusion: Counts) -> Interval:
    """Return percentile bootstrap (Efron 1979) of macro-F1 over the tested texts, made to hold its level.

    Drawing n texts with replacement is one multinomial draw of n over the cells of the confusion matrix, so
    a resample costs the occupied cells, not the texts. The plain bootstrap fails in two ways, both common:

    - With few mistakes it is too narrow, and with none it claims certainty. As Agresti and Coull (1998) do
      for a proportion, two hits and two mistakes are added, spread over the labels by their share of texts.
    - With many small labels F1 is biased downwards in every resample, so that the interval can miss the score
      itself. The distribution is moved back by its bias.

    Simulated coverage, 2 to 100 labels, 40 to 1,160 texts: 92 to 98 % (plain: 63 to 95 %).
    """
    n = int(confusion.sum())
    rows, columns = np.nonzero(confusion)
    label_share = confusion.sum(axis=1) / n
    shares = np.append(confusion[rows, columns], [_ADDED, _ADDED]) / (n + 2 * _ADDED)
    generator = np.random.default_rng(_SEED)
    resampled = np.concatenate(
        [
            _resampled_macro_f1(generator.multinomial(n, shares, size=size), rows, columns, label_share, generator)
            for size in _batches(max(len(shares), len(confusion)))
        ]
    )
    score_itself, smoothed = _macro_f1_and_smoothed(confusion, label_share)
    low, high = smoothed - resampled.mean() + np.percentile(resampled, [2.5, 97.5])
    method = f"bootstrap over the tested texts, {RESAMPLES:,} resamples, smoothed by two hits and two mistakes"
    return Interval(max(0.0, min(float(low), score_itself)), min(1.0, max(float(high), score_itself)), method)


_NOT_COMPUTED = Interval(0.0, 1.0, "not computed")


def _checked(labels: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[Counts, Counts]:
    true, called = np.asarray(labels, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if true.ndim != 1 or true.shape != called.shape or not true.size:
        raise ValueError(f"need one predicted label for each of at least one text: {true.shape}, {called.shape}")
    if min(true.min(), called.min()) < 0:
        raise ValueError("labels must not be negative")
    return true, called


def _ratio(numerator: Numbers, denominator: Numbers) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator > 0)


def _mean_f1(hits: Numbers, sizes: Numbers) -> Floats:
    """Return F1 = 2 TP / (true + predicted), averaged over the labels (last axis) that occur at all."""
    total: Floats = _ratio(2 * hits, sizes).sum(axis=-1) / (sizes > 0).sum(axis=-1)
    return total


def _macro_f1_and_smoothed(confusion: Counts, label_share: Floats) -> tuple[float, float]:
    """Return Macro-F1 as it is, and of the smoothed population that the resamples are drawn from."""
    hits, sizes = np.diagonal(confusion), confusion.sum(axis=1) + confusion.sum(axis=0)
    plus = _ADDED * label_share  # of hits and of mistakes, and a text counts as true and as predicted
    return float(_mean_f1(hits, sizes)), float(_mean_f1(hits + plus, sizes + 4 * plus))


def _resampled_macro_f1(
    drawn: Counts, rows: Counts, columns: Counts, label_share: Floats, generator: np.random.Generator
) -> Floats:
    """Return Macro-F1 of each resample, shape (resamples,).

    ``drawn[r, c]`` counts the texts of cell (rows[c], columns[c]) in resample r; its last two columns count
    the added hits and mistakes, whose labels are drawn here.
    """
    n_labels, right = len(label_share), np.flatnonzero(rows == columns)
    added_hits = generator.multinomial(drawn[:, -2], label_share)
    added_mistakes = sum(generator.multinomial(drawn[:, -1], label_share) for _ in ("true", "predicted"))
    hits = _sum_by_label(drawn[:, right], rows[right], n_labels) + added_hits
    cells = drawn[:, :-2]
    sizes = _sum_by_label(cells, rows, n_labels) + _sum_by_label(cells, columns, n_labels)
    return _mean_f1(hits, sizes + 2 * added_hits + added_mistakes)


def _sum_by_label(drawn: Counts, labels: Counts, n_labels: int) -> Counts:
    sums = np.zeros((len(drawn), n_labels), dtype=np.int64)
    if not len(labels):
        return sums
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    sums[:, present] = np.add.reduceat(drawn[:, order], starts, axis=1)
    return sums


def _batches(width: int) -> list[int]:
    size = max(1, min(RESAMPLES, _CELLS_AT_ONCE // width))
    full, rest = divmod(RESAMPLES, size)
    return [size] * full + ([rest] if rest else [])
