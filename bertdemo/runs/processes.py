"""Which process does a run, told apart from a later one that happens to have the same number."""

from __future__ import annotations

import platform

import psutil

from bertdemo.runs.records import Status, Worker

_CLOCK_SECONDS = 2.0  # the boot time that creation times are counted from may be adjusted by this much


def worker_of(process: psutil.Process) -> Worker:
    return Worker(process.pid, process.create_time(), platform.node())


def is_elsewhere(status: Status) -> bool:
    """Whether the run is done by another machine that shares this home: its pids say nothing here."""
    return status.host not in ("", platform.node())


def find(status: Status) -> psutil.Process | None:
    """The living worker: same pid and creation time. A zombie has ended and waits to be collected."""
    if is_elsewhere(status) or status.pid is None or status.process_started is None:
        return None
    try:
        process = psutil.Process(status.pid)
        same = abs(process.create_time() - status.process_started) <= _CLOCK_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None
