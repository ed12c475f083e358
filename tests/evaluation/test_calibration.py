from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, brier_score_loss
from sklearn.metrics import log_loss as scikit_learn_log_loss

from bertdemo.evaluation.calibration import BINS, calibration, coverage, fit_temperature, log_loss
from bertdemo.evaluation.metrics import Answered, wilson
from bertdemo.evaluation.report import Interval
from bertdemo.prediction.predict import softmax
from tests.evaluation.answered import logits_and_truth, simulated

answered = logits_and_truth()


def mixed(logits: np.ndarray) -> np.ndarray:
    """Probabilities none of which is so small that scikit-learn would cut it off."""
    return 0.999 * softmax(logits) + 0.001 / logits.shape[1]


@given(answered)
def test_brier_score_and_log_loss_equal_those_of_scikit_learn(drawn) -> None:
    probabilities, labels = mixed(drawn[0]), range(drawn[0].shape[1])
    ours = calibration(probabilities, drawn[1])
    brier = brier_score_loss(drawn[1], probabilities, labels=labels, scale_by_half=False)
    assert ours.brier == pytest.approx(brier, abs=1e-6)
    assert ours.nll == pytest.approx(scikit_learn_log_loss(drawn[1], probabilities, labels=labels), abs=1e-6)
    assert ours.nll == pytest.approx(log_loss(probabilities, drawn[1]), abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_bins_equal_those_of_scikit_learn(seed: int, bins: int) -> None:
    logits, truth = simulated(200, seed=seed)
    probabilities = softmax(logits)
    ours = calibration(probabilities, truth, bins)
    right = probabilities.argmax(axis=1) == truth
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=bins)
    assert [each.accuracy for each in ours.bins] == pytest.approx(accuracy, abs=1e-6)
    assert [each.confidence for each in ours.bins] == pytest.approx(confidence, abs=1e-6)
    shares = np.array([each.count for each in ours.bins]) / 200
    assert ours.ece == pytest.approx((shares * np.abs(accuracy - confidence)).sum(), abs=1e-6)


@given(answered)
def test_every_text_is_in_one_bin_and_every_interval_holds_its_score(drawn) -> None:
    logits, truth = drawn
    ours = calibration(softmax(logits), truth)
    assert sum(each.count for each in ours.bins) == ours.n == len(truth)
    assert all(each.low - 1e-9 <= each.confidence <= each.high + 1e-9 for each in ours.bins)
    assert [each.low for each in ours.bins] == sorted({each.low for each in ours.bins})
    assert 0 <= ours.ece_interval.low <= ours.ece <= ours.ece_interval.high <= 1
    assert 0 <= ours.brier_interval.low <= ours.brier <= ours.brier_interval.high <= 2
    assert 0 <= ours.nll_interval.low <= ours.nll <= ours.nll_interval.high
    assert ours.ece >= abs(ours.accuracy - ours.confidence) - 1e-9
    json.dumps(asdict(ours), allow_nan=False)


def test_by_hand() -> None:
    """Two texts at 0.9, one of them right; one at 0.6, right: |0.5 - 0.9| · 2/3 + |1 - 0.6| · 1/3."""
    ours = calibration([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4]], [0, 0, 0], bins=10)
    assert [(each.low, each.high, each.count) for each in ours.bins] == [(0.5, 0.6, 1), (0.8, 0.9, 2)]
    assert ours.ece == pytest.approx(0.4)
    assert ours.brier == pytest.approx((0.02 + 1.62 + 0.32) / 3)


def test_a_certain_answer_is_in_the_last_bin() -> None:
    ours = calibration([[1.0, 0.0], [0.0, 1.0]], [0, 0])
    assert [(each.high, each.accuracy) for each in ours.bins] == [(1.0, 0.5)]
    assert ours.ece == 0.5
    assert np.isfinite(ours.nll)


def test_the_interval_of_the_calibration_error_tells_good_from_bad() -> None:
    """Also where calibration is perfect, which the plain bootstrap would miss nearly always."""
    honest = [calibration(softmax(logits), truth) for logits, truth in (simulated(600, seed=i) for i in range(30))]
    assert sum(each.ece_interval.low == 0 for each in honest) >= 27
    boastful = [calibration(softmax(2 * logits), truth) for logits, truth in (simulated(600, seed=i) for i in range(5))]
    assert all(each.ece_interval.low > 0.02 for each in boastful)
    assert np.mean([each.ece for each in honest]) == pytest.approx(
        np.mean([each.ece_by_chance for each in honest]), rel=0.15
    )


@pytest.mark.parametrize("certainty", [0.998, 1.0])
@pytest.mark.parametrize("n", [1, 20, 450])
def test_answers_that_are_all_right_do_not_prove_that_they_may_be_so_sure(n: int, certainty: float) -> None:
    """Accuracy may be as low as Wilson's interval says, and the calibration error is then the distance from there."""
    ours = calibration([[certainty, 1 - certainty]] * n, [0] * n)
    assert ours.ece == pytest.approx(1 - certainty)
    assert ours.ece_interval.low == 0  # 99.8 % sure and right on 99.8 % of all texts shows no mistake on 20 either
    assert ours.ece_interval.high >= certainty - ours.bins[0].accuracy_interval.low - 1e-9


