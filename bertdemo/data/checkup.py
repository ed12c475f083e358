"""What is wrong with a data set, row by row and with reasons; the data set without it; and how long its texts are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import NO_LABEL, Dataset, Key, keys
from bertdemo.errors import DataError, DisputedLabelsError
from bertdemo.lines import listed, one_line, shorten

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MIN_TEXTS_PER_LABEL = 3  # one for each part of the split
MIN_ROWS = 10
# Texts a label. With 4 tweets each, three labels were learned no better than by guessing (35 % right), with 8 at 50 %.
_FEW = 8
_DROP = "leave these labels out"
_RANKS = {"test": 2, "validation": 1}  # of published parts; a text stays in the highest that it stands in
_EXAMPLES = 3
_EXAMPLE_LENGTH = 200  # characters
_LETTERS_OF = 2_000  # texts, evenly spread: enough to tell an alphabet
_LATIN = re.compile(r"[A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿ]")
_ANY_LETTER = re.compile(r"[^\W\d_]")
_BATCH = 2_048  # bounds the memory of the encodings, which hold far more than a count


class Reason(StrEnum):
    """Why a row is left out."""

    EMPTY = "empty text"
    UNLABELLED = "no label"
    CONFLICT = "same text under two labels"
    DUPLICATE = "duplicate"
    HELD_OUT = "same text in a published part for testing"


@dataclass(frozen=True)
class RemovedRow:
    """A row that ``clean`` leaves out. ``row`` counts from 0; ``detail``, for people, counts rows from 1."""

    row: int
    text: str
    label: str
    reason: Reason
    detail: str


@dataclass(frozen=True)
class LabelCount:
    """One label: its rows as they came and as they remain, and a few remaining texts, shortened."""

    label: str
    before: int
    after: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class CheckUp:
    """What was found in ``rows`` rows. The five counts do not overlap; ``kept`` holds all other rows.

    ``not_latin`` is the share of their letters (0 to 1) that are of another alphabet. ``held_out`` rows of published
    parts have a text that a part for testing or validating has, too; the labels ``untrained`` stand only in those.
    ``several`` says that among the unlabelled rows are some with several labels.
    """

    rows: int
    empty: int
    unlabelled: int
    conflicts: int
    duplicates: int
    labels: tuple[LabelCount, ...]
    too_small: tuple[str, ...]
    kept: tuple[int, ...]
    removed: tuple[RemovedRow, ...]
    not_latin: float
    held_out: int = 0
    untrained: tuple[str, ...] = ()
    several: bool = False

    @property
    def is_clean(self) -> bool:
        return not self.removed and not self.too_small

    @property
    def can_drop_small(self) -> bool:
        """Whether enough to learn from remains without the labels that are too small."""
        rest = [count.after for count in self.labels if count.after and count.label not in self.too_small]
        return bool(self.too_small) and len(rest) > 1 and sum(rest) >= MIN_ROWS

    def findings(self) -> tuple[str, ...]:
        """One sentence for each kind of thing that was found, but for labels too small: those ``clean`` refuses."""
        return tuple(_findings(self))


def check_up(dataset: Dataset) -> CheckUp:
    """Look at every row once.

    A duplicate has the same normalised text (and pair) and the same label as an earlier row. A text under
    two labels is left out everywhere, because nobody knows the right answer. Where parts are published, a text that
    stands in several stays in the test part, else in the validation part, alone.
    """
    removed = _removed(dataset, keys(dataset))
    gone = {row.row for row in removed}
    kept = tuple(i for i in range(len(dataset)) if i not in gone)
    labels = _count_labels(dataset, kept)
    found = Counter(row.reason for row in removed)
    return CheckUp(
        rows=len(dataset),
        empty=found[Reason.EMPTY],
        unlabelled=found[Reason.UNLABELLED],
        conflicts=found[Reason.CONFLICT],
        duplicates=found[Reason.DUPLICATE],
        labels=labels,
        too_small=tuple(count.label for count in labels if 0 < count.after < MIN_TEXTS_PER_LABEL),
        kept=kept,
        removed=tuple(removed),
        not_latin=_share_not_latin(dataset.select(kept[:: max(1, len(kept) // _LETTERS_OF)]).texts),
        held_out=found[Reason.HELD_OUT],
        untrained=_untrained(dataset, kept),
        several=bool(dataset.offers and dataset.offers.several),
    )


def clean(dataset: Dataset, checkup: CheckUp, *, drop_small: bool = False, how_to_drop: str = _DROP) -> Dataset:
    """Return the rows worth learning from, under the labels that still have some.

    Args:
        dataset: what ``checkup`` was made of.
        checkup: the result of ``check_up(dataset)``.
        drop_small: also leave out labels with fewer than 3 distinct texts, one for each part of a split.
        how_to_drop: how the caller is told to do that; said only where enough would remain.

    Raises:
        DataError: fewer than 2 labels or 10 texts; or a label is too small, and is not to be dropped or leaves too few.
    """
    rows = usable_rows(dataset, checkup, drop_small=drop_small, how_to_drop=how_to_drop)
    decided = {"drop_small_labels": True} if checkup.too_small else {}
    return without_unused_labels(replace(dataset.select(rows), opened={**dataset.opened, **decided}))


def usable_rows(dataset: Dataset, checkup: CheckUp, *, drop_small: bool = False, how_to_drop: str = _DROP) -> list[int]:
    """Return the rows that ``clean`` keeps, in their order; same arguments and errors."""
    if not checkup.kept:
        reasons = Counter(row.reason for row in checkup.removed)
        nothing = f"No row is usable ({', '.join(f'{reason.value}: {n:,}' for reason, n in reasons.most_common())})"
        if dataset.offers and dataset.offers.majority:
            raise DisputedLabelsError(nothing)
        raise DataError(f"{nothing}: correct the file, or choose other columns.")
    _require_enough(dataset, checkup.kept)
    if checkup.too_small and not (drop_small and checkup.can_drop_small):
        or_else = f", or {how_to_drop}" if checkup.can_drop_small else ""
        raise DataError(
            f"Too few distinct texts to split under {listed(checkup.too_small, 5)}: add texts until each label has at "
            f"least {MIN_TEXTS_PER_LABEL}{or_else}."
        )
    small = {dataset.label_names.index(label) for label in checkup.too_small}
    return [i for i in checkup.kept if dataset.labels[i] not in small]


def _removed(dataset: Dataset, row_keys: Sequence[Key]) -> list[RemovedRow]:
    ranks = [0] * len(dataset) if dataset.parts is None else [_RANKS.get(part, 0) for part in dataset.parts]
    first_rows, highest = _first_rows(dataset, row_keys, ranks)
    removed = []
    for i, key in enumerate(row_keys):
        higher = ranks[i] < highest.get(key, 0)
        verdict = _judge(dataset, i, key, first_rows[key], held_out=higher)
        if verdict is not None:
            label = dataset.labels[i]
            name = "" if label == NO_LABEL else dataset.label_names[label]
            removed.append(RemovedRow(i, dataset.texts[i], name, *verdict))
    return removed


def _first_rows(
    dataset: Dataset, row_keys: Sequence[Key], ranks: Sequence[int]
) -> tuple[dict[Key, dict[int, int]], dict[Key, int]]:
    """For each text the first row under each of its labels, in the highest part it stands in; and that part's rank.

    Rows without a label say nothing.
    """
    first_rows: dict[Key, dict[int, int]] = defaultdict(dict)
    highest: dict[Key, int] = {}
    for i, (key, label) in enumerate(zip(row_keys, dataset.labels, strict=True)):
        if label == NO_LABEL:
            continue
        if ranks[i] > highest.setdefault(key, ranks[i]):
            highest[key] = ranks[i]
            first_rows[key] = {}
        if ranks[i] == highest[key]:
            first_rows[key].setdefault(label, i)
    return first_rows, highest


def _judge(
    dataset: Dataset, row: int, key: Key, first_rows: dict[int, int], *, held_out: bool
) -> tuple[Reason, str] | None:
    """Return why this row cannot stay, with what to look at; None if it can."""
    if not all(key):
        return Reason.EMPTY, "there is no visible character"
    label = dataset.labels[row]
    if label == NO_LABEL:
        return Reason.UNLABELLED, "the label is missing"
    if held_out:
        return Reason.HELD_OUT, f"the same text is held out in row {min(first_rows.values()) + 1}"
    if len(first_rows) > 1:
        other, first = next((other, first) for other, first in first_rows.items() if other != label)
        return Reason.CONFLICT, f"the same text is “{dataset.label_names[other]}” in row {first + 1}"
    if first_rows[label] != row:
        return Reason.DUPLICATE, f"the same text and label as row {first_rows[label] + 1}"
    return None


def _untrained(dataset: Dataset, kept: Sequence[int]) -> tuple[str, ...]:
    """Return the labels that no published row for training has."""
    if dataset.parts is None:
        return ()
    trained = {dataset.labels[i] for i in kept if dataset.parts[i] in ("train", "")}
    return tuple(dataset.label_names[label] for label in sorted({dataset.labels[i] for i in kept} - trained))


def _count_labels(dataset: Dataset, kept: Sequence[int]) -> tuple[LabelCount, ...]:
    before, after = Counter(dataset.labels), Counter(dataset.labels[i] for i in kept)
    examples: dict[int, list[str]] = defaultdict(list)
    for i in kept:
        if len(examples[dataset.labels[i]]) < _EXAMPLES:
            examples[dataset.labels[i]].append(_example(dataset, i))
    return tuple(
        LabelCount(name, before[label], after[label], tuple(examples[label]))
        for label, name in enumerate(dataset.label_names)
    )


def _share_not_latin(texts: Sequence[str]) -> float:
    letters = sum(len(_ANY_LETTER.findall(text)) for text in texts)
    return 1 - sum(len(_LATIN.findall(text)) for text in texts) / letters if letters else 0.0


def _example(dataset: Dataset, row: int) -> str:
    text = dataset.texts[row] if dataset.pairs is None else f"{dataset.texts[row]} · {dataset.pairs[row]}"
    return shorten(one_line(text[: 2 * _EXAMPLE_LENGTH]), _EXAMPLE_LENGTH)


def _findings(checkup: CheckUp) -> Iterator[str]:
    if checkup.empty:
        yield f"{_rows(checkup.empty)} left out: the text is empty."
    if checkup.unlabelled:
        yield f"{_rows(checkup.unlabelled)} left out: there is no label{', or no single one' * checkup.several}."
    if checkup.conflicts:
        yield f"{_rows(checkup.conflicts)} left out: the text has two labels, and nobody knows the right one."
    if checkup.duplicates:
        yield f"{_rows(checkup.duplicates)} left out: the same text and label came before."
    if checkup.held_out:
        yield f"{_rows(checkup.held_out)} left out: the text stands in a published part for testing or validating, too."
    if checkup.untrained:
        yield f"No published text for training has the label {listed(checkup.untrained, 5)}: it cannot be learned."
    if _most_are_few(checkup):
        yield (
            f"Most labels have fewer than {_FEW} texts, from which hardly anything can be learned: add texts, or "
            "join labels that are alike."
        )
    if checkup.not_latin > 0.5:
        yield (
            "Most letters are not Latin: choose a base model made for the language of these texts, since the bundled "
            "one reads English."
        )


def _most_are_few(checkup: CheckUp) -> bool:
    """Return whether most of the labels that can be learned have fewer texts than show what they mean."""
    sizes = [count.after for count in checkup.labels if count.after >= MIN_TEXTS_PER_LABEL]
    return sum(size < _FEW for size in sizes) > len(sizes) / 2


def _rows(count: int) -> str:
    return f"{count:,} row is" if count == 1 else f"{count:,} rows are"


def _require_enough(dataset: Dataset, rows: Sequence[int]) -> None:
    labels = {dataset.labels[i] for i in rows}
    if len(rows) == 1:
        raise DataError("All texts are equal: a classifier needs different texts to learn from.")
    if len(labels) < 2:
        only = dataset.label_names[labels.pop()]
        raise DataError(f"Only the label {only!r} has usable texts: a classifier needs at least two labels.")
    if len(rows) < MIN_ROWS:
        raise DataError(f"Only {len(rows)} texts are usable: a classifier needs at least {MIN_ROWS}, better hundreds.")


def without_unused_labels(dataset: Dataset) -> Dataset:
    """Return the same rows, under the labels that have some."""
    used = sorted(set(dataset.labels))
    number = {label: i for i, label in enumerate(used)}
    return replace(
        dataset,
        labels=tuple(number[label] for label in dataset.labels),
        label_names=tuple(dataset.label_names[label] for label in used),
    )


def token_lengths(tokenizer: Tokenizer, dataset: Dataset) -> NDArray[np.int64]:
    """Return tokens of each row (with its pair and the special tokens), before any cut: shape ``(rows,)``.

    Args:
        tokenizer: as opened by ``models.vocabulary.open_tokenizer``, which neither cuts nor pads.
        dataset: any texts, or pairs of them.
    """
    rows = dataset.texts if dataset.pairs is None else list(zip(dataset.texts, dataset.pairs, strict=True))
    lengths = np.empty(len(rows), dtype=np.int64)
    for start in range(0, len(rows), _BATCH):
        batch = tokenizer.encode_batch_fast(list(rows[start : start + _BATCH]))
        lengths[start : start + len(batch)] = [len(encoding) for encoding in batch]
    return lengths


def share_cut(lengths: NDArray[np.int64], max_length: int) -> float:
    """Return the share of rows (0 to 1) that lose tokens at ``max_length``."""
    return float((lengths > max_length).mean()) if len(lengths) else 0.0
