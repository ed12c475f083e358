"""Where a task stands: its state and its status."""

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
    """What the worker, or whoever moved the task on, said last. ``message`` is one sentence, ``updated`` Unix seconds.

    ``step`` of ``steps`` counts steps of training, the rows of a job, or the texts of a study. Who does the task is no
    part of it: that stands in the lock of its folder, for the backend alone.
    """

    state: State
    message: str
    updated: float
    step: int = 0
    steps: int = 0
    remaining: float | None = None  # seconds
    wrong_input: bool = False  # failed because of what was asked for (no such model), not on the way
    speed: float | None = None  # rows or texts a second
    returned: int = 0  # how often it went back to the queue because no worker came
    trained: bool = False  # a run: training is over, and the test is what is left
    only_test: bool = False  # a run that was interrupted: the model it kept is to be tested
