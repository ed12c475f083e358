"""Whether a run lives, as those see it who look at it from outside."""

from __future__ import annotations

import json

import pytest

from bertdemo.errors import RunError
from bertdemo.tasks.dispatcher import GRACE_SECONDS
from bertdemo.tasks.queue import Queue
from bertdemo.tasks.records import State, Status


def test_a_worker_that_is_gone_is_noticed_and_the_next_run_starts(runs, submit, at_work, backend, clock):
    waiting = submit()
    backend.alive.clear()
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
    message = runs.get(at_work).status.message
    assert "left no tested classifier" in message
    assert "is kept" not in message
    with pytest.raises(RunError, match="no tested classifier"):
        runs.model_folder(at_work)


def test_a_silent_worker_is_alive(runs, at_work, clock):
    clock.now += 3600
    assert runs.get(at_work).status.state is State.TRAINING


def test_a_run_that_finished_just_before_its_process_went_stays_finished(runs, at_work, backend, clock, monkeypatch):

    def finish_then_die(_):
        folder.write_status(Status(State.FINISHED, "Finished.", clock.now))
        return False

    folder = runs.folder(at_work)
    monkeypatch.setattr(backend, "is_alive", finish_then_die)
    assert runs.get(at_work).status.state is State.FINISHED


def test_a_run_that_no_worker_comes_for_is_started_three_times_and_then_fails(runs, submit, backend):
    at_work = submit()
    run_id, following = submit(), submit()
    backend.keeps = False
    runs.folder(at_work).write_status(Status(State.FINISHED, "Finished.", 0.0))
    status = runs.get(run_id).status
    assert backend.started == [at_work] + [run_id] * 3 + [following] * 3
    assert status.state is State.FAILED
    assert "No process came to do this run, 3 times in a row" in status.message


def test_who_was_started_and_died_before_it_spoke_was_there(runs, submit, backend):
    run_id = submit()
    assert runs.get(run_id).status.state is State.STARTING
    backend.alive.clear()
    assert runs.get(run_id).status.state is State.INTERRUPTED


def test_a_run_that_is_done_again_while_it_was_being_given_up_is_not_buried(runs, at_work, backend, monkeypatch):
    enter = Queue.change

    def another_comes(queue):
        backend.alive.add(at_work)
        return enter(queue)

    monkeypatch.setattr(Queue, "change", another_comes)
    backend.alive.clear()
    assert runs.get(at_work).status.state is State.TRAINING


def test_a_worker_deaf_to_a_cancel_is_told_then_killed_then_buried(runs, at_work, backend, clock):
    (runs.folder(at_work).model_path).mkdir()
    runs.cancel(at_work)
    asked = runs.folder(at_work).asked().time
    for waited, expected in ((0.5, set()), (1.1, {(at_work, False)}), (1.6, {(at_work, False), (at_work, True)})):
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


def test_a_status_of_an_older_version_has_a_worker_that_nobody_can_see(runs, at_work, backend):
    path = runs.folder(at_work).path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": 1, "host": "here", "ticks": 7, "claimer": ""}))
    assert runs.get(at_work).status.state is State.TRAINING
    backend.alive.clear()
    assert runs.get(at_work).status.state is State.INTERRUPTED
