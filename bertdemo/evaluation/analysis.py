"""The one door to the evaluation of a run beyond its scores: answers in, one record a section out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertdemo.data.dataset import Split
from bertdemo.evaluation.answers import Answers
from bertdemo.evaluation.calibration import Calibration, calibration
from bertdemo.evaluation.comparison import Comparison, compare
from bertdemo.evaluation.ranking import Ranking, rank
from bertdemo.evaluation.slices import Slices, slice_all, slice_by_label
from bertdemo.evaluation.thresholds import Coverage, coverage


@dataclass(frozen=True)
class Analysis:
    """What the answers on the test part tell, with probabilities at ``temperature``; plain values throughout.

    ``uncalibrated`` is the calibration at temperature 1; ``against_baseline`` compares the classifier (first) with
    TF-IDF + logistic regression (second). ``ranking`` is None where all test texts have the same label.
    """

    temperature: float
    calibration: Calibration
    uncalibrated: Calibration
    coverage: Coverage
    ranking: Ranking | None
    slices: tuple[Slices, ...]
    against_baseline: Comparison


def analyse(answers: Answers, split: Split, temperature: float) -> Analysis:
    """Everything that the report says about the test part, in a fraction of a second for thousands of texts.

    Args:
        answers: of the run.
        split: of the run; its test part has the texts that were answered.
        temperature: that the run's classifier uses.

    Raises:
        ValueError: the answers are not those to this split.
    """
    part, test = split.part("test"), answers.test
    if tuple(test.truth.tolist()) != part.labels:
        raise ValueError("the answers are to other texts")
    return _judge(answers, part.label_names, temperature, slice_all(test.predicted, part))


def judge_without_texts(answers: Answers, label_names: Sequence[str], temperature: float) -> Analysis:
    """As ``analyse``, where the texts are lost: the only slices are those by label."""
    test = answers.test
    by_label = slice_by_label(test.predicted, test.truth, label_names)
    return _judge(answers, label_names, temperature, (by_label,))


def _judge(answers: Answers, label_names: Sequence[str], temperature: float, slices: tuple[Slices, ...]) -> Analysis:
    test = answers.test
    probabilities = test.probabilities(temperature)
    calibrated = calibration(probabilities, test.truth)
    return Analysis(
        temperature=temperature,
        calibration=calibrated,
        uncalibrated=calibrated if temperature == 1 else calibration(test.probabilities(), test.truth),
        coverage=coverage(probabilities, test.truth),
        ranking=rank(probabilities, test.truth, label_names),
        slices=slices,
        against_baseline=compare(test.truth, test.predicted, answers.baseline),
    )
