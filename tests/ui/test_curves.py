"""From events to the rows of the live charts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.charts.names import BATCH, LOSSES
from bertdemo.ui.curves import curves_of, smooth, thin


def step(number: int, loss: float) -> dict:
    return {"kind": "step", "step": number, "loss": loss, "learning_rate": 1e-4}


def test_a_constant_stays_what_it_is_from_the_first_value_on():
    assert smooth([0.5] * 10, half_life=3) == pytest.approx([0.5] * 10)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=50), st.floats(0.5, 20))
def test_an_average_stays_between_the_extremes(values, half_life):
    for position, mean in enumerate(smooth(values, half_life)):
        seen = values[: position + 1]
        assert min(seen) - 1e-9 <= mean <= max(seen) + 1e-9


def test_a_loss_that_is_no_number_does_not_spoil_the_line():
    smoothed = smooth([1.0, math.nan, 1.0], half_life=2)
    assert smoothed == pytest.approx([1.0, 1.0, 1.0])


@given(st.lists(st.integers(), max_size=300), st.integers(1, 50))
def test_thinning_keeps_the_last_row_and_the_order(rows, most):
    kept = thin(list(enumerate(rows)), most)
    assert len(kept) <= most
    assert kept == sorted(kept)
    assert kept[-1:] == list(enumerate(rows))[-1:]


def test_a_run_without_events_has_empty_charts():
    seen = curves_of([])
    assert seen.losses.empty
    assert seen.scores.empty
    assert seen.step == {}


def test_events_become_rows_of_three_series():
    check = {"kind": "validation", "step": 2, "loss": 0.4, "accuracy": 0.9, "macro_f1": 0.8}
    seen = curves_of([step(1, 0.7), step(2, 0.5), check])
    assert set(seen.losses["series"]) == {BATCH, *LOSSES}
    assert sorted(seen.scores["score"]) == pytest.approx([80, 90])
    assert seen.step["step"] == 2
