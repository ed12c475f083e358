"""Whether a run lives, as those see it who look at it from outside."""

from __future__ import annotations

import json
import platform
from dataclasses import replace

import pytest

from bertdemo.errors import RunError
from bertdemo.tasks.dispatcher import GRACE_SECONDS, PATIENCE_SECONDS, SILENCE_ELSEWHERE_SECONDS, SILENCE_SECONDS
from bertdemo.tasks.queue import Queue
from bertdemo.tasks.records import State, Status, Worker
from tests.runs.conftest import WORKER


def test_a_worker_that_is_gone_is_noticed_and_the_next_run_starts(runs, submit, at_work, backend, clock):
    waiting = submit()
    backend.alive.clear()
    clock.now += SILENCE_SECONDS + 0.1
    found = runs.get(at_work).status
    assert found.state is State.INTERRUPTED
    assert "at step 3 of 10" in found.message
    assert "left no tested classifier: start the run again" in found.message
    assert backend.started == [at_work, waiting]


def test_an_interrupted_run_does_not_promise_a_model_that_nobody_can_use(runs, at_work, backend, clock):
    model = runs.folder(at_work).model_path
    model.mkdir()
    (model / "model.safetensors").touch()
    backend.alive.clear()
    clock.now += SILENCE_SECONDS + 0.1
    message = runs.get(at_work).status.message
    assert "left no tested classifier" in message
    assert "is kept" not in message
    with pytest.raises(RunError, match="no tested classifier"):
        runs.model_folder(at_work)


def test_a_silent_worker_that_can_be_seen_is_alive(runs, at_work, clock):
    clock.now += 3600
    assert runs.get(at_work).status.state is State.TRAINING


def test_a_worker_that_cannot_be_seen_but_beats_is_alive(runs, at_work, backend, clock):
    backend.alive.clear()
    clock.now += SILENCE_SECONDS - 0.1
    assert runs.get(at_work).status.state is State.TRAINING


def test_a_run_that_finished_just_before_its_process_went_stays_finished(runs, at_work, backend, clock, monkeypatch):
    clock.now += SILENCE_SECONDS + 1

    def finish_then_die(status):
        folder.write_status(Status(State.FINISHED, "Finished.", clock.now))
        return False

    folder = runs.folder(at_work)
    monkeypatch.setattr(backend, "is_alive", finish_then_die)
    assert runs.get(at_work).status.state is State.FINISHED


def test_a_started_run_whose_worker_never_came_returns_to_its_place_twice_and_then_fails(runs, submit, backend, clock):
    run_id, following = submit(), submit()
    for times in (1, 2):
        clock.now += PATIENCE_SECONDS - 0.1  # a slow start is no death
        assert runs.get(run_id).status.state is State.STARTING
        clock.now += 0.2
        assert runs.get(run_id).status.state is State.STARTING  # it went back, and was started again before the other
        assert backend.started == [run_id] * (times + 1)
    clock.now += PATIENCE_SECONDS + 0.1
    status = runs.get(run_id).status
    assert status.state is State.FAILED
    assert "No process came to do this run, 3 times in a row" in status.message
    assert backend.started[-1] == following


def test_who_was_started_is_known_before_it_speaks(runs, submit, backend, clock):
    backend.worker = Worker(WORKER, 1.0, platform.node())
    backend.alive.add(WORKER)
    run_id = submit()
    clock.now += 100 * PATIENCE_SECONDS  # however long it takes
    status = runs.get(run_id).status
    assert (status.state, status.pid, status.process_started) == (State.STARTING, WORKER, 1.0)
    backend.alive.clear()
    assert runs.get(run_id).status.state is State.INTERRUPTED


def test_what_a_fast_worker_has_said_is_not_overwritten(runs, submit, backend, clock, monkeypatch):
    said = Status(State.TRAINING, "Training.", clock.now, WORKER, 1.0, 3, 10, 5.0)

    def start(folder):
        folder.write_status(said)
        return Worker(WORKER + 1, 2.0, platform.node())

    monkeypatch.setattr(backend, "start", start)
    assert runs.folder(submit()).status() == said


def test_a_run_that_moved_on_while_it_was_being_given_up_is_not_buried(runs, at_work, backend, clock, monkeypatch):
    folder, enter = runs.folder(at_work), Queue.change

    def a_beat_before(queue):
        folder.write_status(replace(folder.status(), updated=clock.now))
        return enter(queue)

    monkeypatch.setattr(Queue, "change", a_beat_before)
    backend.alive.clear()
    clock.now += SILENCE_SECONDS + 0.1
    assert runs.get(at_work).status.state is State.TRAINING


def test_a_worker_deaf_to_a_cancel_is_told_then_killed_then_buried(runs, at_work, backend, clock):
    (runs.folder(at_work).model_path).mkdir()
    runs.cancel(at_work)
    asked = runs.folder(at_work).asked().time
    for waited, expected in ((0.5, set()), (1.1, {(WORKER, False)}), (1.6, {(WORKER, False), (WORKER, True)})):
        clock.now = asked + waited * GRACE_SECONDS
        runs.list()
        assert set(backend.ended) == expected
    backend.alive.clear()
    assert runs.get(at_work).status.state is State.CANCELLED
    assert not runs.folder(at_work).model_path.exists()


def test_a_worker_deaf_to_a_stop_is_left_alone(runs, at_work, backend, clock):
    runs.stop(at_work)
    clock.now += 100 * GRACE_SECONDS
    runs.list()
    assert backend.ended == []


def test_a_run_of_another_machine_is_judged_by_its_heart_beat_alone(runs, at_work, backend, clock):
    folder = runs.folder(at_work)
    folder.write_status(replace(folder.status(), host="another"))
    runs.cancel(at_work)
    backend.alive.clear()
    clock.now += SILENCE_ELSEWHERE_SECONDS - 0.1
    assert runs.get(at_work).status.state is State.TRAINING
    backend.alive.add(WORKER)  # a process of ours that happens to have this number
    clock.now += 0.2
    assert runs.get(at_work).status.state is State.CANCELLED
    assert backend.ended == []


def test_a_status_of_an_older_version_has_no_host_and_is_of_this_machine(runs, at_work, backend, clock):
    path = runs.folder(at_work).path / "status.json"
    values = json.loads(path.read_text())
    del values["host"]
    path.write_text(json.dumps(values))
    assert runs.get(at_work).status.state is State.TRAINING
    backend.alive.clear()
    clock.now += SILENCE_SECONDS + 0.1
    assert runs.get(at_work).status.state is State.INTERRUPTED


def test_a_run_says_from_its_start_which_machine_does_it(runs, submit):
    assert runs.folder(submit()).status().host == platform.node()
