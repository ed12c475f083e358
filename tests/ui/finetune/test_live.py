"""A run under way: its curves, and what is said of it."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.charts.palette import BATCH, LOSSES, SCORES
from bertdemo.runs.folder import RunFolder
from bertdemo.training.events import Stepped
from bertdemo.ui.finetune import live
from bertdemo.ui.finetune.live import Followed, curves_of, diverges, smooth, thin

# By step, the losses of a run of 30 steps on 160 text messages at a rate of 0.003 without a warm-up, as it wrote them.
TRAINED = {1: 0.69, 3: 0.12, 5: 2.7, 7: 4.1, 8: 3.71, 10: 0.96, 11: 1.05, 13: 1.57, 16: 0.76, 17: 1.11, 20: 0.11}


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


def test_what_is_sent_is_made_once_and_says_the_same_in_fewer_bytes():
    check = {"kind": "validation", "step": 2, "loss": 0.4, "accuracy": 0.9, "macro_f1": 0.8}
    drawn = curves_of([*(step(n, 0.7) for n in range(1, 300)), check])
    assert drawn.encoded is drawn.encoded
    for name, table in drawn.encoded.items():
        rows = getattr(drawn, name)
        assert table.column_names == list(rows)
        for column in rows:
            expected = rows[column].tolist()
            assert table[column].to_pylist() == (expected if column in ("step", "series") else pytest.approx(expected))
    assert drawn.encoded["losses"].nbytes < pa.Table.from_pandas(drawn.losses).nbytes / 3
    assert curves_of([]).encoded["scores"].column_names == ["step", "score", "series"]


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
    monkeypatch.setattr(live, "curves_of", None)
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


TRAINED |= {23: 0.01, 26: 1.41, 27: 0.0, 29: 1.77, 30: 0.01}


STARTED = {"kind": "started", "steps": 30}


JUDGED = {3: 1.12, 7: 3.36, 10: 0.97, 13: 1.46, 17: 0.41, 20: 0.5, 23: 0.79, 27: 0.74, 30: 0.5}


def seen(training: list[float], *validation: float):
    """The curves of a run with these losses, and an evaluation after its last step for each validation loss."""
    steps = [
        {"kind": "step", "step": i, "loss": loss, "learning_rate": 1.0} for i, loss in enumerate(training, start=1)
    ]
    scores = {"accuracy": 0.5, "macro_f1": 0.3}
    return curves_of(
        [*steps, *({"kind": "validation", "step": len(steps), "loss": loss, **scores} for loss in validation)]
    )


@pytest.mark.parametrize("labels", [2, 50])
def test_a_run_of_a_few_steps_diverges_where_its_validation_loss_is_far_above_blind_guessing(labels):
    blind = math.log(labels)
    assert diverges(seen([blind, 9 * blind, 30 * blind, 40 * blind], 43 * blind), labels)
    assert diverges(seen([blind], 4 * blind), labels)
    assert not diverges(seen([blind, 1.2 * blind, blind, blind], 2 * blind), labels)


def test_a_few_noisy_batches_alone_are_no_divergence():
    assert not diverges(seen([2.0, 2.5, 3.0]), 2)
    assert not diverges(seen([]), 2)


def test_learning_by_heart_is_no_divergence():
    assert not diverges(seen([0.7, 0.2, *[0.001] * 60], 2.5), 2)


def test_a_run_that_has_recovered_diverges_no_more():
    assert not diverges(seen([9.0, *[0.5] * 60], 5.0, 0.4), 2)


def test_a_long_run_diverges_by_its_training_loss_alone():
    assert diverges(seen([5.0] * 10), 2)
    assert not diverges(seen([5.0] * 9), 2)


def test_one_bad_evaluation_among_good_ones_is_no_divergence():
    assert not diverges(seen([0.6] * 30, 0.5, 0.4, 9.0), 2)
    assert diverges(seen([0.6] * 30, 0.5, 9.0, 9.0), 2)
    assert not diverges(seen([0.6] * 30, 9.0, 9.0, 0.5), 2)
    assert diverges(seen([0.6] * 3, 9.0), 2)  # where there is only one, it is enough


def test_a_recorded_run_that_recovers_is_warned_of_while_it_is_bad_and_not_for_one_evaluation():
    def until(last):
        steps = [{"kind": "step", "step": step, "loss": loss, "learning_rate": 3e-3} for step, loss in TRAINED.items()]
        checks = [
            {"kind": "validation", "step": step, "loss": loss, "accuracy": 0.5, "macro_f1": 0.3}
            for step, loss in JUDGED.items()
        ]
        return curves_of([event for event in [*steps, *checks] if event["step"] <= last] + [STARTED])

    warned = [last for last in TRAINED if diverges(until(last), 2)]
    assert JUDGED[7] > 3 * math.log(2)
    assert min(warned) >= 10  # not for that evaluation alone, but once the training loss has stayed high
    assert warned
    assert max(warned) < 20
