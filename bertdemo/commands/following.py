"""Follows a run from the outside, as every screen does: it reads the folder and never touches the work."""

from __future__ import annotations

import contextlib
import time

from bertdemo.commands.output import Output
from bertdemo.errors import BertDemoError, JobError, RunError
from bertdemo.runs.metrics import describe
from bertdemo.runs.records import Run, State, Status
from bertdemo.runs.store import Runs

_SECONDS_BETWEEN_LOOKS = 0.4


class Left(Exception):  # noqa: N818 - no error: the person goes, the run stays
    """The person pressed Ctrl-C twice: the run goes on without them."""


class Follower:
    """One look after another at a run; what was told once is not told again."""

    def __init__(self, runs: Runs, run_id: str, output: Output, *, from_now: bool = False) -> None:
        self._runs = runs
        self._id = run_id
        self._output = output
        self._offset = runs.folder(run_id).read_metrics()[1] if from_now else 0

    def follow(self) -> Run:
        """Show progress until the run ends. Ctrl-C asks it to stop; a second one leaves it to itself.

        Raises:
            Left: after the second Ctrl-C.
        """
        try:
            return self.wait()
        except KeyboardInterrupt:
            self._output.remark("Stopping: the best model so far is kept and tested; Ctrl-C again leaves it alone.")
        try:
            with contextlib.suppress(RunError):  # it may have ended on its own just before
                self._runs.stop(self._id)
            return self.wait()
        except KeyboardInterrupt as interrupt:
            raise Left from interrupt

    def wait(self) -> Run:
        """Look until the run has ended; a passing line on a terminal, a lasting one for each validation."""
        while (run := self._runs.get(self._id)).status.state.is_live:
            self._tell_events()
            self._output.progress(_line(run))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self._tell_events()
        self._output.clear()
        return run

    def _tell_events(self) -> None:
        events, self._offset = self._runs.folder(self._id).read_metrics(self._offset)
        for line in filter(None, map(describe, events)):
            self._output.remark(line)


def _line(run: Run) -> str:
    status = run.status
    if status.state is State.QUEUED and run.position:
        return f"number {run.position} in line"
    left = f" About {status.remaining:.0f} s left." if status.remaining is not None else ""
    return status.message + left


def unfinished(status: Status) -> BertDemoError:
    """The error that says why work done piece by piece did not finish, and how to go on where that can help."""
    if status.wrong_input:
        return RunError(status.message)
    return JobError(f"{status.message} The same command goes on from there.")
