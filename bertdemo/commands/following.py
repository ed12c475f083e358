"""Follows a run, a job or a study from the outside, as every screen does: it reads the folder, not the work."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from bertdemo.commands.console import Console
from bertdemo.errors import JobError, RunError
from bertdemo.runs.metrics import describe
from bertdemo.runs.records import Run
from bertdemo.runs.store import Runs
from bertdemo.tasks.records import State, Status

_SECONDS_BETWEEN_LOOKS = 0.2


class Left(Exception):  # noqa: N818 - no error: the person goes, the run stays
    """The person pressed Ctrl-C twice: what becomes of the run, nobody here waits for."""


class Follower:
    """One look after another at a run; what was told once is not told again."""

    def __init__(self, runs: Runs, run_id: str, output: Console, *, from_now: bool = False) -> None:
        self._runs = runs
        self._id = run_id
        self._output = output
        self._offset = runs.folder(run_id).read_metrics()[1] if from_now else 0
        self._position: int | None = None
        self._waits = ""

    def follow(self) -> Run:
        """Show progress until the run ends. Ctrl-C asks it to stop; a second one leaves it to itself.

        Raises:
            Left: after the second Ctrl-C.
        """
        with contextlib.suppress(KeyboardInterrupt):
            return self.wait()
        try:
            self._output.remark("Stopping: the best model so far is kept and tested; Ctrl-C again leaves it alone.")
            with contextlib.suppress(RunError):  # it may have ended on its own just before
                self._runs.stop(self._id)
            return self.wait()
        except KeyboardInterrupt as interrupt:
            raise Left from interrupt

    def wait(self) -> Run:
        """Look until the run has ended; a passing line on a terminal, a lasting one for each validation.

        How many runs come before it is a passing line, too, and where there is no terminal a lasting one.
        """
        while (run := self._runs.get(self._id)).status.state.is_live:
            self._tell_events()
            self._tell_place(run)
            self._output.progress(self._waits or message_with_time(run.status))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self._tell_events()
        self._output.clear()
        return run

    def _tell_events(self) -> None:
        events, self._offset = self._runs.folder(self._id).read_metrics(self._offset)
        for line in filter(None, map(describe, events)):
            self._output.remark(line)

    def _tell_place(self, run: Run) -> None:
        if run.position == self._position:
            return
        told, before = self._waits, len(self._runs.ahead_of(run)) if run.position else 0
        self._position = run.position
        self._waits = f"waiting: {before:,} run{'' if before == 1 else 's'} before this one" if before else ""
        if self._waits not in ("", told) and not self._output.on_terminal:
            self._output.remark(self._waits)


def message_with_time(status: Status) -> str:
    """Return what it does, and about how long it still will."""
    return status.message + ("" if status.remaining is None else f" About {status.remaining:.0f} s left.")


def _place(work: Work) -> str | None:
    """Return its place in the line, while it waits."""
    return f"number {work.position} in line" if work.status.state is State.QUEUED and work.position else None


class Work(Protocol):
    """A run, a prediction job or a study as it stands."""

    @property
    def status(self) -> Status: ...
    @property
    def position(self) -> int | None: ...


_Work = TypeVar("_Work", bound=Work)
_Work_co = TypeVar("_Work_co", bound=Work, covariant=True)


class Pieces(Protocol[_Work_co]):
    """Where works that are done piece by piece are kept."""

    def get(self, work_id: str, /) -> _Work_co: ...
    def cancel(self, work_id: str, /) -> None: ...


def until_finished(works: Pieces[_Work], work_id: str, output: Console, line: Callable[[_Work], str]) -> None:
    """Look until work that is done piece by piece has finished; ``line`` is what a terminal shows meanwhile.

    Raises:
        KeyboardInterrupt: Ctrl-C; the work is cancelled and has ended.
        RunError: it failed because of what was asked for.
        JobError: it failed on the way.
    """
    try:
        work = _until_ended(works, work_id, lambda work: output.progress(_place(work) or line(work)))
    except KeyboardInterrupt:
        with contextlib.suppress(RunError):  # it may have ended on its own just before
            works.cancel(work_id)
        output.remark("Stopping: what is done is kept, and the same command goes on from there.")
        _until_ended(works, work_id, lambda _: None)  # while it ends, the same command would be told of its end
        raise
    output.clear()
    if work.status.wrong_input:
        raise RunError(work.status.message)
    if work.status.state is not State.FINISHED:
        raise JobError(f"{work.status.message} The same command goes on from there.")


def _until_ended(works: Pieces[_Work], work_id: str, look: Callable[[_Work], None]) -> _Work:
    while (work := works.get(work_id)).status.state.is_live:
        look(work)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return work
