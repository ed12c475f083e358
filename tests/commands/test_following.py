"""What ``train`` says on stderr of a run that waits, and of one that a person leaves."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from bertdemo.commands.console import Console
from bertdemo.commands.following import Teller
from bertdemo.commands.train import INTERRUPTED, follow_or_leave
from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks import following
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe


@pytest.fixture
def runs(tmp_path, idle_workers) -> Runs:
    """A home whose workers never say a word: a run stands as the tests write it."""
    return Runs(Settings(tmp_path))


@pytest.fixture
def submit(runs: Runs, small_dataset: Dataset) -> Callable[[], str]:
    return lambda: runs.submit(split(small_dataset, seed=1), Recipe())


def end(runs: Runs, run_id: str, state: State = State.CANCELLED) -> None:
    runs.folder(run_id).write_status(Status(state, "Over.", 0.0))


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def follow_third_in_line(runs: Runs, submit: Callable[[], str], monkeypatch, stderr: io.StringIO) -> None:
    """Two runs come before it, end one after the other while it is looked at, and then it ends itself."""
    ids = [submit() for _ in range(3)]
    looks = iter([None, *(step for run_id in ids for step in (run_id, None))])

    def look_again(_: float) -> None:
        if run_id := next(looks):
            end(runs, run_id)

    monkeypatch.setattr(following.time, "sleep", look_again)
    teller = Teller(runs, ids[-1], Console(as_json=False, stderr=stderr))
    for run in following.follow(runs, ids[-1]):
        teller.look(run)
    assert run.status.state is State.CANCELLED


def test_a_run_that_waits_says_so_once_for_each_place_in_the_line(runs, submit, monkeypatch):
    stderr = io.StringIO()
    follow_third_in_line(runs, submit, monkeypatch, stderr)
    assert stderr.getvalue() == "waiting: 2 runs before this one\nwaiting: 1 run before this one\n"


def test_a_terminal_shows_the_same_words_as_a_passing_line(runs, submit, monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: True)
    follow_third_in_line(runs, submit, monkeypatch, stderr)
    shown = list(dict.fromkeys(stderr.getvalue().split("\r\x1b[K")))
    assert shown == ["", "waiting: 2 runs before this one", "waiting: 1 run before this one", "Starting."]


def last_line(runs: Runs, run_id: str, capsys) -> str:
    assert follow_or_leave(runs, run_id, Console(as_json=False), detach=False) == INTERRUPTED
    return capsys.readouterr().err.splitlines()[-1]


def test_who_leaves_a_run_that_was_asked_to_stop_hears_that_it_ends(runs, submit, monkeypatch, capsys):
    run_id = submit()
    monkeypatch.setattr(following.time, "sleep", interrupt)
    words = f"{run_id} is ending by itself: python -m bertdemo report {run_id} then says what it kept."
    assert last_line(runs, run_id, capsys) == words


def test_who_leaves_before_the_stop_was_asked_for_hears_that_the_run_goes_on(runs, submit, monkeypatch, capsys):
    run_id = submit()
    monkeypatch.setattr(following.time, "sleep", interrupt)
    monkeypatch.setattr(runs, "stop", interrupt)
    assert last_line(runs, run_id, capsys) == f"{run_id} goes on: python -m bertdemo stop {run_id} ends it."


def test_who_leaves_a_run_that_somebody_cancels_hears_that_nothing_is_kept(runs, submit, monkeypatch, capsys):
    run_id = submit()
    runs.cancel(run_id)
    monkeypatch.setattr(following.time, "sleep", interrupt)
    assert last_line(runs, run_id, capsys) == f"{run_id} is being cancelled: nothing of it will be kept."


def test_who_leaves_a_run_that_has_just_ended_hears_how(runs, submit, monkeypatch, capsys):
    run_id = submit()

    def end_meanwhile(_: str) -> None:
        end(runs, run_id, State.FINISHED)
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", interrupt)
    monkeypatch.setattr(runs, "stop", end_meanwhile)
    words = f"{run_id} is already finished: python -m bertdemo report {run_id} says what it kept."
    assert last_line(runs, run_id, capsys) == words
