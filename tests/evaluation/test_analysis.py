from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.analysis import analyse, judge_without_texts
from bertdemo.evaluation.answers import Answered, Answers
from bertdemo.evaluation.calibration import calibration
from bertdemo.evaluation.metrics import score
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


def test_all_sections_tell_of_the_same_answers(answers: Answers, split: Split) -> None:
    judgement = analyse(answers, split, 1.6)
    test, names = answers.test, split.dataset.label_names
    assert judgement.calibration == calibration(test.probabilities(1.6), test.truth)
    assert judgement.uncalibrated == calibration(test.probabilities(), test.truth)
    assert judgement.ranking == rank(test.probabilities(1.6), test.truth, names)
    right = judgement.coverage.at(0.0).right
    scores = score(test.truth, test.predicted, names)
    assert right / 20 == scores.accuracy == judgement.calibration.accuracy
    assert all(sum(part.right for part in each.slices) == right for each in judgement.slices)
    against = judgement.against_baseline
    assert against.both_right + against.only_first == right
    assert against.both_right + against.only_second == (test.truth == 0).sum()


def test_without_texts_the_rest_is_judged_the_same(answers: Answers, split: Split) -> None:
    whole, rest = analyse(answers, split, 1.6), judge_without_texts(answers, split.dataset.label_names, 1.6)
    assert [each.by for each in rest.slices] == ["label"]
    assert rest == replace(whole, slices=tuple(each for each in whole.slices if each.by == "label"))


def test_temperature_1_is_judged_once(answers: Answers, split: Split) -> None:
    judgement = analyse(answers, split, 1.0)
    assert judgement.calibration is judgement.uncalibrated


def test_a_judgement_is_plain_values(answers: Answers, split: Split) -> None:
    values = asdict(analyse(answers, split, 1.6))
    assert json.loads(json.dumps(values, allow_nan=False))["temperature"] == 1.6


def test_a_test_part_of_one_label_is_judged_but_for_its_ranking(answers: Answers, split: Split) -> None:
    label = split.dataset.labels[split.test[0]]
    chosen = tuple(row for row in split.test if split.dataset.labels[row] == label)
    kept = answers.test.truth == label
    test = Answered(answers.test.truth[kept], answers.test.logits[kept])
    one = Answers(answers.validation, test, answers.baseline[kept])
    judgement = analyse(one, Split(split.dataset, split.train, split.validation, chosen, seed=0), 1.0)
    assert judgement.ranking is None
    assert judgement.coverage.at(0.0).n == len(chosen)


def test_answers_to_other_texts_are_refused(answers: Answers, split: Split) -> None:
    other = Split(split.dataset, split.train, split.validation, split.test[::-1], seed=0)
    with pytest.raises(ValueError, match="other texts"):
        analyse(answers, other, 1.0)
