"""Waiting for a task from the outside: look after look, to the end, whatever a person presses."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from bertdemo.errors import RunError
from bertdemo.tasks import following
from bertdemo.tasks.records import State


@dataclass
class Store:
    """A task that ends after so many looks."""

    looks: int

    def get(self, task_id: str) -> SimpleNamespace:
        self.looks -= 1
        state = State.TRAINING if self.looks > 0 else State.FINISHED
        return SimpleNamespace(id=task_id, status=SimpleNamespace(state=state), position=None)


def press(monkeypatch, times: int) -> None:
    """Ctrl-C in so many of the pauses between two looks."""
    left = iter([True] * times)

    def sleep(_: float) -> None:
        if next(left, False):
            raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", sleep)


@pytest.mark.parametrize("looks", [1, 3])
def test_it_is_looked_at_until_it_has_ended_and_the_last_look_is_at_its_end(monkeypatch, looks):
    press(monkeypatch, 0)
    seen = [task.status.state for task in following.follow(Store(looks), "one")]
    assert seen == [State.TRAINING] * (looks - 1) + [State.FINISHED]


def test_ctrl_c_asks_for_its_end_and_looks_on(monkeypatch):
    press(monkeypatch, 1)
    looks, asked = [], []
    ended = following.until_ended(Store(4), "one", looks.append, asked.append)
    assert (asked, len(looks), ended.status.state) == (["one"], 4, State.FINISHED)


def test_that_it_has_ended_meanwhile_is_no_error(monkeypatch):
    def end(_: str) -> None:
        raise RunError("It is already finished.")

    press(monkeypatch, 1)
    assert following.until_ended(Store(2), "one", lambda _: None, end).status.state is State.FINISHED


def test_ctrl_c_a_second_time_leaves_it(monkeypatch):
    press(monkeypatch, 2)
    asked = []
    with pytest.raises(KeyboardInterrupt):
        following.until_ended(Store(9), "one", lambda _: None, asked.append)
    assert asked == ["one"]
