"""The records of this stage: a labelled data set, its split, and what was decided about the table that it is from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

Part = Literal["train", "validation", "test"]
NO_LABEL = -1
LEAVE_OUT, FIRST = "leave-out", "first"  # what becomes of rows with several labels


@dataclass(frozen=True)
class Source:
    """Where a data set comes from, for the person who has to cite it."""

    title: str
    description: str
    licence: str
    url: str


@dataclass(frozen=True)
class Dataset:
    """Rows of text with one label each.

    ``labels`` index ``label_names``; a row without a label holds ``NO_LABEL``. ``pairs``, where present, is
    the second text of each row (premise and hypothesis, question and answer). ``extras`` are further columns by which
    the rows can be told apart (name → a value a row, empty where missing); a model never sees them. ``parts`` are
    published ones, one a row, "" where none is named; a split keeps them. ``columns``, ``notes`` (sentences) and
    ``offers`` tell how a table was read, and what of that could be read otherwise. ``opened`` is what opens it again,
    in values that JSON has words for: ``data``, the name of a file or ``hub:owner/name``, and what a person decided.
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[int, ...]
    label_names: tuple[str, ...]
    pairs: tuple[str, ...] | None = None
    source: Source | None = None
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    parts: tuple[Part | Literal[""], ...] | None = None
    columns: Columns | None = None
    notes: tuple[str, ...] = ()
    offers: Offers | None = None
    opened: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)

    def __post_init__(self) -> None:
        optional = (column for column in (self.pairs, self.parts) if column is not None)
        if len({len(column) for column in (self.texts, self.labels, *optional, *self.extras.values())}) > 1:
            raise ValueError("texts, labels, pairs, parts and extras must have the same length")

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        """Show name and labels in a line, and no text."""
        counts = Counter(self.labels)
        labels = ", ".join(f"{name!r}: {counts[label]:,}" for label, name in enumerate(self.label_names))
        return f"Dataset({self.name!r}, {len(self):,} {'texts' if self.pairs is None else 'pairs'}, {{{labels}}})"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of label names and rows: equal for equal content, whatever the file it came from.

        Extras do not count: they change nothing about what is learned. Published parts do.
        """
        digest = hashlib.sha256(repr(self.label_names).encode())
        for row in zip(self.texts, self.pairs or self.texts, self.labels, strict=True):
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
        if self.parts is not None:
            digest.update(repr(self.parts).encode())
        return digest.hexdigest()

    def select(self, rows: Sequence[int]) -> Dataset:
        """Return the given rows, in the given order, under the same label names."""
        return replace(
            self,
            texts=tuple(self.texts[i] for i in rows),
            labels=tuple(self.labels[i] for i in rows),
            pairs=None if self.pairs is None else tuple(self.pairs[i] for i in rows),
            parts=None if self.parts is None else tuple(self.parts[i] for i in rows),
            extras={name: tuple(column[i] for i in rows) for name, column in self.extras.items()},
        )


@dataclass(frozen=True)
class Split:
    """A cleaned data set and the rows (indices into it) of each part; no text stands in two parts.

    ``origin`` is a sentence on where the parts come from, if they were published.
    """

    dataset: Dataset
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    seed: int
    origin: str = ""

    def part(self, name: Part) -> Dataset:
        return self.dataset.select(getattr(self, name))


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table; ``pair`` is the second text of each row, where there is one.

    ``joined`` follow the text in the same row (a body after its title). ``flags`` are 0/1 columns of which each is a
    label, ``raters`` columns of one label each by several people; ``label`` is the first of them. ``split`` holds
    published parts. ``also`` and ``joinable`` are what else the labels could be and what else could join the text.
    """

    text: str
    label: str
    pair: str | None = None
    split: str | None = None
    joined: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()
    also: tuple[str, ...] = field(default=(), compare=False)
    joinable: tuple[str, ...] = field(default=(), compare=False)

    @property
    def text_columns(self) -> tuple[str, ...]:
        return (self.text, *self.joined)

    @property
    def label_columns(self) -> tuple[str, ...]:
        return self.flags or self.raters or (self.label,)


@dataclass(frozen=True)
class LabelRules:
    """What to do with labels that are not plain.

    ``several`` labels in a row: ``LEAVE_OUT`` the row, take the ``FIRST``, or the name of the one label that is learned
    against all others. ``merge`` spellings of one label. ``no_label``: values that mean that there is none (None: the
    usual ones, such as "n/a"). ``majority``: of a text that stands in several rows, the label that most of them give.
    """

    several: str = LEAVE_OUT
    merge: bool = True
    no_label: tuple[str, ...] | None = None
    majority: bool = False

    def decided(self) -> dict[str, Any]:
        """Return the rules that are not the usual ones, by their names, in values that JSON has words for."""
        named = {each.name: (getattr(self, each.name), each.default) for each in fields(self)}
        changed = {name: value for name, (value, usual) in named.items() if value != usual}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


@dataclass(frozen=True)
class Choices:
    """What a person may decide about a table: columns by name, None where they are to be guessed, and the label rules.

    See ``guess_columns``.
    """

    text: str | None = None
    label: str | tuple[str, ...] | None = None
    pair: str | None = None
    split: str | None = None
    join: tuple[str, ...] = ()
    labels: LabelRules = field(default_factory=LabelRules)


@dataclass(frozen=True)
class Offers:
    """Which rules would change anything about a table, so that only those are asked about.

    ``several`` are the labels of rows that have more than one, ``merge`` says that spellings differ, ``no_label`` are
    values that may mean "none" and ``blank`` those that are read so, ``majority`` says that texts were labelled by
    several people who disagree.
    """

    several: tuple[str, ...] = ()
    merge: bool = False
    no_label: tuple[str, ...] = ()
    blank: tuple[str, ...] = ()
    majority: bool = False
