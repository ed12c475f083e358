"""The local backend: every task is done by a process of its own on this machine.

The process leads its own session, so that neither a refresh, Ctrl-C, nor the end of the server ends it. It inherits the
lock of its task folder, and what is written there names it (``processes.owner``).
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

import bertdemo
from bertdemo.processes import find, owner
from bertdemo.settings import Settings
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.lock import WorkerLock, is_held, named_worker

# Each is a measured gain on a 2-core CPU (benchmarks/README.md):
# - glibc returns large freed blocks to the kernel and faults them in again at every step; keeping them saves that.
# - OpenMP threads spin while they wait for each other. When another process wants the core, every barrier then waits
#   for a thread that is not running; yielding after a short spin costs nothing when the machine is quiet and made
#   training twice as fast beside one busy process.
WORKER_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "GOMP_SPINCOUNT": "2000",
    "TOKENIZERS_PARALLELISM": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


_PACKAGE_ROOT = Path(bertdemo.__file__).parents[1]
_NEUTRAL_FOLDER = Path(sys.executable).anchor  # a worker keeps no folder of a person busy

# What the worker prints is a log that people read.
_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8",
}


def worker_command(module: str) -> tuple[str, ...]:
    """Return what starts the worker in ``module``, to go before a folder and the file number of its lock.

    The current folder is no place to import from.
    """
    return (sys.executable, "-P", "-m", module)


@dataclass(frozen=True)
class _Waiting:
    process: subprocess.Popen[bytes]
    channel: socket.socket  # to its standard input


class SpareWorker:
    """A process that waits, with the imports of several kinds of worker done, to become one of them.

    All backends of this home and process share it. It ends once nobody holds this any more, or after a while without
    work.

    Args:
        settings: of the home.
        modules: the workers that it may become, as for ``worker_command``.
    """

    def __init__(self, settings: Settings, modules: Sequence[str]) -> None:
        self._settings = settings
        self._modules = tuple(modules)
        self._waiting: _Waiting | None = None
        self._lock = threading.Lock()
        _SPARES[settings.home] = self

    def is_waiting(self) -> bool:
        """Return whether there is such a process, whose imports may still be under way."""
        waiting = self._waiting
        return waiting is not None and waiting.process.poll() is None

    def prepare(self) -> None:
        """Start one if none waits, and return at once."""
        with self._lock:
            if not self.is_waiting():
                command = (*worker_command("bertdemo.tasks.worker"), *self._modules)
                ours, theirs = socket.socketpair()
                with theirs:
                    process = _spawn(self._settings, command, theirs.fileno(), subprocess.DEVNULL)
                self._waiting = _Waiting(process, ours)
                weakref.finalize(self, ours.close)  # it ends when nobody can name a folder to it any more

    def take_over(self, module: str, folder: TaskFolder, lock: WorkerLock) -> subprocess.Popen[bytes] | None:
        """Have the process that waits do a task as the worker in ``module``; None if none waits to become that."""
        with self._lock:
            waiting = self._waiting if module in self._modules else None
            if waiting is None:
                return None
            self._waiting = None
        message = f"{module}\0{folder.path}\0{folder.log_path}"
        with waiting.channel as channel, contextlib.suppress(OSError):  # it may have ended in the meantime
            socket.send_fds(channel, [message.encode()], [lock.descriptor])
            return waiting.process
        return None


_SPARES: weakref.WeakValueDictionary[Path, SpareWorker] = weakref.WeakValueDictionary()  # by home


class LocalBackend:
    """Starts ``COMMAND FOLDER LOCK`` in a process of its own, or has the spare worker of this home do the task.

    The command is that of a ``worker_command``, whose last word is the module.
    """

    def __init__(self, settings: Settings, command: Sequence[str]) -> None:
        self._settings = settings
        self._command = tuple(command)

    def start(self, folder: TaskFolder, lock: WorkerLock) -> None:
        """Hand the folder and its lock to the spare worker, or to a new one."""
        spare = _SPARES.get(self._settings.home)
        process = spare.take_over(self._command[-1], folder, lock) if spare else None
        lock.name_worker(owner((process or self._start_anew(folder, lock)).pid))

    def _start_anew(self, folder: TaskFolder, lock: WorkerLock) -> subprocess.Popen[bytes]:
        command = (*self._command, str(folder.path), str(lock.descriptor))
        with folder.log_path.open("ab") as log:
            return _spawn(self._settings, command, subprocess.DEVNULL, log.fileno(), (lock.descriptor,))

    def is_alive(self, folder: TaskFolder) -> bool:
        return is_held(folder.lock_path)

    def end(self, folder: TaskFolder, *, force: bool) -> bool:
        """Tell the worker of this task and its children to end, or with ``force`` kill them; none is no error."""
        process = find(named_worker(folder.lock_path)) if is_held(folder.lock_path) else None
        if process is None:
            return False
        for each in _with_children(process):
            with contextlib.suppress(psutil.Error):  # it ended in between, or is not ours to end: the next look tells
                if force:
                    each.kill()
                else:
                    each.terminate()
        return True


def _spawn(
    settings: Settings, command: Sequence[str], stdin: int, output: int, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=output,
        stderr=output,
        cwd=_NEUTRAL_FOLDER,
        env=worker_environment(os.environ, settings),
        start_new_session=True,
        pass_fds=pass_fds,
    )
    # Only collects the exit status, so that no zombie stays; the work goes on without this thread.
    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return process


def worker_environment(inherited: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return what the worker starts with: the way to this package, the same home, an allocator that keeps memory."""
    # A worker starts the next one: what is there already is not added again.
    places = [place for place in inherited.get("PYTHONPATH", "").split(os.pathsep) if place]
    path = os.pathsep.join(dict.fromkeys([str(_PACKAGE_ROOT), *places]))
    ours = {"PYTHONPATH": path, "BERTDEMO_HOME": str(settings.home)}
    return dict(inherited) | WORKER_ENVIRONMENT | _ENVIRONMENT | ours


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    """Not the process group: what a child of it started in a session of its own ends, too."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]
