"""What a command shows of a run, a job or a study that it waits for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TypeVar

from bertdemo.commands.console import Console
from bertdemo.errors import JobError, RunError
from bertdemo.runs.records import Run
from bertdemo.runs.reporting import News
from bertdemo.runs.store import Runs
from bertdemo.tasks.following import Store, Task, follow, until_ended
from bertdemo.tasks.records import State, Status

_Task = TypeVar("_Task", bound=Task)


def follow_run(runs: Runs, run_id: str, output: Console) -> Run:
    """Show progress until a run ends, and return it. Ctrl-C asks it to stop.

    Raises:
        KeyboardInterrupt: Ctrl-C a second time; the run is left to itself.
    """

    def stop(_: str) -> None:
        output.remark("Stopping: the best model so far is kept and tested; Ctrl-C again leaves it alone.")
        runs.stop(run_id)

    return until_ended(runs, run_id, Teller(runs, run_id, output).look, stop)


class Teller:
    """Tells of a run at each look: a passing line on a terminal, a lasting one for each validation.

    How many runs come before it is a passing line, too, and where there is no terminal a lasting one. What was told
    once is not told again; ``from_now`` leaves out what has happened before.
    """

    def __init__(self, runs: Runs, run_id: str, output: Console, *, from_now: bool = False) -> None:
        self._runs = runs
        self._output = output
        self._news = News(runs.folder(run_id), from_now=from_now)
        self._position: int | None = None
        self._waits = ""

    def look(self, run: Run) -> None:
        """Tell what is new."""
        for line in self._news.lines():
            self._output.remark(line)
        if run.status.state.is_live:
            self._tell_position(run)
            self._output.progress(self._waits or message_with_time(run.status))
        else:
            self._output.clear()

    def _tell_position(self, run: Run) -> None:
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


def follow_to_result(store: Store[_Task], task_id: str, output: Console, line: Callable[[_Task], str]) -> None:
    """Look until a job or a study has finished; ``line`` is what a terminal shows meanwhile.

    Raises:
        KeyboardInterrupt: Ctrl-C; it is cancelled and has ended.
        RunError: it failed because of what was asked for.
        JobError: it failed on the way.
    """
    try:
        for task in follow(store, task_id):
            if task.status.state.is_live:
                output.progress(_position(task) or line(task))
    except KeyboardInterrupt:
        with contextlib.suppress(RunError):  # it may have ended on its own just before
            store.cancel(task_id)
        output.remark("Stopping: what is done is kept, and the same command goes on from there.")
        for _ in follow(store, task_id):
            pass  # while it ends, the same command would be told of its end
        raise
    output.clear()
    if task.status.wrong_input:
        raise RunError(task.status.message)
    if task.status.state is not State.FINISHED:
        raise JobError(f"{task.status.message} The same command goes on from there.")


def _position(task: Task) -> str | None:
    """Return its position, while it waits."""
    return f"number {task.position} in line" if task.status.state is State.QUEUED and task.position else None
