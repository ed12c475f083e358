"""Records of a run as the screens and commands see it; state, status and worker are those of jobs and studies, too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bertdemo.training.recipe import Recipe

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


@dataclass(frozen=True)
class DataCard:
    """Which data a run was made from, and how it was read.

    What follows ``has_pairs`` is empty for built-in data and in folders of older versions: the columns of texts, second
    texts and labels, that of published parts, other columns that could be the labels, sentences on what was decided,
    and one on the parts where they were published.
    """

    name: str
    fingerprint: str
    label_names: tuple[str, ...]
    n_train: int
    n_validation: int
    n_test: int
    has_pairs: bool = False
    text_columns: tuple[str, ...] = ()
    pair_column: str = ""
    label_columns: tuple[str, ...] = ()
    split_column: str = ""
    also_possible: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    split_origin: str = ""

    @property
    def columns(self) -> str:
        """Which columns were learned from, in a line; empty for built-in data."""
        if not self.text_columns:
            return ""
        second = f", second text: {self.pair_column}" if self.pair_column else ""
        also = f"; also possible: {', '.join(self.also_possible)}" if self.also_possible else ""
        labels = "labels" if len(self.label_columns) > 1 else "label"
        split = f", split: {self.split_column}" if self.split_column else ""
        return f"text: {' + '.join(self.text_columns)}{second}, {labels}: {', '.join(self.label_columns)}{split}{also}"

    @property
    def reading(self) -> tuple[str, ...]:
        """How the data were read: the columns, and a sentence on each thing that was decided."""
        return tuple(line for line in (self.columns, *self.notes, self.split_origin) if line)


@dataclass(frozen=True)
class Run:
    """One row of the list of runs; the scores are of the test split and present once it was tested."""

    id: str
    name: str
    created: float
    recipe: Recipe
    data: DataCard
    status: Status
    position: int | None = None  # place in the queue, 1 = next
    accuracy: float | None = None
    macro_f1: float | None = None
    seconds: float | None = None
    read_only: bool = False  # it comes with the app: it cannot be renamed, deleted or trained on
