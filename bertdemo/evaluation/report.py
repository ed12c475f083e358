"""The report of a run: what was measured once, on texts the model never saw."""

from __future__ import annotations

from dataclasses import dataclass

BASELINE = "TF-IDF + logistic regression"
_WIDE = 0.2  # of an interval of the accuracy: a report says that this is little to go by


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; ``method`` names how it was obtained."""

    low: float
    high: float
    method: str


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 of one label; ``support`` counts its texts."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """Scores on one part of the split. ``confusion[i][j]`` counts texts of label i that were called j."""

    n: int
    accuracy: float
    accuracy_interval: Interval
    macro_precision: float
    macro_recall: float
    macro_f1: float
    macro_f1_interval: Interval
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class TrainingSummary:
    """What training cost. ``seconds`` is the time of the steps, without ``validation_seconds``."""

    seconds: float
    validation_seconds: float
    steps: int
    planned_steps: int
    best_step: int
    samples_per_second: float
    tokens_per_second: float
    device: str
    precision: str
    peak_memory_mb: float
    interrupted: bool = False  # the process was killed before the last step; the best model until then was tested


@dataclass(frozen=True)
class Report:
    """Everything a run ends with. ``baseline`` is TF-IDF + logistic regression on the same split."""

    test: Scores
    validation: Scores
    baseline: Scores
    baseline_seconds: float
    training: TrainingSummary


def verdict(report: Report) -> str:
    """Return plain sentences: the test accuracy, how it compares with the baseline, and whether that may be luck.

    Overlapping 95 % intervals are read cautiously: they do not show that there is no difference; McNemar's test of
    the single texts may still find one. Where accuracy and macro-F1 disagree on who is better, a sentence says so.
    Further ones follow where the classifier is no better than one that gives all texts the same label, and where the
    test texts are too few to say much.
    """
    said = _against_baseline(report), _macro_f1(report), _luck(report), _one_label(report.test), _few(report.test)
    return " ".join(filter(None, said))


def ending(training: TrainingSummary) -> str:
    """Return a sentence on a training whose process was killed; an empty one on any other."""
    if not training.interrupted:
        return ""
    return (
        f"Training was interrupted at step {training.steps:,} of {training.planned_steps:,}: these are the scores of "
        f"the best model until then, that of step {training.best_step:,}."
    )


def _against_baseline(report: Report) -> str:
    test, baseline = report.test, report.baseline
    ours, theirs, texts = _percent(test.accuracy), f"{BASELINE} ({_percent(baseline.accuracy)})", f"{test.n:,}"
    points = points_between(baseline.accuracy, test.accuracy)
    if not points:
        return f"The classifier is right on {ours} of {texts} test texts, the same as {BASELINE}."
    if points > 0:
        return f"The classifier is right on {ours} of {texts} test texts, {points:.1f} points above {theirs}."
    return f"The classifier is right on {ours} of {texts} test texts, {-points:.1f} points below {theirs}."


def points_between(before: float, after: float) -> float:
    """Return the percentage points between two shares, as a reader of both figures with one decimal reckons them."""
    return round(round(100 * after, 1) - round(100 * before, 1), 1)


def _macro_f1(report: Report) -> str:
    """Return a sentence where macro-F1 does not say the same as accuracy."""
    ours, theirs = report.test.macro_f1, report.baseline.macro_f1
    accuracy = report.test.accuracy - report.baseline.accuracy
    if abs(ours - theirs) < 0.0005 or accuracy * (ours - theirs) > 0:
        return ""
    if ours > theirs:
        return f"By macro-F1 it is better than {BASELINE}: {ours:.3f} against {theirs:.3f}."
    return f"By macro-F1 it is worse than {BASELINE}: {ours:.3f} against {theirs:.3f}."


def _one_label(test: Scores) -> str:
    """Return a sentence more where one label for all texts is what the classifier gives, or would be right as often."""
    right, commonest = sum(row[i] for i, row in enumerate(test.confusion)), max(each.support for each in test.classes)
    if commonest < test.n and sum(map(any, zip(*test.confusion, strict=True))) == 1:
        return "It gives all test texts the same label: it has not learned to tell labels apart."
    if right > commonest:
        return ""
    share = _percent(commonest / test.n)
    return f"Giving all test texts the commonest label is right on {share}: by accuracy, the classifier is no better."


def _few(test: Scores) -> str:
    """Return a sentence more where the interval of the accuracy is wide, as it is with fewer than some 100 texts."""
    interval = test.accuracy_interval
    if interval.high - interval.low <= _WIDE:
        return ""
    span = f"{100 * interval.low:.1f} to {_percent(interval.high)}"
    return f"So few test texts leave the accuracy anywhere from {span}: add texts to know better."


def _luck(report: Report) -> str:
    """Return a sentence on the difference in accuracy, where there is one."""
    if not points_between(report.baseline.accuracy, report.test.accuracy):
        return ""
    ours, theirs = report.test.accuracy_interval, report.baseline.accuracy_interval
    if ours.low <= theirs.high and theirs.low <= ours.high:
        return "The 95 % intervals overlap: see McNemar's test, which compares the two text by text."
    return "The 95 % intervals do not overlap, so luck in the choice of test texts hardly explains the difference."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
