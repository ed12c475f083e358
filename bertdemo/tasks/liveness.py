"""Which process does a run, told apart from all others, and since when nothing was heard of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

from bertdemo.processes import booted, start_ticks, this_machine
from bertdemo.tasks.folder import TimedRequest
from bertdemo.tasks.records import Status, Worker

_CLOCK_SECONDS = 2.0  # of a status of an older version: creation times move with the clock by this much


def worker_of(process: psutil.Process) -> Worker:
    """Return what tells this process apart from all others."""
    here = this_machine()
    ticks = start_ticks(process.pid)
    return Worker(process.pid, process.create_time(), here.host, ticks, here.boot, here.namespace)


def is_elsewhere(status: Status) -> bool:
    """Return whether the work is done where pids of ours say nothing: on another machine that shares this home.

    Another container counts as one, and this machine before its last start.
    """
    here = this_machine()
    pairs = ((status.host, here.host), (status.boot, here.boot), (status.namespace, here.namespace))
    return any(theirs not in ("", ours) for theirs, ours in pairs)


def find(status: Status) -> psutil.Process | None:
    """Return the living worker. A zombie has ended and waits to be collected."""
    if is_elsewhere(status) or status.pid is None or status.process_started is None:
        return None
    try:
        process = psutil.Process(status.pid)
        if status.ticks is None:
            same = abs(process.create_time() - status.process_started) <= _CLOCK_SECONDS
        else:
            same = start_ticks(status.pid) == status.ticks
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def seconds_since(moment: Status | TimedRequest, now: float) -> float:
    """Return how long ago something was written, whatever the clock of this machine was set to since.

    Of what another machine wrote, or an older version, the clocks are all there is.
    """
    then = moment.updated if isinstance(moment, Status) else moment.time
    is_ours = moment.boot != "" and moment.boot == this_machine().boot
    return now - then - (booted() - moment.booted if is_ours and moment.booted is not None else 0.0)


@dataclass(frozen=True)
class _Beat:
    updated: float  # as its writer's clock said
    seen: float  # first, by this process, in seconds of a clock that nobody sets
    followed_another: bool


class HeartbeatMonitor:
    """Hears whether others beat while this process looks: that holds however their clocks differ from ours."""

    def __init__(self) -> None:
        self._heard: dict[str, _Beat] = {}

    def silence(self, task_id: str, status: Status, now: float) -> float:
        """Return for how many seconds nothing was heard of work that is done elsewhere.

        What the clocks say counts until this process has heard two beats itself, or has waited longer for one.
        """
        last, moment = self._heard.get(task_id), time.monotonic()
        if last is None or last.updated != status.updated:
            last = self._heard[task_id] = _Beat(status.updated, moment, last is not None)
        waited = moment - last.seen
        if last.followed_another:
            return waited
        return max(waited, seconds_since(status, now))
