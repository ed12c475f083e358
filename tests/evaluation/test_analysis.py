from __future__ import annotations

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset, Split
from bertdemo.errors import RunError
from bertdemo.evaluation.analysis import Analysis
from bertdemo.evaluation.calibration import calibration
from bertdemo.evaluation.metrics import Answered, Answers, score
from bertdemo.evaluation.ranking import rank


@pytest.fixture
def split(small_dataset: Dataset) -> Split:
    rows = range(60)
    return Split(small_dataset, tuple(rows[::3]), tuple(rows[1::3]), tuple(rows[2::3]), seed=0)


@pytest.fixture
def answers(split: Split) -> Answers:
    generator = np.random.default_rng(0)

    def answered(part: Dataset) -> Answered:
        truth = np.array(part.labels)
        logits = generator.normal(0, 1, (len(part), 2)) + 2 * np.eye(2)[truth]
        return Answered(truth, logits.astype(np.float32))

    return Answers(answered(split.part("validation")), answered(split.part("test")), np.zeros(20, dtype=np.int64))


def analyse(answers: Answers, split: Split, temperature: float) -> Analysis:
    return Analysis(answers, split.dataset.label_names, temperature, lambda: split)


def test_all_sections_tell_of_the_same_answers(answers: Answers, split: Split) -> None:
    analysis = analyse(answers, split, 1.6)
    test, names = answers.test, split.dataset.label_names
    assert analysis.calibration == calibration(test.probabilities(1.6), test.truth)
    assert analysis.uncalibrated == calibration(test.probabilities(), test.truth)
    assert analysis.ranking == rank(test.probabilities(1.6), test.truth, names)
    right = analysis.coverage.at(0.0).right
    scores = score(test.truth, test.predicted, names)
    assert right / 20 == scores.accuracy == analysis.calibration.accuracy
    assert all(sum(part.right for part in each.slices) == right for each in analysis.slices[0])
    against = analysis.against_baseline
    assert against.both_right + against.only_first == right
    assert against.both_right + against.only_second == (test.truth == 0).sum()


def test_without_texts_the_rest_is_analysed_the_same(answers: Answers, split: Split) -> None:
    def lost() -> Split:
        raise RunError("They are gone.")

    whole, rest = analyse(answers, split, 1.6), Analysis(answers, split.dataset.label_names, 1.6, lost)
    slices, why = rest.slices
    assert str(why) == "They are gone."
    assert slices == tuple(each for each in whole.slices[0] if each.by == "label")
    assert (rest.calibration, rest.ranking) == (whole.calibration, whole.ranking)


def test_temperature_1_is_analysed_once(answers: Answers, split: Split) -> None:
    analysis = analyse(answers, split, 1.0)
    assert analysis.calibration is analysis.uncalibrated


def test_a_test_part_of_one_label_is_analysed_but_for_its_ranking(answers: Answers, split: Split) -> None:
    label = split.dataset.labels[split.test[0]]
    chosen = tuple(row for row in split.test if split.dataset.labels[row] == label)
    kept = answers.test.truth == label
    test = Answered(answers.test.truth[kept], answers.test.logits[kept])
    one = Answers(answers.validation, test, answers.baseline[kept])
    analysis = analyse(one, Split(split.dataset, split.train, split.validation, chosen, seed=0), 1.0)
    assert analysis.ranking is None
    assert analysis.coverage.at(0.0).n == len(chosen)


def test_answers_to_other_texts_are_refused(answers: Answers, split: Split) -> None:
    other = Split(split.dataset, split.train, split.validation, split.test[::-1], seed=0)
    with pytest.raises(RunError, match="other texts"):
        _ = analyse(answers, other, 1.0).split
