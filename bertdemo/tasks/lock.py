"""The lock of a task folder: whoever holds it does the task.

The dispatcher takes the lock before the task leaves the queue and hands it to the worker as an open file, so it passes
from one process to the other without a gap. The kernel lets go of it when the last process that holds the file ends,
whatever ends it: nobody has to listen for heartbeats, to remember process ids, or to be patient with a slow start.
``flock(2)`` is needed, which SQLite's queue asks of a file system as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

_PATIENCE_SECONDS = 0.5  # with who only looks whether it is held, or has said its last word and is about to end
_LOOK_SECONDS = 0.005


class WorkerLock:
    """A lock that is held until ``close``, or by the processes that inherited it.

    The file holds a reference to the worker, which only the backend that started it can read.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> WorkerLock | None:
        """Take the lock and forget the worker that had it before; None if another process holds it.

        Raises:
            OSError: the file cannot be made or locked.
        """
        lock = cls(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
        try:
            end = time.monotonic() + _PATIENCE_SECONDS
            while not _lock(lock.descriptor, fcntl.LOCK_EX):
                if time.monotonic() > end:
                    lock.close()
                    return None
                time.sleep(_LOOK_SECONDS)
            os.ftruncate(lock.descriptor, 0)
        except OSError:
            lock.close()
            raise
        return lock

    def name_worker(self, reference: str) -> None:
        """Write who holds the lock from now on. What cannot be written is left: the lock itself holds."""
        with contextlib.suppress(OSError):
            os.pwrite(self.descriptor, reference.encode("ascii"), 0)

    def duplicate(self) -> WorkerLock:
        """Return the same lock for somebody else in this process: it is held until both are closed."""
        return WorkerLock(os.dup(self.descriptor))

    def close(self) -> None:
        """Let go of the lock; who inherited it goes on holding it."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)

    def __enter__(self) -> WorkerLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock; one that was never taken has no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    with WorkerLock(descriptor):
        return not _lock(descriptor, fcntl.LOCK_SH)


def named_worker(path: Path) -> str:
    """Return the reference to the last worker; empty before one was started."""
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
