"""Which process on which machine it is, told apart from all others however the clock is set and homes are copied.

A process is known by its number and by its start in clock ticks since the machine started, which no clock that is set
can move; the machine by its name, by the id of its start, and by the namespace in which it counts processes. So neither
a number that is given again, nor a container with the same name, nor the same machine after its next start is mistaken.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

_OWNER = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9a-f]{8})")
_ENDED = -1  # a zombie: it waits to be collected


@dataclass(frozen=True)
class Machine:
    """Where a process runs; ``boot`` and ``namespace`` are empty where the system does not tell."""

    host: str
    boot: str  # id of the machine's start
    namespace: str  # in which processes are numbered


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """Return where this process runs."""
    boot = namespace = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return Machine(platform.node(), boot, namespace)


def start_ticks(pid: int) -> int | None:
    """Return when a process started: a number that stays the same while it lives, and differs for the next of its pid.

    On Linux clock ticks since the machine started; elsewhere the time that the system noted then, in 1/100 s. None if
    there is no such process, or it cannot be seen.
    """
    with contextlib.suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        fields = stat.rpartition(")")[2].split()  # the name of a process may hold anything
        return _ENDED if fields[0] in "ZX" else int(fields[19])
    try:
        process = psutil.Process(pid)
        return _ENDED if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time() * 100)
    except psutil.Error:
        return None


def owner(pid: int | None = None) -> str:
    """Return a process, this one unless told, as a word that others can ask ``is_over`` and ``find`` about."""
    pid = os.getpid() if pid is None else pid
    return f"{pid}.{start_ticks(pid) or 0}.{_digest(this_machine())}"


def is_over(owner: str) -> bool | None:
    """Return whether the process that called itself ``owner`` has ended; None if that cannot be seen from here."""
    match = _OWNER.fullmatch(owner)
    if match is None or match[3] != _digest(this_machine()):
        return None
    pid = int(match[1])
    ticks = start_ticks(pid)
    if ticks is None:
        return None if psutil.pid_exists(pid) else True
    return ticks != int(match[2])


def find(owner: str) -> psutil.Process | None:
    """Return the living process of this machine that called itself ``owner``; None if there is none."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(int(owner.partition(".")[0])) if is_over(owner) is False else None
    return None


def booted() -> float:
    """Return when this machine started, as its clock tells now (Unix seconds): it moves whenever the clock is set."""
    return time.time() - time.monotonic()


def _digest(machine: Machine) -> str:
    return hashlib.sha256(repr(machine).encode()).hexdigest()[:8]
