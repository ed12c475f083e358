"""Keeps the queue moving: starts the next run when the device is free, and notices workers that are gone.

What is said here of runs holds for jobs, too: both are folders that a worker process fills.

There is no dispatcher process. Whoever looks at the runs calls ``dispatch``, as does a worker at its end; it
does nothing when there is nothing to do, and may be called by several processes at once.

A run leaves the state *queued* only inside a transaction of the queue: one caller may start it while another
cancels it, and only one of them succeeds. The same holds for a worker that takes over a started run while somebody
gives it up: of two workers, which a slow start may bring about, one does it.

Whoever starts a run may be killed before its worker is there. The run then returns to its place in the queue.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Generic, TypeVar

import psutil

from bertdemo.drafts import Sweeper
from bertdemo.errors import RunError, StorageError
from bertdemo.processes import booted, is_over, owner, this_machine
from bertdemo.tasks.backend import Backend
from bertdemo.tasks.failures import sentence
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.liveness import HeartbeatMonitor, is_elsewhere, seconds_since, worker_of
from bertdemo.tasks.queue import Queue, QueueTransaction
from bertdemo.tasks.records import State, Status, Worker

_Folder = TypeVar("_Folder", bound=TaskFolder)

ID = re.compile(r"[a-z0-9_-]{1,64}")
SILENCE_SECONDS = 8.0  # a worker that cannot be seen and has missed four heart-beats is gone
SILENCE_ELSEWHERE_SECONDS = 120.0  # on another machine, whose clock and view of the files may lag behind
PATIENCE_SECONDS = 60.0  # with a run of which nobody knows yet who does it: a cold disk, a busy machine
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
        self._monitor = HeartbeatMonitor()
        self._sweeper = Sweeper()

    def folders(self) -> list[_Folder]:
        """Return all run folders; drafts and half-deleted ones start with a dot and are none."""
        if not self._root.is_dir():
            return []
        paths = sorted(self._root.iterdir())
        return [self._open(path) for path in paths if path.is_dir() and ID.fullmatch(path.name)]

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

        For work that may be killed anywhere. One on another machine, or of which nobody knows yet who does it, is left
        to hear of it by itself.
        """
        status = folder.status()
        if status.state is not State.STARTING or is_elsewhere(status) or not self._backend.is_alive(status):
            return
        self._backend.end(status, force=True)
        end = time.monotonic() + _DYING_SECONDS
        while self._backend.is_alive(status):
            if time.monotonic() > end:
                return
            time.sleep(_LOOK_SECONDS)
        last = folder.status()
        if last.state.is_live:
            self._mark_interrupted(folder, last)

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

    def take_over(self, folder: _Folder) -> bool:
        """Let this process do a run, unless it is over, another process does it, or another run has the device.

        Raises:
            RunError: the folder is damaged.
            StorageError: the queue or the status cannot be written.
        """
        with self._queue.change() as transaction:
            status = folder.status()
            is_taken = status.pid not in (None, os.getpid()) and not self._is_gone(folder, status)
            if not status.state.is_live or is_taken:
                return False
            if status.state is State.QUEUED:  # it returned to the queue, as this process was long in coming
                if transaction.at_work() not in (None, folder.id):
                    return False
                transaction.take_device(folder.id)
                status = replace(status, state=State.STARTING)
            self._write_beat(folder, replace(status, **asdict(worker_of(psutil.Process())), claimer=""))
            return True

    def dispatch(self) -> None:
        """Start the run that is next, if the device is free.

        Raises:
            StorageError: the queue or a status cannot be written.
        """
        while self._root.is_dir() and (folder := self._claim()) is not None:
            try:
                worker = self._backend.start(folder)
            except OSError as error:
                _log.exception("the worker of %s could not be started", folder.id)
                folder.write_status(Status(State.FAILED, sentence(error), self._clock()))
            else:
                if worker is not None:
                    self._note(folder, worker)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the queue: nobody starts, withdraws or gives up a task meanwhile.

        Raises:
            StorageError: the queue cannot be written.
        """
        with self._queue.change():
            yield

    def refresh_status(self, folder: _Folder) -> Status:
        """Return the status of a run; if its worker is gone, a final status, which is written.

        Raises:
            RunError: the folder is damaged.
        """
        for place in folder.places():
            self._sweeper.look(place, self._clock())
        status = folder.status()
        while status.state.is_live and status.state is not State.QUEUED:
            self._kill_unresponsive(folder, status)
            if not self._is_gone(folder, status):
                return status
            status = self._mark_interrupted(folder, status)
        return status

    def _note(self, folder: _Folder, worker: Worker) -> None:
        """Write who was started, unless the worker has done so itself or the run is over."""
        with self.locked(), contextlib.suppress(RunError):
            status = folder.status()
            if status.state is State.STARTING and status.pid is None:
                self._write_beat(folder, replace(status, **asdict(worker), claimer=""))

    def _claim(self) -> _Folder | None:
        """Take the next run off the queue and mark it as started; None if there is none, or no free device."""
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

    def _take_next(self, transaction: QueueTransaction) -> _Folder | None:
        for run_id in transaction.waiting():
            folder = self._open(self._root / run_id)
            if _is_waiting(folder):
                here = this_machine()
                starting = replace(folder.status(), state=State.STARTING, message="Starting.", claimer=owner())
                self._write_beat(folder, replace(starting, host=here.host, boot=here.boot, namespace=here.namespace))
                transaction.take_device(run_id)
                return folder
            transaction.leave(run_id)  # its folder was deleted or damaged
        return None

    def _write_beat(self, folder: _Folder, status: Status) -> None:
        folder.write_status(replace(status, updated=self._clock(), booted=booted()))

    def _is_still_done(self, folder: _Folder) -> bool:
        try:
            state = self.refresh_status(folder).state
        except RunError:
            return False
        return state.is_live and state is not State.QUEUED

    def _restore_queue(self, transaction: QueueTransaction, folders: Iterable[_Folder]) -> None:
        """What the folders say belongs in the queue: those that wait, and the one at work."""
        for folder in sorted(folders, key=_submitted):
            if _state(folder) is State.QUEUED:
                transaction.join(folder.id)
            elif transaction.at_work() is None and self._is_at_work(folder):
                transaction.take_device(folder.id)

    def _is_at_work(self, folder: _Folder) -> bool:
        """Unlike ``_is_still_done`` this buries nobody, and may be asked inside a transaction."""
        try:
            status = folder.status()
        except RunError:
            return False
        return status.state.is_live and not self._is_gone(folder, status)

    def _is_gone(self, folder: _Folder, status: Status) -> bool:
        if is_elsewhere(status):
            return self._monitor.silence(folder.id, status, self._clock()) > SILENCE_ELSEWHERE_SECONDS
        if self._backend.is_alive(status):
            return False
        may_come = status.pid is None and not is_over(status.claimer)
        patience = PATIENCE_SECONDS if may_come else SILENCE_SECONDS
        return seconds_since(status, self._clock()) > patience or self._since_cancel(folder) > GRACE_SECONDS

    def _kill_unresponsive(self, folder: _Folder, status: Status) -> None:
        waited = self._since_cancel(folder)
        if waited > GRACE_SECONDS and not is_elsewhere(status):
            self._backend.end(status, force=waited > 1.5 * GRACE_SECONDS)

    def _since_cancel(self, folder: _Folder) -> float:
        """Return seconds since the run was told to cancel; 0 if it was not."""
        asked = folder.asked()
        return seconds_since(asked, self._clock()) if asked and asked.request == "cancel" else 0.0

    def _mark_interrupted(self, folder: _Folder, status: Status) -> Status:
        """Write the final status of a run whose worker is gone; what it said meanwhile is kept."""
        try:
            with self._queue.change() as transaction:
                again = folder.status()  # it may have ended well just before its process went
                if again != status:
                    return again
                final = self._final(folder, status)
                folder.write_status(final)
                if final.state is State.QUEUED:
                    transaction.give_back(folder.id)
                return final
        except StorageError:  # told all the same; written by who looks once there is room
            return self._final(folder, status)

    def _final(self, folder: _Folder, status: Status) -> Status:
        if folder.request() == "cancel":
            state, message = State.CANCELLED, folder.on_cancelled()
        elif status.state is State.STARTING and status.pid is None:
            return self._returned(folder, status)
        else:
            state, message = State.INTERRUPTED, folder.interrupted_message(status)
        return replace(status, state=state, message=message, updated=self._clock(), remaining=None)

    def _returned(self, folder: _Folder, status: Status) -> Status:
        """Return what no worker has come for: who was to start one was killed, or the machine could not."""
        if status.returned < _MOST_RETURNS:
            return replace(
                status, state=State.QUEUED, message="Waiting for its turn again: no process came to do it.",
                updated=self._clock(), claimer="", returned=status.returned + 1,
            )  # fmt: skip
        message = (
            f"No process came to do this {folder.kind}, {status.returned + 1} times in a row: see that the machine "
            "has memory left and can start Python, then start it again."
        )
        return replace(status, state=State.FAILED, message=message, updated=self._clock())


def _is_waiting(folder: TaskFolder) -> bool:
    """Return whether a folder in the queue is to be started.

    Who claimed it may have been killed before the queue knew.
    """
    try:
        status = folder.status()
    except RunError:
        return False
    return status.state is State.QUEUED or (status.state is State.STARTING and status.pid is None)


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
