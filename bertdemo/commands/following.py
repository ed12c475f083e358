"""Follows a run from the outside, as every screen does: it reads the folder and never touches the work."""

from __future__ import annotations

import time

from bertdemo.commands.output import Output
from bertdemo.errors import RunError
from bertdemo.runs.metrics import describe
from bertdemo.runs.records import Run, State
from bertdemo.runs.store import Runs

_SECONDS_BETWEEN_LOOKS = 0.4


class Left(Exception):  # noqa: N818 - no error: the person goes, the run stays
    """The person pressed Ctrl-C twice: the run goes on without them."""


def follow(runs: Runs, run_id: str, output: Output) -> Run:
    """Show progress until the run ends. Ctrl-C asks it to stop; a second one leaves it to itself.

    Raises:
        Left: after the second Ctrl-C.
    """
    try:
        return wait_for_end(runs, run_id, output)
    except KeyboardInterrupt:
        output.remark("Stopping: the best model so far is kept and tested. Ctrl-C again leaves it to itself.")
    try:
        _stop(runs, run_id)
        return wait_for_end(runs, run_id, output)
    except KeyboardInterrupt as interrupt:
        raise Left from interrupt


def wait_for_end(runs: Runs, run_id: str, output: Output) -> Run:
    """Look until the run has ended; a passing line on a terminal, a lasting one for each validation."""
    offset = 0
    while (run := runs.get(run_id)).status.state.is_live:
        offset = _tell_events(runs, run_id, offset, output)
        output.progress(_line(run))
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    _tell_events(runs, run_id, offset, output)
    output.clear()
    return run


def _stop(runs: Runs, run_id: str) -> None:
    try:
        runs.stop(run_id)
    except RunError:
        return  # it ended on its own just before


def _tell_events(runs: Runs, run_id: str, offset: int, output: Output) -> int:
    events, offset = runs.folder(run_id).read_metrics(offset)
    for line in filter(None, map(describe, events)):
        output.remark(line)
    return offset


def _line(run: Run) -> str:
    status = run.status
    if status.state is State.QUEUED and run.position:
        return f"number {run.position} in line"
    left = f" About {status.remaining:.0f} s left." if status.remaining is not None else ""
    return status.message + left
