"""The time a run will take, before it starts and while it goes on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.evaluation.report import TrainingSummary
from bertdemo.models.catalog import find_base
from bertdemo.training.recipe import Recipe
from bertdemo.training.timing import ThroughputMeter, estimate_seconds, speed_of

BASE = find_base("minilm-l6")
TRAIN, VALIDATION = [20, 30, 40] * 200, [30] * 60


def seconds(recipe: Recipe, train=TRAIN, speed: float | None = 1000.0) -> float:
    return estimate_seconds(recipe, BASE, train, VALIDATION, speed)


def test_more_epochs_and_a_slower_machine_take_longer():
    assert seconds(Recipe(epochs=4)) > seconds(Recipe(epochs=2))
    assert seconds(Recipe(), speed=500.0) > seconds(Recipe(), speed=1000.0)


def test_a_larger_base_takes_longer_where_no_speed_was_measured():
    large = find_base("bert-large")
    assert estimate_seconds(Recipe(), large, TRAIN, VALIDATION) > 5 * seconds(Recipe(), speed=None)


def test_texts_count_as_long_as_they_are_read():
    assert seconds(Recipe(max_length=32), [10_000] * 600) == pytest.approx(seconds(Recipe(max_length=32), [32] * 600))


def test_an_evaluation_costs_something_however_few_texts_it_reads():
    def evaluated(times: int) -> float:
        return estimate_seconds(Recipe(epochs=30, evaluations_per_epoch=times), BASE, TRAIN, [1], speed=1000.0)

    assert evaluated(2) - evaluated(1) == pytest.approx(evaluated(3) - evaluated(2))
    assert evaluated(2) - evaluated(1) > 1


def test_smaller_batches_take_longer():
    assert seconds(Recipe(batch_size=8)) > seconds(Recipe(batch_size=64))


SUMMARY = TrainingSummary(
    seconds=50.0, validation_seconds=0.0, steps=100, planned_steps=100, best_step=100, samples_per_second=0.0,
    tokens_per_second=36.0 * 1200 / 50, device="cpu", precision="bf16", peak_memory_mb=0.0,
)  # fmt: skip


TEACHER = {"averaging": 0.99, "mean_teacher": 0.5}


@pytest.mark.parametrize("settings", [{}, TEACHER, {"frozen_layers": 4}])
def test_a_finished_run_is_estimated_to_take_what_it_took(settings):
    lengths, recipe = [36] * 600, Recipe(batch_size=12, epochs=2, **settings)
    two_epochs = estimate_seconds(recipe, BASE, lengths, [], speed_of(SUMMARY, recipe, BASE))
    as_many_evaluations = replace(recipe, epochs=4)  # an epoch of no batches has one
    nothing = estimate_seconds(as_many_evaluations, BASE, [], [], speed_of(SUMMARY, recipe, BASE))
    assert two_epochs - nothing == pytest.approx(50.0)


def test_a_mean_teacher_takes_a_forward_pass_longer():
    assert 1.2 < seconds(Recipe(**TEACHER)) / seconds(Recipe()) < 1.34


@pytest.mark.parametrize(("frozen", "above"), [(4, 7), (5, 1), (6, 1)])
def test_an_epoch_takes_as_long_as_its_layers_and_the_frozen_ones_a_forward_pass_once(frozen, above):
    frozen_recipe = Recipe(frozen_layers=frozen)
    an_epoch, plain = (seconds(replace(each, epochs=3)) - seconds(each) for each in (frozen_recipe, Recipe()))
    assert an_epoch / plain == pytest.approx(above / 31, abs=0.06)  # of which the last computes a sixth
    assert seconds(frozen_recipe) > seconds(Recipe()) - 2 * (plain - an_epoch)


def test_a_run_of_a_few_steps_tells_no_speed():
    assert speed_of(replace(SUMMARY, steps=10, seconds=5.0), Recipe(), BASE) is None


def test_no_more_evaluations_are_counted_than_an_epoch_has_batches():
    one_batch = replace(Recipe(), batch_size=1024)
    assert seconds(replace(one_batch, evaluations_per_epoch=50)) == seconds(replace(one_batch, evaluations_per_epoch=1))


@given(st.floats(0.0, 0.5), st.floats(1e-6, 1e-3), st.lists(st.integers(50, 4000), min_size=4, max_size=60))
def test_a_cost_of_a_plus_b_times_tokens_is_found_exactly(fixed, per_token, sizes):
    meter = ThroughputMeter()
    meter.add(32, 100, 100, 99.0)  # the first step warms up and does not count
    for size in sizes:
        meter.add(32, size, size, fixed + per_token * size)
    whole = fixed * len(sizes) + per_token * sum(sizes)
    assert meter.predict(len(sizes), sum(sizes)) == pytest.approx(whole, rel=1e-4)


def test_before_the_first_step_nothing_is_promised():
    assert ThroughputMeter().predict(100, 100_000) == 0


@given(st.lists(st.tuples(st.integers(1, 4000), st.floats(0.001, 3.0)), min_size=1, max_size=30))
def test_the_remaining_time_is_never_negative(steps):
    meter = ThroughputMeter()
    for size, seconds in steps:
        meter.add(8, size, size, seconds)
    assert meter.predict(0, 1000) >= 0
    assert meter.predict(10, 0) >= -1e-9


def test_rates_follow_the_last_steps():
    meter = ThroughputMeter()
    for _ in range(50):
        meter.add(10, 200, 220, 1.0)
    for _ in range(20):
        meter.add(10, 200, 220, 0.1)
    assert meter.samples_per_second == pytest.approx(100)
    assert meter.tokens_per_second == pytest.approx(2000)
