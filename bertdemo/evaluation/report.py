"""The report of a run: what was measured once, on texts the model never saw."""

from __future__ import annotations

from dataclasses import dataclass


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
    """Scores on one part of the split. ``confusion[i][j]`` counts texts of label i that were called label j."""

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
    """What training cost. ``seconds`` is the time of the steps; validation during it is in ``validation_seconds``."""

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


@dataclass(frozen=True)
class Report:
    """Everything a run ends with. ``baseline`` is TF-IDF + logistic regression on the same split."""

    test: Scores
    validation: Scores
    baseline: Scores
    baseline_seconds: float
    training: TrainingSummary
