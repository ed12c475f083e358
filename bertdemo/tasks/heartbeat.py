"""The worker's voice: the one writer of its status, which beats while the work is done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import psutil

from bertdemo.errors import StorageError
from bertdemo.processes import booted
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.liveness import worker_of
from bertdemo.tasks.records import State, Status

HEARTBEAT_SECONDS = 2.0

_log = logging.getLogger(__name__)


class StatusWriter:
    """Holds the status of a run and writes it: at every change, and every 2 s to show that it lives."""

    def __init__(self, folder: TaskFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._status = replace(folder.status(), **asdict(worker_of(psutil.Process())))

    @property
    def status(self) -> Status:
        return self._status

    def heartbeat(self) -> None:
        """Write the status as it is, with this process and the time.

        Raises:
            StorageError: the disk is full or read-only.
        """
        self._write()

    def update(self, state: State, message: str, **changes: Any) -> None:
        """Write a new status; ``changes`` are further fields of ``Status``.

        Raises:
            StorageError: the disk is full or read-only.
        """
        self._write(state=state, message=message, **changes)

    @contextmanager
    def heartbeats(self) -> Iterator[None]:
        """Write heartbeats until the block is left; the caller's next ``update`` is then the last word."""
        done = threading.Event()
        thread = threading.Thread(target=self._write_until, args=(done,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _write_until(self, done: threading.Event) -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            try:
                self.heartbeat()
            except StorageError as error:
                # The process can still be seen; the work itself meets the same disk and ends with a sentence.
                _log.warning("heartbeat not written: %s", error)

    def _write(self, **changes: Any) -> None:
        with self._lock:
            self._status = replace(self._status, updated=time.time(), booted=booted(), **changes)
            self._folder.write_status(self._status)
