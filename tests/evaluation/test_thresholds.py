from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.thresholds import coverage
from bertdemo.prediction.probabilities import softmax
from tests.evaluation.answered import logits_and_truth


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
def test_impossible_input_is_refused(probabilities, truth) -> None:
    with pytest.raises(ValueError, match="need a row"):
        coverage(np.array(probabilities), truth)
