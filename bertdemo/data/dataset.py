"""The records of this stage: a data set, its split, what was decided about its table; and which of its texts are one.

Duplicates, conflicts and the split go by the latter.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

Part = Literal["train", "validation", "test"]
NO_LABEL = -1
LEAVE_OUT, FIRST = "leave-out", "first"  # what becomes of rows with several labels
Key = tuple[str, ...]
# Characters that a reader cannot see: controls, soft hyphen, zero-width and direction marks, byte order mark,
# fillers, variation selectors and tags.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Those of them that no spelling needs, between two letters: not the joiners of Persian and of Indian scripts.
_INSIDE_A_WORD = re.compile("(?<=\\w)[\xad\u200b\u200e\u200f\u2060\ufeff]+(?=\\w)")
# Unicode's names of the forms of a letter; the last four are of Arabic.
_FORMS = ("<wide>", "<narrow>", "<font>", "<circle>", "<square>", "<compat>", "<initial>", "<medial>", "<final>",
          "<isolated>")  # fmt: skip
_SURROGATES = re.compile("[\ud800-\udfff]")


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


def without_invisible(text: str) -> str:
    """Return the text without the characters that a reader cannot see."""
    return _INVISIBLE.sub("", text)


def normalise(text: str) -> str:
    """Return the text without what a reader would not call a difference: Unicode form (NFKC), case, spaces."""
    visible = without_invisible(text)
    if not visible.isascii():
        visible = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return " ".join(visible.casefold().split())


def in_plain_letters(text: str) -> str:
    """Return the text as ``normalise`` reads its letters and digits, case and all else kept.

    Full-width, mathematical and circled forms become plain, and what nobody sees inside a word goes. Superscripts and
    joiners stay: they are how words are written.
    """
    if text.isascii():
        return text
    whole = _INSIDE_A_WORD.sub("", text)
    return "".join(_plain(character) for character in whole)


def _plain(character: str) -> str:
    form = unicodedata.decomposition(character).partition(" ")[0]
    plain = unicodedata.normalize("NFKC", character) if form in _FORMS else character
    return plain if plain.isalnum() else character


def keys(dataset: Dataset) -> list[Key]:
    """Return what identifies each row: its normalised text, or its normalised pair of texts."""
    if dataset.pairs is None:
        return [(normalise(text),) for text in dataset.texts]
    rows = zip(dataset.texts, dataset.pairs, strict=True)
    return [(normalise(text), normalise(pair)) for text, pair in rows]


def without_surrogates(text: str) -> str:
    """Return lone surrogates, which no file can hold in UTF-8, become U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
