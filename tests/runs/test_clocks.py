"""A run lives or is gone whatever the clock is set to, wherever its home is copied, in whatever container it works."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from types import SimpleNamespace

import psutil
import pytest

from bertdemo.processes import Machine, booted, start_ticks, this_machine
from bertdemo.tasks.dispatcher import GRACE_SECONDS, PATIENCE_SECONDS, SILENCE_ELSEWHERE_SECONDS, SILENCE_SECONDS
from bertdemo.tasks.liveness import worker_of
from bertdemo.tasks.local import LocalBackend
from bertdemo.tasks.records import State, Status
from tests.runs.conftest import WORKER

HOUR = 3600.0
AHEAD_OR_BACK = pytest.mark.parametrize("hours", [3, -3])


@pytest.fixture
def set_clock(monkeypatch, clock):
    """Sets the clock of this machine ahead by some hours, which takes no time."""
    machine = SimpleNamespace(started=clock.now - 1000, up=1000.0)
    now = SimpleNamespace(time=lambda: machine.started + machine.up, monotonic=lambda: machine.up)
    monkeypatch.setattr("bertdemo.processes.time", now)

    def set_(hours: float) -> None:
        clock.now += hours * HOUR
        machine.started += hours * HOUR

    return set_


@pytest.fixture
def beaten(runs, at_work, clock, set_clock):
    """The folder of a run at work whose worker has just beaten, as workers do now."""
    folder = runs.folder(at_work)
    here = this_machine()
    said = replace(folder.status(), host=here.host, boot=here.boot, namespace=here.namespace, booted=booted())
    folder.write_status(replace(said, updated=clock.now))
    return folder


def worker_here() -> Status:
    """What this process would say as a worker."""
    return Status(State.TRAINING, "", 0.0, **asdict(worker_of(psutil.Process())))


@AHEAD_OR_BACK
def test_a_worker_is_known_however_the_clock_was_set_since_it_started(settings, hours):
    said = worker_here()
    assert LocalBackend(settings, ()).is_alive(replace(said, process_started=said.process_started + hours * HOUR))


def test_a_number_that_was_given_again_is_not_our_worker(settings):
    said = worker_here()
    assert said.ticks == start_ticks(os.getpid())
    assert not LocalBackend(settings, ()).is_alive(replace(said, ticks=said.ticks - 1))


@pytest.mark.parametrize("elsewhere", [{"host": "another"}, {"boot": "another"}, {"namespace": "pid:[1]"}])
def test_a_process_of_another_machine_start_or_container_is_none_of_ours_and_is_never_ended(settings, elsewhere):
    backend, said = LocalBackend(settings, ()), worker_here()
    assert backend.is_alive(said)
    theirs = replace(said, **elsewhere)
    assert not backend.is_alive(theirs)
    backend.end(theirs, force=True)  # it would be this process


@AHEAD_OR_BACK
def test_a_beat_is_as_old_as_it_is_however_the_clock_is_set(runs, at_work, beaten, backend, clock, set_clock, hours):
    backend.alive.clear()
    set_clock(hours)
    clock.now += SILENCE_SECONDS - 0.1
    assert runs.get(at_work).status.state is State.TRAINING
    clock.now += 0.2
    assert runs.get(at_work).status.state is State.INTERRUPTED


@AHEAD_OR_BACK
def test_a_start_is_waited_for_as_long_however_the_clock_is_set(runs, submit, clock, set_clock, hours):
    run_id = submit()
    set_clock(hours)
    clock.now += PATIENCE_SECONDS - 0.1
    assert runs.get(run_id).status.returned == 0
    clock.now += 0.2
    assert runs.get(run_id).status.returned == 1


@AHEAD_OR_BACK
def test_a_cancel_is_insisted_on_as_soon_however_the_clock_is_set(
    runs, at_work, beaten, backend, clock, set_clock, hours
):
    runs.cancel(at_work)
    clock.now = runs.folder(at_work).asked().time
    set_clock(hours)
    clock.now += GRACE_SECONDS - 0.1
    runs.list()
    assert backend.ended == []
    clock.now += 0.2
    runs.list()
    assert backend.ended[0] == (WORKER, False)


def test_a_home_copied_to_a_machine_of_the_same_name_tells_within_minutes_that_nobody_works_there(
    runs, at_work, beaten, backend, clock, monkeypatch
):
    copy = Machine(this_machine().host, "the start of the copy", this_machine().namespace)
    monkeypatch.setattr("bertdemo.tasks.liveness.this_machine", lambda: copy)
    backend.alive.add(WORKER)  # a process of the copy that happens to have this number
    assert runs.get(at_work).status.state is State.TRAINING  # it might be a home that both share
    clock.now += SILENCE_ELSEWHERE_SECONDS + 0.1
    assert runs.get(at_work).status.state is State.INTERRUPTED
    assert backend.ended == []


@AHEAD_OR_BACK
def test_whose_beats_are_heard_lives_however_its_clock_differs(runs, at_work, beaten, clock, monkeypatch, hours):
    up = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr("bertdemo.tasks.liveness.time", SimpleNamespace(monotonic=lambda: up.seconds))
    theirs = replace(beaten.status(), host="another", boot="another", updated=clock.now)
    for beats in range(5):
        beaten.write_status(replace(theirs, updated=clock.now + (beats > 0) * hours * HOUR + beats))
        assert runs.get(at_work).status.state is State.TRAINING
    up.seconds += SILENCE_ELSEWHERE_SECONDS + 1
    assert runs.get(at_work).status.state is State.INTERRUPTED


def test_a_status_of_an_older_version_is_judged_by_what_it_tells(settings, runs, at_work, backend, clock):
    path, me = runs.folder(at_work).path / "status.json", psutil.Process()
    values = json.loads(path.read_text())
    for name in ("ticks", "boot", "namespace", "booted", "claimer", "returned", "trained", "only_test"):
        del values[name]
    values |= {"pid": me.pid, "process_started": me.create_time(), "host": this_machine().host}
    path.write_text(json.dumps(values))
    said = runs.folder(at_work).status()
    assert LocalBackend(settings, ()).is_alive(said)
    assert not LocalBackend(settings, ()).is_alive(replace(said, process_started=said.process_started - HOUR))
    clock.now += SILENCE_SECONDS + 0.1
    assert runs.get(at_work).status.state is State.INTERRUPTED


def test_a_worker_tells_all_that_it_is_known_by(make_folder):
    from tests.runs.fakes import fake_work

    folder, here = make_folder(), this_machine()
    fake_work(folder)
    status = folder.status()
    assert (status.host, status.boot, status.namespace) == (here.host, here.boot, here.namespace)
    assert status.ticks == start_ticks(os.getpid())
    assert status.booted == pytest.approx(booted(), abs=1)
