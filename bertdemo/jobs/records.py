"""Records of a job as the screens and commands see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bertdemo.tasks.records import Status
from bertdemo.tasks.resumable import can_resume

Format = Literal["csv", "parquet", "jsonl"]


@dataclass(frozen=True)
class JobColumns:
    """Names of the columns of a table: the texts, their second texts, and the right labels where they are known."""

    text: str
    pair: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class JobCard:
    """What a job was asked to do; written once.

    ``fingerprint`` is a SHA-256 (hex) of table, columns, run and precision, ``model`` one of the run's weights.
    ``chunk`` rows are predicted and kept at a time. ``exact`` asks for fp32 where the hardware would rather have bf16.
    ``destination`` is the file a command will write the result to; empty for a job of a page.
    """

    run: str
    run_name: str
    label_names: tuple[str, ...]
    columns: JobColumns
    source_name: str
    rows: int
    chunk: int
    exact: bool
    created: float
    fingerprint: str
    model: str
    destination: str = ""


@dataclass(frozen=True)
class Job:
    """One row of the list of jobs. ``card`` is None where the job is damaged; ``status.message`` says so."""

    id: str
    card: JobCard | None
    status: Status
    position: int | None = None  # place in the queue, 1 = next

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return self.card.rows if self.card else 0

    @property
    def done(self) -> int:
        """Rows that are predicted and kept."""
        return self.status.step

    @property
    def rows_per_second(self) -> float | None:
        """Speed of the worker since it began or went on; None before it has one."""
        return self.status.speed

    @property
    def remaining(self) -> float | None:
        """Seconds until the end at that speed."""
        return self.status.remaining

    @property
    def can_resume(self) -> bool:
        """Whether it ended before its last row and would go on where it stands."""
        return self.card is not None and can_resume(self.status.state)


@dataclass(frozen=True)
class Agreement:
    """Predictions against the right labels, over the ``n`` rows that have a prediction and a label that the run knows.

    ``unknown`` rows have a label the run does not know, and count nowhere else; ``unknown_labels`` are these, the most
    frequent first. The scores are None where n is 0.
    """

    n: int
    unknown: int
    accuracy: float | None
    macro_f1: float | None
    unknown_labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobSummary:
    """The rows that are done, counted. Confidence is the probability of the predicted label.

    ``counts`` are (label, rows) of all labels, in the order of the run. ``empty`` rows have no text that the model can
    read, and no prediction; of ``mostly_unknown`` rows more than half of the tokens are unknown to it.
    ``below`` rows have a prediction less confident than ``threshold``. ``cut`` texts were longer than the model reads.
    ``seconds`` is the time of predicting alone, over all the times the job was taken up. ``precision`` is that of the
    matrix products (two of them where the job went on elsewhere).
    """

    rows: int
    empty: int
    counts: tuple[tuple[str, int], ...]
    mean_confidence: float | None
    threshold: float
    below: int
    cut: int
    seconds: float
    texts_per_second: float | None
    precision: str
    agreement: Agreement | None = None
    mostly_unknown: int = 0


@dataclass(frozen=True)
class ReviewRow:
    """One row to look at; ``row`` counts from 1 in the order of the table, without its header."""

    row: int
    text: str
    pair: str | None
    label: str
    confidence: float
