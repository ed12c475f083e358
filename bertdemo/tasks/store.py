"""What the store of runs and the store of jobs have in common: ids, the line, requests, and what is left behind."""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from bertdemo.drafts import Sweeper
from bertdemo.errors import RunError, StorageError
from bertdemo.tasks.backend import Backend
from bertdemo.tasks.dispatcher import ID, Dispatcher
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.records import Request, State, Status

_Folder = TypeVar("_Folder", bound=TaskFolder)

_LONGEST_SLUG = 40  # of 64 characters; date, time and a random end take the rest


class TaskStore(Generic[_Folder]):
    """The folders below ``root``, one for each run or each job, whose order of work is kept in ``queue_path``.

    Any number of these may exist, in any number of processes. Methods that take an id raise ``RunError`` where there
    is none of that id; those that write raise ``StorageError`` where the disk does not let them.
    """

    def __init__(
        self,
        open_folder: type[_Folder],
        root: Path,
        queue_path: Path,
        backend: Backend[_Folder],
        clock: Callable[[], float],
    ) -> None:
        self.open_folder = open_folder
        self._root = root
        self._clock = clock
        self._backend = backend
        self._sweeper = Sweeper()
        self._dispatcher = Dispatcher(root, queue_path, backend, clock, open_folder)

    def folder(self, task_id: str) -> _Folder:
        """Return the folder of one. An id from outside is data: it names a folder in the home, or nothing."""
        path = self._root / task_id
        if not ID.fullmatch(task_id) or not path.is_dir() or path.resolve().parent != self._root.resolve():
            kind = self.open_folder.kind
            raise RunError(f"There is no {kind} {task_id[:80]!r}: choose one from the list of {kind}s.")
        return self.open_folder(path)

    def writable_folder(self, task_id: str) -> _Folder:
        """Return the folder of one that may be stopped, renamed or deleted."""
        return self.folder(task_id)

    def is_busy(self) -> bool:
        """Return whether one is at work; where the queue cannot be read, one may be."""
        try:
            return self._dispatcher.is_busy()
        except StorageError:
            return True

    def dispatch(self) -> None:
        """Start the next one if nothing is at work; safe to call at any time, from any number of processes."""
        self._dispatcher.dispatch()

    def delete(self, task_id: str) -> None:
        """Remove one for good; a damaged one, too.

        Raises:
            RunError: it is still live.
        """
        folder = self.writable_folder(task_id)
        status = self._status_or_explain(folder)
        if status.state.is_live:
            raise RunError(f"The {folder.kind} {task_id} is still {status.state}: stop or cancel it first.")
        folder.remove()

    def log(self, task_id: str, last: int = 200) -> str:
        return self.folder(task_id).log(last)

    def _enqueue(self, folder: _Folder) -> None:
        """Put a new folder at the end of the line, and start it if nothing is at work; without a line it goes."""
        try:
            self._dispatcher.join([folder])
        except StorageError:
            folder.remove()
            raise
        self._dispatch_quietly()

    def _ask(self, task_id: str, request: Request, if_waiting: str) -> None:
        folder = self.writable_folder(task_id)
        state = self._dispatcher.refresh_status(folder).state
        if not state.is_live:
            raise RunError(f"The {folder.kind} {task_id} is already {state}: there is nothing left to {request}.")
        folder.write_request(request)
        self._dispatcher.withdraw(folder, if_waiting)
        self._dispatch_quietly()

    def _dispatch_quietly(self) -> None:
        """Keep the queue moving, and remove what killed processes left of submissions and deletions.

        A full or read-only disk must not stop a person from looking.
        """
        self._sweeper.look(self._root, self._clock())
        with contextlib.suppress(StorageError):
            self._dispatcher.dispatch()

    def _positions(self, queued: Sequence[_Folder]) -> dict[str, int]:
        """Place in the queue (1 = next) of what waits; one that lost its place or was copied here joins."""
        if not queued:
            return {}
        with contextlib.suppress(StorageError):
            waiting = self._dispatcher.waiting()
            if not {folder.id for folder in queued} <= set(waiting):
                self._dispatcher.join(queued)
                waiting = self._dispatcher.waiting()
            return {task_id: place for place, task_id in enumerate(waiting, start=1)}
        return {}

    def _status_or_explain(self, folder: _Folder) -> Status:
        try:
            return self._dispatcher.refresh_status(folder)
        except RunError as error:
            return Status(State.FAILED, str(error), self._clock())


def new_id(name: str, now: float) -> str:
    """Return an id that tells what and when (UTC), and that is unique: ``sms_spam-20250131-142501-3fa2c1``."""
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:_LONGEST_SLUG] or "data"
    return f"{slug}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"
