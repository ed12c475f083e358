"""Keeps the queue moving: starts the next task when the device is free, and notices workers that are gone.

There is no dispatcher process. Whoever looks at the tasks calls ``dispatch``, as does the process of a worker at its
end; it does nothing when there is nothing to do, and may be called by several processes at once.

A task leaves the state *queued* only inside a transaction of the queue and with its lock taken: one caller may start it
while another cancels it, and only one of them succeeds. Who starts it hands the lock to the worker (``lock.py``): a
task in a live state whose lock nobody holds is one whose worker is gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from bertdemo.drafts import Sweeper
from bertdemo.errors import RunError, StorageError
from bertdemo.tasks.backend import Backend
from bertdemo.tasks.failures import sentence, storage
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.lock import WorkerLock, named_worker
from bertdemo.tasks.queue import Queue, QueueTransaction
from bertdemo.tasks.records import State, Status

_Folder = TypeVar("_Folder", bound=TaskFolder)

ID = re.compile(r"[a-z0-9_-]{1,64}")
GRACE_SECONDS = 10.0  # after a cancel the worker is told to end; after half as long again it is ended
_DYING_SECONDS = 10.0  # a killed process frees its memory first, and on a busy machine waits for its turn to do so
_LOOK_SECONDS = 0.01
_MOST_RETURNS = 2  # to the queue: what no worker came for a third time will hardly find one

_log = logging.getLogger(__name__)


class Dispatcher(Generic[_Folder]):
    """Moves the runs below ``root`` from *queued* to the backend, and from a dead worker to a final state.

    ``open_folder`` makes of a path the folder of a run.
    """

    def __init__(
        self,
        root: Path,
        queue_path: Path,
        backend: Backend[_Folder],
        clock: Callable[[], float],
        open_folder: Callable[[Path], _Folder],
    ) -> None:
        self._root = root
        self._open = open_folder
        self._queue = Queue(queue_path, refill=lambda transaction: self._restore_queue(transaction, self.folders()))
        self._backend = backend
        self._clock = clock
        self._sweeper = Sweeper()

    def ids(self) -> list[str]:
        """Return the names of all task folders; drafts and half-deleted ones start with a dot and are none."""
        try:
            with os.scandir(self._root) as entries:
                return sorted(each.name for each in entries if ID.fullmatch(each.name) and each.is_dir())
        except FileNotFoundError:
            return []

    def folders(self) -> list[_Folder]:
        """Return all task folders."""
        return [self._open(self._root / each) for each in self.ids()]

    def join(self, folders: Iterable[_Folder]) -> None:
        """Put runs that are queued at the end of the queue; those that stand in it keep their place."""
        with self._queue.change() as transaction:
            self._restore_queue(transaction, folders)

    def waiting(self) -> list[str]:
        """Return ids of the runs that wait, the next one first."""
        with self._queue.look() as transaction:
            return transaction.waiting()

    def is_busy(self) -> bool:
        """Return whether a run has the device."""
        if not self._root.is_dir():
            return False
        with self._queue.look() as transaction:
            return transaction.at_work() is not None

    def withdraw(self, folder: _Folder, message: str) -> None:
        """Cancel a run that has not begun; nothing happens if it has."""
        with self._queue.change() as transaction:
            status = folder.status()
            if status.state is State.QUEUED:
                folder.write_status(folder.withdrawn(status, message, self._clock()))
                transaction.leave(folder.id)

    def end_while_loading(self, folder: _Folder) -> None:
        """End the worker of what is to be cancelled and still starts: while it imports and loads it hears nothing.

        For work that may be killed anywhere. A worker that cannot be reached is left to hear of it by itself.
        """
        if folder.status().state is not State.STARTING or not self._backend.end(folder, force=True):
            return
        end = time.monotonic() + _DYING_SECONDS
        while self._backend.is_alive(folder) and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        self.refresh_status(folder)

    def requeue(self, folder: _Folder, known: Status) -> bool:
        """Let what ended with the status ``known`` wait at the end of the queue; if that has changed, do nothing.

        Returns whether it was this call that did.
        """
        with self._queue.change() as transaction:
            is_known = folder.status() == known
            if is_known:
                transaction.leave(folder.id)  # it may still stand as the one at work
                folder.queue_again(self._clock())
                transaction.join(folder.id)
            return is_known

    def dispatch(self) -> None:
        """Start the task that is next, if the device is free.

        Raises:
            StorageError: the queue or a status cannot be written.
        """
        while self._root.is_dir() and (claimed := self._claim()) is not None:
            folder, lock = claimed
            with lock:
                try:
                    self._backend.start(folder, lock)
                except OSError as error:
                    _log.exception("the worker of %s could not be started", folder.id)
                    folder.write_status(Status(State.FAILED, sentence(error), self._clock()))

    def refresh_status(self, folder: _Folder) -> Status:
        """Return the status of a run; if its worker is gone, a final status, which is written.

        Raises:
            RunError: the folder is damaged.
        """
        for place in folder.places():
            self._sweeper.look(place, self._clock())
        status = folder.status()
        if not _is_begun(status):
            return status
        self._end_unresponsive(folder)
        return status if self._backend.is_alive(folder) else self._mark_gone(folder)

    def _claim(self) -> tuple[_Folder, WorkerLock] | None:
        """Take the next task off the queue, mark it as started and take its lock; None without one, or a device."""
        with self._queue.look() as transaction:
            busy, waiting = transaction.at_work(), transaction.waiting()
        if (busy and self._is_still_done(self._open(self._root / busy))) or not (busy or waiting):
            return None
        with self._queue.change() as transaction:
            if not self._is_device_free(transaction, busy):
                return None  # another process was faster
            return self._take_next(transaction)

    def _is_device_free(self, transaction: QueueTransaction, busy: str | None) -> bool:
        """Take off the device what was on it before and is done no more."""
        at_work = transaction.at_work()
        if at_work is None:
            return True
        state = _state(self._open(self._root / at_work))
        if at_work != busy or (state is not None and state.is_live and state is not State.QUEUED):
            return False
        if state is State.QUEUED:  # whoever let it wait again was killed before the queue knew
            transaction.give_back(at_work)
        else:
            transaction.leave(at_work)
        return True

    def _take_next(self, transaction: QueueTransaction) -> tuple[_Folder, WorkerLock] | None:
        for task_id in transaction.waiting():
            folder = self._open(self._root / task_id)
            if _state(folder) not in (State.QUEUED, State.STARTING):  # or who claimed it was killed meanwhile
                transaction.leave(task_id)  # it was deleted or damaged
                continue
            with storage(folder.path):
                lock = WorkerLock.take(folder.lock_path)
            if lock is not None:
                with _closed_on_error(lock):
                    starting = replace(folder.status(), state=State.STARTING, message="Starting.")
                    folder.write_status(replace(starting, updated=self._clock()))
                    transaction.take_device(task_id)
                    return folder, lock
        return None

    def _is_still_done(self, folder: _Folder) -> bool:
        try:
            return _is_begun(self.refresh_status(folder))
        except RunError:
            return False

    def _restore_queue(self, transaction: QueueTransaction, folders: Iterable[_Folder]) -> None:
        """Put into the queue what the folders say belongs there: those that wait, and the one at work."""
        for folder in sorted(folders, key=_submitted):
            if _state(folder) is State.QUEUED:
                transaction.join(folder.id)
            elif transaction.at_work() is None and self._is_at_work(folder):
                transaction.take_device(folder.id)

    def _is_at_work(self, folder: _Folder) -> bool:
        """Return whether a worker does it; unlike ``_is_still_done`` this marks nothing, as inside a transaction."""
        try:
            return _is_begun(folder.status()) and self._backend.is_alive(folder)
        except RunError:
            return False

    def _end_unresponsive(self, folder: _Folder) -> None:
        asked = folder.asked()
        waited = asked.seconds_ago(self._clock()) if asked and asked.request == "cancel" else 0.0
        if waited > GRACE_SECONDS:
            self._backend.end(folder, force=waited > 1.5 * GRACE_SECONDS)

    def _mark_gone(self, folder: _Folder) -> Status:
        """Write the final status of a task whose worker is gone, unless it ended well just before, or is done again."""
        try:
            with self._queue.change() as transaction:
                status = folder.status()
                if not _is_begun(status) or self._backend.is_alive(folder):
                    return status
                final = self._final(folder, status)
                folder.write_status(final)
                if final.state is State.QUEUED:
                    transaction.give_back(folder.id)
                return final
        except StorageError:  # told all the same; written by who looks once there is room
            return self._final(folder, folder.status())

    def _final(self, folder: _Folder, status: Status) -> Status:
        if folder.request() == "cancel":
            state, message = State.CANCELLED, folder.on_cancelled()
        elif status.state is State.STARTING and not named_worker(folder.lock_path):
            return self._returned(folder, status)
        else:
            state, message = State.INTERRUPTED, folder.interrupted_message(status)
        return replace(status, state=state, message=message, updated=self._clock(), remaining=None)

    def _returned(self, folder: _Folder, status: Status) -> Status:
        """Return what no worker has come for: who was to start one was killed, or the machine could not."""
        if status.returned < _MOST_RETURNS:
            return replace(
                status, state=State.QUEUED, message="Waiting for its turn again: no process came to do it.",
                updated=self._clock(), returned=status.returned + 1,
            )  # fmt: skip
        message = (
            f"No process came to do this {folder.kind}, {status.returned + 1} times in a row: see that the machine "
            "has memory left and can start Python, then start it again."
        )
        return replace(status, state=State.FAILED, message=message, updated=self._clock())


@contextlib.contextmanager
def _closed_on_error(lock: WorkerLock) -> Iterator[None]:
    try:
        yield
    except BaseException:
        lock.close()
        raise


def _is_begun(status: Status) -> bool:
    """Return whether the status says that a worker does the task."""
    return status.state.is_live and status.state is not State.QUEUED


def _state(folder: TaskFolder) -> State | None:
    try:
        return folder.status().state
    except RunError:
        return None


def _submitted(folder: TaskFolder) -> float:
    try:
        return folder.created()
    except RunError:
        return 0.0
