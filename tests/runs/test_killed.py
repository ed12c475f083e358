"""Processes that are killed: before a worker is there, while one is coming, and with drafts left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bertdemo.processes import owner
from bertdemo.tasks.lock import WorkerLock, is_held
from bertdemo.tasks.records import State, Status
from tests.runs.fakes import fake_runs
from tests.runs.test_processes import ended

ROOT = Path(__file__).parents[2]
# Submits a run, and is killed as soon as it comes to the function that is named.
_SUBMITTER = """
import importlib, os, signal, sys
from pathlib import Path
from bertdemo.data.dataset import Dataset, Split
from bertdemo.settings import Settings
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import fake_runs

module, name, function = sys.argv[2].rsplit(".", 2)
deadly = getattr(importlib.import_module(module), name)
setattr(deadly, function, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
split = Split(Dataset("d", tuple("abcd"), (0, 1, 0, 1), ("x", "y")), (0, 1), (2,), (3,), 0)
fake_runs(Settings(Path(sys.argv[1]))).submit(split, Recipe(base="fake"))
"""
PLACES = (
    "bertdemo.tasks.dispatcher.Dispatcher.join",  # the folder is there, and the queue does not know
    "bertdemo.tasks.queue.QueueTransaction.take_device",  # the folder says that it starts, and the queue that it waits
    "bertdemo.tasks.local.LocalBackend.start",  # both say that it starts
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.rsplit(".", 1)[1])
def test_a_submission_killed_before_its_worker_is_there_is_done_all_the_same(settings, place):
    command = [sys.executable, "-c", _SUBMITTER, settings.home, place]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    later = fake_runs(settings)
    [run] = later.list()
    assert ended(later, run.id) is State.FINISHED
    assert later.folder(run.id).status().returned <= 1


def test_a_submission_killed_while_it_writes_leaves_no_run_and_no_draft(settings):
    command = [sys.executable, "-c", _SUBMITTER, settings.home, "bertdemo.runs.folder.RunFolder.write_name"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert list((settings.home / "runs").iterdir())
    assert fake_runs(settings).list() == []
    assert list((settings.home / "runs").iterdir()) == []


def test_a_run_whose_worker_is_just_being_started_is_not_given_back(runs, submit, backend, monkeypatch):
    """Who claimed it has its lock: a machine may be slow to start a process."""
    looked = []

    def start(folder, lock):
        looked.append((runs.get(folder.id).status.state, WorkerLock.take(folder.lock_path)))

    monkeypatch.setattr(backend, "start", start)
    monkeypatch.setattr(backend, "is_alive", lambda folder: is_held(folder.lock_path))
    submit()
    assert looked == [(State.STARTING, None)] * 3  # each time that nobody had it


def test_a_run_that_another_still_holds_waits_for_its_turn(runs, submit, backend):
    """As a worker does that has said its last word, while a person already lets its run go on."""
    folder, after = runs.folder(submit()), runs.folder(submit())
    backend.alive.clear()
    folder.write_status(Status(State.QUEUED, "Waiting for its turn.", 0.0))
    with WorkerLock.take(folder.lock_path):
        runs.dispatch()
        assert backend.started == [folder.id, after.id]
    assert runs.get(folder.id).position == 1


def test_a_run_that_waits_again_does_not_keep_the_device(runs, submit, backend, clock):
    """Whoever let it wait was killed before the queue knew."""
    run_id, following = submit(), submit()
    folder = runs.folder(run_id)
    folder.write_status(Status(State.QUEUED, "Waiting for its turn.", clock.now))
    runs.dispatch()
    assert backend.started == [run_id, run_id]
    assert runs.folder(following).status().state is State.QUEUED


@pytest.fixture(scope="module")
def dead() -> str:
    """The owner's word of a process that has ended."""
    command = [sys.executable, "-c", "from bertdemo.processes import owner; print(owner())"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def test_whoever_looks_at_a_run_removes_what_killed_processes_left(runs, submit, clock, dead):
    folder = runs.folder(submit())
    folder.model_path.mkdir()
    folders = (folder.path.parent, folder.path, folder.model_path)
    for place in folders:
        for stage, named in (("draft", dead), ("deleted", dead), ("draft", owner())):
            (place / f".{stage}-x-{named}-00000000").touch()
    runs.list()
    for place in folders:
        assert [path.name for path in place.glob(".*")] == [f".draft-x-{owner()}-00000000"]


def test_a_model_that_was_ready_when_its_worker_was_killed_goes_with_a_cancel(runs, at_work, backend, clock, dead):
    folder = runs.folder(at_work)
    (folder.path / f".ready-model-{dead}-00000000").mkdir()
    backend.alive.clear()
    folder.write_request("cancel")
    assert runs.get(at_work).status.state is State.CANCELLED
    assert not folder.has_whole_model()
    assert not folder.model_path.exists()
