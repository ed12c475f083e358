"""The two records of this stage: a labelled data set, and its split into train, validation and test."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bertdemo.data.columns import Columns
    from bertdemo.data.labels import Offers

Part = Literal["train", "validation", "test"]
NO_LABEL = -1


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
