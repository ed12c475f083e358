"""Where a task stands: its state, its status, and which process does it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Request = Literal["stop", "cancel"]


class State(StrEnum):
    """Where a run, a job or a study stands. The first six are live; the others are final."""

    QUEUED = "queued"
    STARTING = "starting"
    TRAINING = "training"
    TESTING = "testing"
    PREDICTING = "predicting"  # a job, and no run
    EXPLAINING = "explaining"  # a study
    FINISHED = "finished"
    STOPPED = "stopped"  # before the last step, by a person or a killed process, with the best model tested
    CANCELLED = "cancelled"  # by a person, nothing kept
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # the process died without a word

    @property
    def is_live(self) -> bool:
        return self in _LIVE

    @property
    def has_model(self) -> bool:
        """Whether the run ended with a tested model (an interrupted one may hold one to be tested)."""
        return self in (State.FINISHED, State.STOPPED)


_LIVE = (State.QUEUED, State.STARTING, State.TRAINING, State.TESTING, State.PREDICTING, State.EXPLAINING)


@dataclass(frozen=True)
class Status:
    """What the worker last said. ``updated`` (Unix seconds) is its heart-beat; ``message`` one sentence.

    ``step`` of ``steps`` counts steps of training, the rows of a job, or the texts of a study. The machine is that of
    whoever wrote it; folders of older versions tell less of it.
    """

    state: State
    message: str
    updated: float
    pid: int | None = None
    process_started: float | None = None  # creation time of the process: a reused pid is not our worker
    step: int = 0
    steps: int = 0
    remaining: float | None = None  # seconds
    wrong_input: bool = False  # failed because of what was asked for (no such model), not on the way
    speed: float | None = None  # rows or texts a second
    host: str = ""  # whose pid it is: a home may be shared by machines, or copied to one of the same name
    ticks: int | None = None  # ``processes.start_ticks`` of the worker, which no clock that is set can move
    boot: str = ""
    namespace: str = ""
    booted: float | None = None  # ``processes.booted`` at ``updated``: has the clock been set since?
    claimer: str = ""  # ``processes.owner`` of who starts the worker, until it is started
    returned: int = 0  # how often it went back to the queue because no worker came
    trained: bool = False  # a run: training is over, and the test is what is left
    only_test: bool = False  # a run that was interrupted: the model it kept is to be tested


@dataclass(frozen=True)
class Worker:
    """The process that does a run; the names are those of ``Status``."""

    pid: int
    process_started: float
    host: str
    ticks: int | None = None
    boot: str = ""
    namespace: str = ""
