"""From events to the rows of the live charts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.charts.palette import BATCH, LOSSES, SCORES
from bertdemo.runs.folder import RunFolder
from bertdemo.training.events import Stepped
from bertdemo.ui.finetune import curves
from bertdemo.ui.finetune.curves import Followed, curves_of, smooth, thin


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


def test_a_long_run_is_drawn_with_few_points_in_every_series():
    checks = [{"kind": "validation", "step": n, "loss": 0.4, "accuracy": 0.9, "macro_f1": 0.8} for n in range(5_000)]
    seen = curves_of([step(n, 0.5) for n in range(20_000)] + checks)
    for name in (BATCH, *LOSSES):
        assert (seen.losses["series"] == name).sum() <= 500
    for name in SCORES:
        assert (seen.scores["series"] == name).sum() <= 500
    assert len(seen.rates) <= 500
    assert seen.scores["step"].max() == 4_999


def stepped(number: int) -> Stepped:
    return Stepped(number, 0.1, 0.5, 1e-4, 1.0, 90.0, 2900.0, number, 1.0, 800.0)


def test_a_look_reads_only_what_is_new_and_draws_all(tmp_path, monkeypatch):
    folder, offsets = RunFolder(tmp_path), []
    read = folder.read_metrics
    monkeypatch.setattr(folder, "read_metrics", lambda offset: (offsets.append(offset), read(offset))[1])
    followed = Followed(folder)
    assert followed.look().losses.empty
    folder.append(stepped(1), 0.0)
    followed.look()
    folder.append(stepped(2), 0.0)
    assert list(followed.look().rates["step"]) == [1, 2]
    assert offsets[0] == offsets[1] == 0 < offsets[2]


def test_a_look_at_nothing_new_prepares_nothing(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path)
    folder.append(stepped(1), 0.0)
    followed = Followed(folder)
    first = followed.look()
    monkeypatch.setattr(curves, "curves_of", None)
    assert followed.look() is first


def test_a_folder_that_another_run_has_taken_is_read_from_its_beginning(tmp_path):
    folder = RunFolder(tmp_path)
    folder.append(stepped(1), 0.0)
    folder.append(stepped(2), 0.0)
    followed = Followed(folder)
    followed.look()
    (tmp_path / "metrics.jsonl").unlink()
    folder.append(stepped(7), 0.0)
    assert list(followed.look().rates["step"]) == [7]
