"""Records of a run as the screens and commands see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bertdemo.tasks.records import Status
from bertdemo.training.recipe import Recipe

LONGEST_NAME = 120  # characters


@dataclass(frozen=True)
class DataCard:
    """Which data a run was made from, and how it was read.

    What follows ``has_pairs`` is empty for built-in data and in folders of older versions: the columns of texts, second
    texts and labels, that of published parts, other columns that could be the labels, sentences on what was decided,
    and one on the parts where they were published. ``opened`` is what opens the data again (``Dataset.opened``).
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
    opened: dict[str, Any] = field(default_factory=dict, hash=False)

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