@pytest.mark.parametrize(("n", "accuracy"), [(20, 0.97), (20, 0.998), (60, 0.99)])
def test_the_interval_of_the_calibration_error_holds_its_level_with_few_mistakes(n: int, accuracy: float) -> None:
    """Exactly, of a classifier that is always 99.8 % sure; the plain bootstrap held 1 to 52 % here."""

    def interval(wrong: int) -> Interval:
        return calibration([[0.998, 0.002]] * n, [0] * (n - wrong) + [1] * wrong).ece_interval

    true = abs(accuracy - 0.998)
    holds = [wrong for wrong in range(5) if interval(wrong).low <= true + 1e-9 and true <= interval(wrong).high]
    assert binom.pmf(holds, n, 1 - accuracy).sum() > 0.95


def test_the_same_answers_give_the_same_intervals() -> None:
    logits, truth = simulated(50, seed=1)
    assert calibration(softmax(logits), truth) == calibration(softmax(logits), truth)


@given(answered)
def test_a_temperature_never_raises_the_loss_and_never_changes_a_label(drawn) -> None:
    logits, truth = drawn
    temperature = fit_temperature(logits, truth)
    part = Answered(truth, logits)
    assert 0.05 <= temperature <= 20
    assert log_loss(part.probabilities(temperature), truth) <= log_loss(part.probabilities(), truth) + 1e-12
    scaled = part.probabilities(temperature)
    assert (scaled[np.arange(len(truth)), part.predicted] >= scaled.max(axis=1) - 1e-12).all()


@pytest.mark.parametrize("wanted", [0.4, 1.0, 1.7, 5.0])
def test_it_finds_the_temperature_that_was_there(wanted: float) -> None:
    logits, truth = simulated(20_000, seed=3, temperature=wanted)
    assert fit_temperature(logits, truth) == pytest.approx(wanted, rel=0.05)


@given(st.integers(0, 2**32 - 1), st.floats(0.4, 3))
def test_it_is_the_minimum_of_the_loss(seed: int, temperature: float) -> None:
    """Of many texts, where the little that is spread over all labels does not show."""
    logits, truth = simulated(2_000, seed=seed, temperature=temperature)
    best = minimize_scalar(lambda t: log_loss(softmax(logits / t), truth), bounds=(0.05, 20), method="bounded")
    found = fit_temperature(logits, truth)
    assert log_loss(softmax(logits / found), truth) <= best.fun + 1e-4


def test_no_mistake_in_validation_is_no_reason_to_be_certain() -> None:
    logits = np.tile([[3.0, 0.0], [0.0, 3.0]], (20, 1))
    probabilities = softmax(logits / fit_temperature(logits, [0, 1] * 20))
    assert 0.95 < probabilities.max() < 0.999


@pytest.mark.parametrize(
    ("logits", "truth", "expected"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], [0, 1], 20.0),  # always wrong: as uncertain as can be
        ([[0.0, 0.0]], [1], 1.0),  # equal at every temperature
        ([[5.0]], [0], 1.0),
        ([[1e5, -1e5], [-1e5, 1e5]], [0, 1], 1.0),
    ],
)
def test_extremes(logits: list[list[float]], truth: list[int], expected: float) -> None:
    assert fit_temperature(logits, truth) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("numbers", "truth"),
    [([], []), ([[0.5, 0.5]], [2]), ([[0.5, np.nan]], [0]), ([[0.5, 0.5]], [0, 1]), ([[1.0]], [-1])],
)
@pytest.mark.parametrize("function", [calibration, fit_temperature])
def test_impossible_input_is_refused(function, numbers, truth) -> None:
    with pytest.raises(ValueError, match=r"need a row|range"):
        function(numbers, truth)


def test_there_are_as_many_bins_as_in_the_papers() -> None:
    assert BINS == 15
    assert "15 bins of equal width" in calibration([[0.5, 0.5]], [0]).estimator


@given(logits_and_truth(), st.floats(0, 1))
def test_it_counts_what_a_threshold_lets_through(drawn, threshold: float) -> None:
    probabilities, truth = softmax(drawn[0]), drawn[1]
    at = coverage(probabilities, truth).at(threshold)
    answered = probabilities.max(axis=1) >= threshold
    assert (at.n, at.answered, at.coverage) == (len(truth), answered.sum(), pytest.approx(answered.mean(), abs=1e-6))
    assert at.coverage_interval == wilson(at.answered, at.n)
    if at.answered:
        expected = accuracy_score(truth[answered], probabilities[answered].argmax(axis=1))
        assert at.accuracy == pytest.approx(expected, abs=1e-6)
        assert at.accuracy_interval == wilson(at.right, at.answered)
    else:
        assert at.accuracy is at.accuracy_interval is None


@given(logits_and_truth(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_answers_more(drawn, one: float, other: float) -> None:
    known = coverage(softmax(drawn[0]), drawn[1])
    low, high = known.at(min(one, other)), known.at(max(one, other))
    assert low.answered >= high.answered
    assert low.right >= high.right


def test_a_confidence_at_the_threshold_counts_as_sure() -> None:
    assert coverage([[0.75, 0.25], [0.5, 0.5]], [0, 1]).at(0.75).answered == 1


@pytest.mark.parametrize(("probabilities", "truth"), [([], []), ([[1.0]], []), ([1.0], [0])])
def test_coverage_refuses_impossible_input(probabilities, truth) -> None:
    with pytest.raises(ValueError, match="need a row"):
        coverage(np.array(probabilities), truth)
