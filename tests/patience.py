"""How long tests wait for others: as long as they take on a machine with nothing else to do, however busy it is."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

_Value = TypeVar("_Value")

PATIENCE = 60.0  # seconds of an idle machine; nothing takes nearly as long there
LONGEST = 600.0  # seconds for what cannot be watched; what hangs is ended, and what is slow is not
_LOOK_SECONDS = 0.01


class Patience:
    """Runs out while nothing moves: a second counts less the more processes share the cores, and a move begins anew."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._left, self._spent, self._seen, self._moved = seconds, 0.0, time.monotonic(), None

    def is_over(self, moved: object = None) -> bool:
        """Return whether to give up; ``moved`` is another object whenever what is waited for has come further."""
        now = time.monotonic()
        self._spent = 0.0 if moved != self._moved else self._spent + (now - self._seen) * _share()
        self._seen, self._moved = now, moved
        return self._spent > self._left


def until(
    condition: Callable[[], _Value],
    what: str,
    moved: Callable[[], object] = lambda: None,
    within: float = PATIENCE,
) -> _Value:
    """Wait for a condition and return its value; ``moved`` tells how far it is meanwhile.

    Fails when nothing has moved ``within`` so many seconds of an idle machine.
    """
    patience = Patience(within)
    while not (value := condition()):
        if patience.is_over(moved()):
            pytest.fail(f"{what} did not happen")
        time.sleep(_LOOK_SECONDS)
    return value


def outcome(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait until a process ends, and return what it wrote to stdout and stderr."""
    patience = Patience()
    while True:
        try:
            return process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            if patience.is_over():
                process.kill()
                pytest.fail(f"{process.args} did not end: {process.communicate()}")


def _share() -> float:
    """Of a core that a process gets now, if all that want one get as much."""
    try:
        wanting = int(Path("/proc/loadavg").read_text("ascii").split()[3].partition("/")[0])
        cores = len(os.sched_getaffinity(0))
    except (OSError, AttributeError):
        wanting, cores = int(os.getloadavg()[0]) + 1, os.cpu_count() or 1
    return min(1.0, cores / max(wanting, 1))
