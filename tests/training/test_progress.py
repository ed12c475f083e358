"""The remaining time is what the steps so far say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.training.progress import ThroughputMeter


@given(st.floats(0.0, 0.5), st.floats(1e-6, 1e-3), st.lists(st.integers(50, 4000), min_size=4, max_size=60))
def test_a_cost_of_a_plus_b_times_tokens_is_found_exactly(fixed, per_token, sizes):
    pace = ThroughputMeter()
    pace.add(32, 100, 100, 99.0)  # the first step warms up and does not count
    for size in sizes:
        pace.add(32, size, size, fixed + per_token * size)
    whole = fixed * len(sizes) + per_token * sum(sizes)
    assert pace.predict(len(sizes), sum(sizes)) == pytest.approx(whole, rel=1e-4)


def test_before_the_first_step_nothing_is_promised():
    assert ThroughputMeter().predict(100, 100_000) == 0


@given(st.lists(st.tuples(st.integers(1, 4000), st.floats(0.001, 3.0)), min_size=1, max_size=30))
def test_the_remaining_time_is_never_negative(steps):
    pace = ThroughputMeter()
    for size, seconds in steps:
        pace.add(8, size, size, seconds)
    assert pace.predict(0, 1000) >= 0
    assert pace.predict(10, 0) >= -1e-9


def test_rates_follow_the_last_steps():
    pace = ThroughputMeter()
    for _ in range(50):
        pace.add(10, 200, 220, 1.0)
    for _ in range(20):
        pace.add(10, 200, 220, 0.1)
    assert pace.samples_per_second == pytest.approx(100)
    assert pace.tokens_per_second == pytest.approx(2000)
