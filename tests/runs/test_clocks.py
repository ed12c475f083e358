"""A cancel is insisted on as soon whatever the clock is set to, and a process is known wherever a home is copied."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from bertdemo.processes import Machine, find, is_over, owner, this_machine
from bertdemo.tasks.dispatcher import GRACE_SECONDS

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


def test_a_process_is_known_by_its_word():
    assert find(owner()).pid == os.getpid()
    assert is_over(owner()) is False


@pytest.mark.parametrize("elsewhere", [{"host": "another"}, {"boot": "another"}, {"namespace": "pid:[1]"}])
def test_a_process_of_another_machine_start_or_container_is_none_of_ours(monkeypatch, elsewhere):
    theirs, here = Machine(**vars(this_machine()) | elsewhere), this_machine()
    monkeypatch.setattr("bertdemo.processes.this_machine", lambda: theirs)
    word = owner()
    monkeypatch.setattr("bertdemo.processes.this_machine", lambda: here)
    assert find(word) is None
    assert is_over(word) is None  # it cannot be seen from here


def test_a_number_that_was_given_again_is_another_process():
    pid, ticks, machine = owner().split(".")
    assert find(f"{pid}.{int(ticks) - 1}.{machine}") is None


@AHEAD_OR_BACK
def test_a_cancel_is_insisted_on_as_soon_however_the_clock_is_set(runs, at_work, backend, clock, set_clock, hours):
    runs.cancel(at_work)
    clock.now = runs.folder(at_work).asked().time
    set_clock(hours)
    clock.now += GRACE_SECONDS - 0.1
    runs.list()
    assert backend.ended == []
    clock.now += 0.2
    runs.list()
    assert backend.ended[0] == (at_work, False)
