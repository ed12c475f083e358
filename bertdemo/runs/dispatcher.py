"""Keeps the line moving: starts the next run when the device is free, and notices workers that are gone.

What is said here of runs holds for jobs, too: both are folders that a worker process fills.

There is no dispatcher process. Whoever looks at the runs calls ``dispatch``, as does a worker at its end; it
does nothing when there is nothing to do, and may be called by several processes at once.

A run leaves the state *queued* only inside a transaction of the queue: one caller may start it while another
cancels it, and only one of them succeeds. The same holds for a worker that takes over a started run while somebody
gives it up.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Generic, TypeVar

from bertdemo.errors import RunError, StorageError
from bertdemo.runs.backend import Backend
from bertdemo.runs.failures import sentence
from bertdemo.runs.processes import is_elsewhere
from bertdemo.runs.queue import Line, Queue
from bertdemo.runs.records import State, Status, Worker
from bertdemo.runs.work_folder import WorkFolder

_Folder = TypeVar("_Folder", bound=WorkFolder)

ID = re.compile(r"[a-z0-9_-]{1,64}")
SILENCE_SECONDS = 8.0  # a worker that cannot be seen and has missed four heart-beats is gone
SILENCE_ELSEWHERE_SECONDS = 120.0  # on another machine, whose clock and view of the files may lag behind
PATIENCE_SECONDS = 60.0  # with a run of which nobody knows yet who does it: a cold disk, a busy machine
GRACE_SECONDS = 10.0  # after a cancel the worker is told to end; after half as long again it is ended
_DYING_SECONDS = 2.0  # a killed process frees its memory first
_LOOK_SECONDS = 0.01

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
        self._queue = Queue(queue_path, refill=lambda line: self._adopt(line, self.folders()))
        self._backend = backend
        self._clock = clock

    def folders(self) -> list[_Folder]:
        """All run folders; drafts and half-deleted ones start with a dot and are none."""
        if not self._root.is_dir():
            return []
        paths = sorted(self._root.iterdir())
        return [self._open(path) for path in paths if path.is_dir() and ID.fullmatch(path.name)]

    def join(self, folders: Iterable[_Folder]) -> None:
        """Put runs that are queued at the end of the line; those that stand in it keep their place."""
        with self._queue.change() as line:
            self._adopt(line, folders)

    def waiting(self) -> list[str]:
        """Ids of the runs that wait, the next one first."""
        with self._queue.look() as line:
            return line.waiting()

    def is_busy(self) -> bool:
        """Whether a run has the device."""
        if not self._root.is_dir():
            return False
        with self._queue.look() as line:
            return line.at_work() is not None

    def withdraw(self, folder: _Folder, message: str) -> None:
        """Cancel a run that has not begun; nothing happens if it has."""
        with self._queue.change() as line:
            if folder.status().state is State.QUEUED:
                folder.write_status(Status(State.CANCELLED, message, self._clock()))
                line.leave(folder.id)

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
            self._bury(folder, last)

    def take_up_again(self, folder: _Folder, known: Status) -> bool:
        """Let what ended with the status ``known`` wait at the end of the line; if that has changed, do nothing.

        Returns whether it was this call that did.
        """
        with self._queue.change() as line:
            is_known = folder.status() == known
            if is_known:
                line.leave(folder.id)  # it may still stand as the one at work
                folder.queue_again(self._clock())
                line.join(folder.id)
            return is_known

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
    def undisturbed(self) -> Iterator[None]:
        """Nobody starts, withdraws or gives up a run meanwhile.

        Raises:
            StorageError: the queue cannot be written.
        """
        with self._queue.change():
            yield

    def settle(self, folder: _Folder) -> Status:
        """The status of a run; if its worker is gone, a final status, which is written.

        Raises:
            RunError: the folder is damaged.
        """
        status = folder.status()
        while status.state.is_live and status.state is not State.QUEUED:
            self._escalate(folder, status)
            if not self._is_gone(folder, status):
                return status
            status = self._bury(folder, status)
        return status

    def _note(self, folder: _Folder, worker: Worker) -> None:
        """Write who was started, unless the worker has done so itself or the run is over."""
        with self.undisturbed(), contextlib.suppress(RunError):
            status = folder.status()
            if status.state.is_live and status.pid is None:
                folder.write_status(replace(status, **asdict(worker), updated=self._clock()))

    def _claim(self) -> _Folder | None:
        """Take the next run off the line and mark it as started; None if there is none, or no free device."""
        with self._queue.look() as line:
            busy, waiting = line.at_work(), line.waiting()
        if (busy and not self._has_ended(self._open(self._root / busy))) or not (busy or waiting):
            return None
        with self._queue.change() as line:
            if line.at_work() not in (None, busy):
                return None  # another process was faster
            if busy:
                line.leave(busy)
            return self._take_next(line)

    def _take_next(self, line: Line) -> _Folder | None:
        for run_id in line.waiting():
            folder = self._open(self._root / run_id)
            if _state(folder) is State.QUEUED:
                starting = replace(folder.status(), state=State.STARTING, message="Starting.", updated=self._clock())
                folder.write_status(replace(starting, host=platform.node()))
                line.take_device(run_id)
                return folder
            line.leave(run_id)  # its folder was deleted or damaged
        return None

    def _has_ended(self, folder: _Folder) -> bool:
        try:
            return not self.settle(folder).state.is_live
        except RunError:
            return True

    def _adopt(self, line: Line, folders: Iterable[_Folder]) -> None:
        """What the folders say belongs in the queue: those that wait, and the one at work."""
        for folder in sorted(folders, key=_submitted):
            if _state(folder) is State.QUEUED:
                line.join(folder.id)
            elif line.at_work() is None and self._is_at_work(folder):
                line.take_device(folder.id)

    def _is_at_work(self, folder: _Folder) -> bool:
        """Unlike ``_has_ended`` this buries nobody, and may be asked inside a transaction."""
        try:
            status = folder.status()
        except RunError:
            return False
        return status.state.is_live and not self._is_gone(folder, status)

    def _is_gone(self, folder: _Folder, status: Status) -> bool:
        if is_elsewhere(status):
            return self._clock() - status.updated > SILENCE_ELSEWHERE_SECONDS
        if self._backend.is_alive(status):
            return False
        patience = PATIENCE_SECONDS if status.pid is None else SILENCE_SECONDS
        return self._clock() - status.updated > patience or self._since_cancel(folder) > GRACE_SECONDS

    def _escalate(self, folder: _Folder, status: Status) -> None:
        waited = self._since_cancel(folder)
        if waited > GRACE_SECONDS and not is_elsewhere(status):
            self._backend.end(status, force=waited > 1.5 * GRACE_SECONDS)

    def _since_cancel(self, folder: _Folder) -> float:
        """Seconds since the run was told to cancel; 0 if it was not."""
        asked = folder.asked()
        return self._clock() - asked.time if asked and asked.request == "cancel" else 0.0

    def _bury(self, folder: _Folder, status: Status) -> Status:
        """Write the final status of a run whose worker is gone; what it said meanwhile is kept."""
        try:
            with self.undisturbed():
                again = folder.status()  # it may have ended well just before its process went
                if again != status:
                    return again
                final = self._final(folder, status)
                folder.write_status(final)
                return final
        except StorageError:  # told all the same; written by who looks once there is room
            return self._final(folder, status)

    def _final(self, folder: _Folder, status: Status) -> Status:
        if folder.request() == "cancel":
            state, message = State.CANCELLED, folder.wind_up_cancelled()
        else:
            state, message = State.INTERRUPTED, folder.obituary(status)
        return replace(status, state=state, message=message, updated=self._clock(), remaining=None)


def _state(folder: WorkFolder) -> State | None:
    try:
        return folder.status().state
    except RunError:
        return None


def _submitted(folder: WorkFolder) -> float:
    try:
        return folder.created()
    except RunError:
        return 0.0
