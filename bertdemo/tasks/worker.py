"""The life of a worker: a process that is handed a task, does it, and ends with one sentence in the task's status.

A worker knows its folder and nothing else. It never touches the queue: the process around it lets the dispatcher start
what comes next (``run_worker``).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from bertdemo.errors import BertDemoError, CancelledError, RunError, StorageError
from bertdemo.processes import owner
from bertdemo.settings import Settings
from bertdemo.tasks.failures import is_wrong_input, sentence
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.lock import WorkerLock
from bertdemo.tasks.records import Request, State, Status
from bertdemo.tasks.store import TaskStore

_Folder = TypeVar("_Folder", bound=TaskFolder)

_LONGEST_WAIT_SECONDS = 900.0
_LONGEST_PATH = 8192  # bytes

_log = logging.getLogger(__name__)


class StatusWriter:
    """The worker's voice: the one writer of the status of its task."""

    def __init__(self, folder: TaskFolder) -> None:
        self._folder = folder
        self._status = folder.status()

    @property
    def status(self) -> Status:
        return self._status

    def update(self, state: State, message: str, **changes: Any) -> None:
        """Write a new status; ``changes`` are further fields of ``Status``.

        Raises:
            StorageError: the disk is full or read-only.
        """
        self._status = replace(self._status, state=state, message=message, updated=time.time(), **changes)
        self._folder.write_status(self._status)


def run_task(folder: TaskFolder, do: Callable[[StatusWriter], tuple[State, str]]) -> State:
    """Do a task in this process and return the state it ended in; every way out is told in one sentence.

    Args:
        folder: what is to be done.
        do: all that is left to do; returns the final state and what is said of it. ``CancelledError`` ends it early.
    """
    try:
        writer = StatusWriter(folder)
    except RunError:
        # There is no status to write. The readers see that nobody does this and say so.
        _log.exception("the %s cannot be read", folder.kind)
        return State.FAILED
    if not writer.status.state.is_live:  # cancelled before this process was up
        return writer.status.state
    try:
        return _end(writer, *do(writer))
    except Exception as error:  # noqa: BLE001 - logged with its traceback, and told in the status
        return _fail(folder, writer, error)


def raise_if_asked(folder: TaskFolder, *requests: Request) -> None:
    """Leave the work if a person asked for its end.

    Raises:
        CancelledError: they did.
    """
    if folder.request() in requests:
        raise CancelledError


def run_worker(
    arguments: Sequence[str], store: Callable[[Settings], TaskStore[_Folder]], work: Callable[[_Folder], State]
) -> State:
    """Live as a worker process: do a task, and let the dispatcher start the next one.

    Args:
        arguments: the folder of the task and the file number of its lock.
        store: makes the store of the home, whose dispatcher starts the next task with the backend of the settings.
        work: does the task.

    Returns:
        The state that the task ended in.
    """
    path, descriptor = arguments
    tasks = store(Settings.from_environment(os.environ))
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("bertdemo").setLevel(logging.INFO)
    with _own(int(descriptor)) as lock:
        lock.name_worker(owner())
        state = work(tasks.open_folder(Path(path)))
    try:
        tasks.dispatch()
    except BertDemoError as error:  # nobody asks this process any more: its log is told
        _log.warning("the next %s was not started: %s", tasks.open_folder.kind, error)
    return state


def main(modules: Sequence[str]) -> int:
    """Wait with everything imported to become one of several kinds of worker, and return what its ``main`` does.

    The task is named on standard input, a socket: the module of the worker, the folder, and its log, to which this
    process prints from then on, with a NUL between them; the lock comes along as an open file. Each module has an
    ``import_everything``. Ends this process if nobody needs it.
    """

    def import_everything() -> None:
        for module in modules:
            importlib.import_module(module).import_everything()

    imports = threading.Thread(target=import_everything, name="imports", daemon=True)
    imports.start()
    message, descriptors = _next_message()
    if not descriptors:
        os._exit(0)  # the server is gone or idle; an orderly exit would wait for the imports
    module, path, log_path = message.decode().split("\0")
    with Path(log_path).open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    imports.join()  # two threads that import modules which need each other would meet half-made ones
    become: Callable[[Sequence[str]], int] = importlib.import_module(module).main
    return become([path, str(descriptors[0])])


def _next_message() -> tuple[bytes, list[int]]:
    """Return what comes on standard input with the open files that come along; nothing if it is closed, or none."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(sys.stdin.fileno())) as channel:
        if select.select([channel], [], [], _LONGEST_WAIT_SECONDS)[0]:
            message, descriptors, _, _ = socket.recv_fds(channel, _LONGEST_PATH, 1)
            return message, descriptors
    return b"", []


def _own(descriptor: int) -> WorkerLock:
    """Keep the lock from processes that this one starts: it is to end with the worker."""
    os.set_inheritable(descriptor, False)
    return WorkerLock(descriptor)


def _end(writer: StatusWriter, state: State, message: str, *, wrong_input: bool = False) -> State:
    writer.update(state, message, remaining=None, wrong_input=wrong_input)
    _log.info("%s: %s", state, message)
    return state


def _fail(folder: TaskFolder, writer: StatusWriter, error: Exception) -> State:
    """End before the work is done; where not even that can be written, the readers see that nobody does it."""
    try:
        if folder.request() == "cancel":
            return _end(writer, State.CANCELLED, folder.on_cancelled())
        if isinstance(error, CancelledError):
            return _end(writer, State.CANCELLED, "Stopped before there was anything to keep.")
        _log.error("the %s ends here", folder.kind, exc_info=error)
        return _end(writer, State.FAILED, sentence(error), wrong_input=is_wrong_input(error))
    except StorageError:
        _log.exception("the final state of %s could not be written", folder.id)
        return State.FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
