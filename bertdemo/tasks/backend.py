"""The small interface behind which a task is executed; nothing else knows where that is, or reads who does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.lock import WorkerLock, is_held

_Folder_contra = TypeVar("_Folder_contra", bound=TaskFolder, contravariant=True)


class Backend(Protocol[_Folder_contra]):
    """Starts the worker of a task, says whether it lives, and ends it by force."""

    def start(self, folder: _Folder_contra, lock: WorkerLock) -> None:
        """Start the work and return at once.

        The lock of the folder has to be held for as long as it is done; the caller closes its own when this returns.
        A reference to the worker is written into the lock.

        Raises:
            OSError: the machine cannot start it.
        """

    def is_alive(self, folder: _Folder_contra) -> bool:
        """Return whether somebody does this task."""

    def end(self, folder: _Folder_contra, *, force: bool) -> bool:
        """Tell the worker and its children to end now; with ``force`` they are not asked.

        Returns whether there was one to tell that can be reached from here.
        """


class ImmediateBackend:
    """Does the work before ``start`` returns, in this process: for tests and notebooks.

    ``work`` is what a worker does with a folder, such as ``runs.worker.work``.
    """

    def __init__(self, work: Callable[[Any], object]) -> None:
        self._work = work

    def start(self, folder: Any, lock: WorkerLock) -> None:  # noqa: ARG002 - the caller holds it until this returns
        self._work(folder)

    def is_alive(self, folder: TaskFolder) -> bool:
        return is_held(folder.lock_path)

    def end(self, folder: TaskFolder, *, force: bool) -> bool:  # noqa: ARG002
        """Do nothing: nothing is left to end."""
        return False
