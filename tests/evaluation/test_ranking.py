from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from bertdemo.evaluation.ranking import POINTS, auc_interval, rank
from bertdemo.prediction.predict import softmax
from tests.evaluation.answered import logits_and_truth, simulated

NAMES = ("a", "b", "c", "d", "e")


@given(logits_and_truth(min_texts=2))
def test_areas_equal_those_of_scikit_learn(drawn) -> None:
    logits, truth = drawn
    assume(len(set(truth)) > 1)
    probabilities = softmax(logits)
    ranking = rank(probabilities, truth, NAMES[: logits.shape[1]])
    assert {each.label for each in ranking.labels} == {NAMES[i] for i in set(truth)}
    for each in ranking.labels:
        column = NAMES.index(each.label)
        is_label, scores = truth == column, probabilities[:, column]
        assert each.auc == pytest.approx(roc_auc_score(is_label, scores), abs=1e-6)
        assert each.average_precision == pytest.approx(average_precision_score(is_label, scores), abs=1e-6)
        assert (each.positives, each.share) == (is_label.sum(), pytest.approx(is_label.mean()))
    assert ranking.macro_auc == pytest.approx(np.mean([each.auc for each in ranking.labels]))


@given(logits_and_truth(min_texts=2))
def test_curves_are_those_of_scikit_learn(drawn) -> None:
    logits, truth = drawn
    assume(len(set(truth)) > 1)
    probabilities = softmax(logits)
    for each in rank(probabilities, truth, NAMES[: logits.shape[1]]).labels:
        column = NAMES.index(each.label)
        is_label, scores = truth == column, probabilities[:, column]
        false, found, _ = roc_curve(is_label, scores, drop_intermediate=False)
        assert points(each.roc.x, each.roc.y) <= points(false, found)
        assert np.trapezoid(each.roc.y, each.roc.x) == pytest.approx(each.auc, abs=1e-9)
        precision, recall, _ = precision_recall_curve(is_label, scores)
        assert points(each.precision_recall.x, each.precision_recall.y) <= points(recall, precision)
        assert each.precision_recall.x[-1] == 1


def points(x, y) -> set[tuple[float, float]]:
    return {(round(float(a), 9), round(float(b), 9)) for a, b in zip(x, y, strict=True)}


@given(logits_and_truth(min_texts=2))
def test_intervals_hold_their_area_and_are_never_a_point(drawn) -> None:
    logits, truth = drawn
    assume(len(set(truth)) > 1)
    ranking = rank(softmax(logits), truth, NAMES[: logits.shape[1]])
    for each in ranking.labels:
        for value, interval in (
            (each.auc, each.auc_interval),
            (each.average_precision, each.average_precision_interval),
        ):
            assert 0 <= interval.low <= value + 1e-9
            assert value - 1e-9 <= interval.high <= 1
            assert interval.high - interval.low > 1e-6
    json.dumps(asdict(ranking), allow_nan=False)


def test_long_curves_are_thinned_and_keep_their_area() -> None:
    logits, truth = simulated(5_000, seed=0)
    for each in rank(softmax(logits), truth, NAMES[:3]).labels:
        assert len(each.roc.x) == len(each.precision_recall.x) == POINTS
        assert np.trapezoid(each.roc.y, each.roc.x) == pytest.approx(each.auc, abs=0.005)
        assert (each.roc.x[0], each.roc.y[0], each.roc.x[-1], each.roc.y[-1]) == (0, 0, 1, 1)


def test_a_label_without_texts_is_left_out_and_one_label_alone_is_not_ranked() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]])
    assert [each.label for each in rank(probabilities, [0, 1], NAMES[:3]).labels] == ["a", "b"]
    assert rank(probabilities, [0, 0], NAMES[:3]) is None


@given(st.floats(0, 1), st.integers(1, 500), st.integers(1, 500))
def test_the_interval_of_an_area_is_the_same_seen_from_the_other_label(auc: float, m: int, n: int) -> None:
    interval, mirrored = auc_interval(auc, m, n), auc_interval(1 - auc, n, m)
    assert interval.low == pytest.approx(1 - mirrored.high, abs=1e-5)
    assert interval.high == pytest.approx(1 - mirrored.low, abs=1e-5)


def test_intervals_hold_their_level() -> None:
    """100 tests of 40 texts of the label and 160 others, whose scores are normal around 1.5 and 0."""
    true_auc, true_precision = norm.cdf(1.5 / np.sqrt(2)), average_precision_of_many()
    generator = np.random.default_rng(2)
    truth = np.repeat([1, 0], [40, 160])
    inside = np.zeros(2)
    for _ in range(100):
        scores = generator.normal(1.5 * truth, 1)
        label = rank(np.column_stack([-scores, scores]), truth, ("no", "yes")).labels[1]
        intervals = (label.auc_interval, true_auc), (label.average_precision_interval, true_precision)
        inside += [interval.low <= value <= interval.high for interval, value in intervals]
    assert (inside >= 90).all()


def average_precision_of_many() -> float:
    truth = np.repeat([1, 0], [20_000, 80_000])
    return float(average_precision_score(truth, np.random.default_rng(0).normal(1.5 * truth, 1)))
