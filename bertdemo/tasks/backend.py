"""The small interface behind which a task is executed; nothing else knows where that is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.records import Status, Worker

_Folder_contra = TypeVar("_Folder_contra", bound=TaskFolder, contravariant=True)


class Backend(Protocol[_Folder_contra]):
    """Starts the worker of a task, says whether it lives, and ends it by force."""

    def prepare(self) -> None:
        """Make ready for a task that will probably come soon; return at once."""

    def start(self, folder: _Folder_contra) -> Worker | None:
        """Start the work and return at once who does it; None if nobody is needed any more.

        Raises:
            OSError: the machine cannot start it.
        """

    def is_alive(self, status: Status) -> bool:
        """Return whether the worker that wrote ``status`` still exists."""

    def end(self, status: Status, *, force: bool) -> None:
        """Tell the worker and its children to end now; with ``force`` they are not asked."""


class ImmediateBackend:
    """Does the work before ``start`` returns, in this process: for tests and notebooks.

    ``work`` is what a worker does with a folder, such as ``runs.worker.work``.
    """

    def __init__(self, work: Callable[[Any], object]) -> None:
        self._work = work

    def prepare(self) -> None:
        """Do nothing: what is imported here is there already."""

    def start(self, folder: Any) -> None:
        self._work(folder)

    def is_alive(self, status: Status) -> bool:
        return status.pid == os.getpid()

    def end(self, status: Status, *, force: bool) -> None:
        """Do nothing: nothing is left to end."""
