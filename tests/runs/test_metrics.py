from __future__ import annotations

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.runs.metrics import append_event, read_events
from bertdemo.runs.reporting import SECONDS_A_LINE, Reporter, merge
from bertdemo.tasks.worker import StatusWriter
from bertdemo.training.events import Noted, Started, Stepped, Validated

STARTED = Started(100, 5000, 10, 8, "cpu", "bf16", "no GPU")
VALIDATED = Validated(50, 0.5, 0.3, 0.9, 0.88, 1.0, is_best=True)


def step(number: int, loss: float = 1.0, **changes) -> Stepped:
    values = {"epoch": number / 100, "learning_rate": 1e-4, "gradient_norm": 1.0, "samples_per_second": 10.0}
    values |= {"tokens_per_second": 100.0, "elapsed": number * 0.1, "remaining": 1.0, "memory_mb": 50.0}
    return Stepped(step=number, loss=loss, **values | changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def test_every_kind_of_event_comes_back_as_a_dict(path):
    events = [STARTED, step(1), VALIDATED, Noted(2, "halbiert, 减半", warning=True)]
    for event in events:
        append_event(path, event, 5.0)
    kinds = ["started", "step", "validation", "note"]
    assert read_events(path)[0] == [
        {"kind": kind, "time": 5.0, **asdict(event)} for kind, event in zip(kinds, events, strict=True)
    ]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stays_visible(path, loss):
    append_event(path, step(1, loss), 0.0)
    assert str(read_events(path)[0][0]["loss"]) == str(loss)


def test_no_file_means_no_events_yet(path):
    assert read_events(path) == ([], 0)


@given(lengths=st.lists(st.integers(0, 40), max_size=8), cut=st.integers(0, 200), looks=st.integers(1, 4))
def test_however_often_one_looks_each_complete_line_is_seen_once(tmp_path_factory, lengths, cut, looks):
    path = tmp_path_factory.getbasetemp() / "incremental.jsonl"
    path.unlink(missing_ok=True)
    for number, length in enumerate(lengths):
        append_event(path, Noted(number, "ä" * length), 0.0)
    content = path.read_bytes() if lengths else b""
    seen, offset = [], 0
    for look in range(looks + 1):
        path.write_bytes(content if look == looks else content[: cut * (look + 1)])
        events, offset = read_events(path, offset)
        seen += [event["step"] for event in events]
    assert seen == list(range(len(lengths)))


def test_a_torn_last_line_is_left_out_and_a_torn_middle_hides_no_other(path):
    append_event(path, step(1), 0.0)
    with path.open("ab") as file:
        file.write(b'{"kind": "step", "st\n')
    append_event(path, step(2), 0.0)
    with path.open("ab") as file:
        file.write(b'{"kind": "st')
    assert [event["step"] for event in read_events(path)[0]] == [1, 2]


@pytest.fixture
def report(make_folder, clock):
    folder = make_folder()
    reporter = Reporter(folder, StatusWriter(folder), clock)
    reporter.lines = lambda: [(event["kind"], event.get("step")) for event in folder.read_metrics()[0]]
    reporter.status = folder.status
    return reporter


def test_the_first_step_is_written_at_once(report):
    report(STARTED)
    report(step(1))
    assert report.lines() == [("started", None), ("step", 1)]


def test_a_fast_run_writes_two_lines_a_second_and_its_last_step(report, clock):
    report(STARTED)
    for number in range(1, 101):
        clock.now += SECONDS_A_LINE / 10
        report(step(number))
    report.flush()
    steps = [number for kind, number in report.lines() if kind == "step"]
    assert steps[0] == 1
    assert steps[-1] == 100
    assert len(steps) <= 12


def test_a_slow_run_writes_every_step(report, clock):
    for number in range(1, 6):
        clock.now += SECONDS_A_LINE * 2
        report(step(number))
    assert [number for _, number in report.lines()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_written_within_its_step(report, loss):
    report(step(1))
    report(step(2, loss))
    assert report.lines()[-1] == ("step", 2)


def test_steps_come_before_the_validation_that_follows_them(report):
    for event in (STARTED, step(1), step(2), step(3), VALIDATED, Noted(3, "early stop")):
        report(event)
    assert report.lines() == [("started", None), ("step", 1), ("step", 3), ("validation", 50), ("note", 3)]


def test_the_status_follows_the_steps(report, clock):
    report(STARTED)
    report(step(1, remaining=9.0))
    status = report.status()
    assert (status.step, status.steps, status.remaining) == (1, 100, 9.0)
    assert status.message == "Training: step 1 of 100."


def test_merged_steps_have_the_mean_loss_and_the_largest_gradient():
    merged = merge([step(1, 1.0, gradient_norm=5.0), step(2, 3.0)], since=0.0)
    assert (merged.step, merged.loss, merged.gradient_norm) == (2, 2.0, 5.0)


def test_merged_rates_are_weighted_by_time():
    slow = step(1, samples_per_second=10.0, elapsed=3.0)
    fast = step(2, samples_per_second=30.0, elapsed=4.0)
    assert merge([slow, fast], since=0.0).samples_per_second == pytest.approx(15.0)


losses = st.lists(st.floats(0, 10), min_size=1, max_size=20)


@given(losses=losses)
def test_a_merged_loss_lies_between_the_losses(losses):
    merged = merge([step(i + 1, loss) for i, loss in enumerate(losses)], since=0.0)
    assert min(losses) - 1e-9 <= merged.loss <= max(losses) + 1e-9


def test_a_nan_survives_merging():
    merged = merge([step(1), step(2, math.nan, gradient_norm=math.nan), step(3)], since=0.0)
    assert math.isnan(merged.loss)
    assert math.isnan(merged.gradient_norm)
