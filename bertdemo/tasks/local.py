"""The local backend: every task is done by a process of its own on this machine.

The process leads its own session, so that neither a refresh, Ctrl-C, nor the end of the server ends it.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

import bertdemo
from bertdemo.settings import Settings
from bertdemo.tasks.environment import WORKER_ENVIRONMENT
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.liveness import find, worker_of
from bertdemo.tasks.records import Status, Worker

_PACKAGE_ROOT = Path(bertdemo.__file__).parents[1]
_NEUTRAL_FOLDER = Path(sys.executable).anchor  # a worker keeps no folder of a person busy

# What the worker prints is a log that people read.
_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8",
}


def worker_command(module: str) -> tuple[str, ...]:
    """Return what starts the worker in ``module``, to go before a folder.

    The current folder is no place to import from.
    """
    return (sys.executable, "-P", "-m", module)


@dataclass(frozen=True)
class _Started:
    process: subprocess.Popen[bytes]
    worker: Worker


class LocalBackend:
    """Starts ``COMMAND FOLDER`` in a process of its own; the command is that of a ``worker_command``.

    After ``prepare`` one such process waits with all its imports done, which are most of the time it takes to begin. It
    ends with this backend, or after a while without work.
    """

    def __init__(self, settings: Settings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = tuple(command)
        self._spare: _Started | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Have a spare worker wait with its imports done, if none does."""
        if os.name == "nt":  # a waiting worker selects on its input, which works for sockets alone there
            return
        with self._lock:
            if self._spare is None or self._spare.process.poll() is not None:
                self._spare = self._spawn("--wait", stdin=subprocess.PIPE, output=subprocess.DEVNULL)
                weakref.finalize(self, _let_go, self._spare.process)

    def start(self, folder: TaskFolder) -> Worker:
        """Hand the folder to the spare worker, or to a new one; returns who has it."""
        spare = self._hand_to_spare(folder)
        if spare is not None:
            return spare
        with folder.log_path.open("ab") as log:
            return self._spawn(str(folder.path), stdin=subprocess.DEVNULL, output=log.fileno()).worker

    def _hand_to_spare(self, folder: TaskFolder) -> Worker | None:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is None or spare.process.stdin is None:
            return None
        try:
            with spare.process.stdin as line:
                line.write(f"{folder.path}\n".encode())
        except OSError:  # it has ended in the meantime
            return None
        return spare.worker

    def _spawn(self, argument: str, *, stdin: int, output: int) -> _Started:
        process = subprocess.Popen(
            [*self._command, argument],
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd=_NEUTRAL_FOLDER,
            env=worker_environment(os.environ, self._settings),
            start_new_session=True,
        )
        worker = worker_of(psutil.Process(process.pid))  # before it can be collected
        # Only collects the exit status, so that no zombie stays; the work goes on without this thread.
        threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
        return _Started(process, worker)

    def is_alive(self, status: Status) -> bool:
        return find(status) is not None

    def end(self, status: Status, *, force: bool) -> None:
        """Tell the worker of this status and its children to end, or with ``force`` kill them; none is no error."""
        process = find(status)
        if process is None:
            return
        for each in _with_children(process):
            with contextlib.suppress(psutil.Error):  # it ended in between, or is not ours to end: the next look tells
                if force:
                    each.kill()
                else:
                    each.terminate()


def _let_go(spare: subprocess.Popen[bytes]) -> None:
    """A spare worker ends when nobody can name a folder to it any more."""
    if spare.stdin is not None:
        with contextlib.suppress(OSError):
            spare.stdin.close()


def worker_environment(inherited: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return what the worker starts with: the way to this package, the same home, an allocator that keeps memory."""
    # A worker starts the next one: what is there already is not added again.
    places = [place for place in inherited.get("PYTHONPATH", "").split(os.pathsep) if place]
    path = os.pathsep.join(dict.fromkeys([str(_PACKAGE_ROOT), *places]))
    ours = {"PYTHONPATH": path, "BERTDEMO_HOME": str(settings.home)}
    return dict(inherited) | WORKER_ENVIRONMENT | _ENVIRONMENT | ours


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    """Not the process group: Windows knows none."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]
