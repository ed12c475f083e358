"""Waits for a task from the outside, as pages, commands and the library do: it reads the folder, not the work."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from bertdemo.errors import RunError
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.records import Status

_SECONDS_BETWEEN_LOOKS = 0.2


class Task(Protocol):
    """A run, a job or a study as it stands."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> Status: ...
    @property
    def position(self) -> int | None: ...


_Task = TypeVar("_Task", bound=Task)
_Task_co = TypeVar("_Task_co", bound=Task, covariant=True)


class Store(Protocol[_Task_co]):
    """The runs, the jobs or the studies of a home."""

    def get(self, task_id: str, /) -> _Task_co: ...
    def folder(self, task_id: str, /) -> TaskFolder: ...
    def cancel(self, task_id: str, /) -> None: ...
    def delete(self, task_id: str, /) -> None: ...


class Resumable(Task, Protocol):
    """A job or a study: what is done of it is kept."""

    @property
    def can_resume(self) -> bool: ...


class ResumableStore(Store[_Task_co], Protocol[_Task_co]):
    """The jobs or the studies of a home."""

    def resume(self, task_id: str, /) -> None: ...


def follow(store: Store[_Task], task_id: str) -> Iterator[_Task]:
    """Yield a task as it stands, look after look; the last time it has ended.

    Raises:
        RunError: there is none of that id, or it is damaged.
    """
    while (task := store.get(task_id)).status.state.is_live:
        yield task
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    yield task


def until_ended(store: Store[_Task], task_id: str, look: Callable[[_Task], None], end: Callable[[str], None]) -> _Task:
    """Call ``look`` with a task as it stands until it has ended, and return it.

    The first Ctrl-C calls ``end`` with its id and waits on.

    Raises:
        KeyboardInterrupt: Ctrl-C a second time; the task goes on without us.
        RunError: see ``follow``.
    """
    try:
        return _look_on(store, task_id, look)
    except KeyboardInterrupt:
        with contextlib.suppress(RunError):  # it may have ended on its own just before
            end(task_id)
        return _look_on(store, task_id, look)


def _look_on(store: Store[_Task], task_id: str, look: Callable[[_Task], None]) -> _Task:
    for task in follow(store, task_id):
        look(task)
    return task
