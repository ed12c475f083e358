"""Labels as people and tools write them → one label a row, or none; with a sentence on everything that was decided."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bertdemo.data.column_cells import POSITIVE, Labels, read_cells
from bertdemo.data.column_names import words
from bertdemo.data.dataset import FIRST, LEAVE_OUT, Columns, LabelRules, Offers, normalise, without_invisible
from bertdemo.errors import SeveralLabelsError, UnknownLabelError
from bertdemo.lines import counted, listed

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-") | dict.fromkeys(map(ord, "’‘"), "'")
_TURKISH = {ord("ı"): "i", 0x307: None}  # the dotless i and the dot that lower case keeps of İ
_NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d*?)0*)?")
_WORDS = (
    "n/a #n/a na n.a. #na <na> nan -nan #nan \\n null #null! nil none nat ? ?? ??? - -- --- . .. unlabeled unlabelled "
    "unannotated (blank) undefined #value! #ref!"
)
_BLANK = frozenset(_WORDS.split()) | {"not labeled", "not labelled", "not annotated", "no label"}
_OFTEN = 0.02  # share of the rows from which "none" is a label among others, as in stance and hate speech
_ANSWERS = {"accept", "reject", "ignore"}  # what Prodigy's annotators say of a proposed label


@dataclass
class Told:
    """The sentences and offers that come up on the way."""

    notes: list[str] = field(default_factory=list)
    offers: Offers = field(default_factory=Offers)

    def offer(self, **found: object) -> None:
        self.offers = replace(self.offers, **found)  # type: ignore[arg-type]


def label_key(label: str) -> str:
    """Return what spellings of one label have in common: as ``normalise``.

    1, 1.0 and 01 are one number, İ and ı an i.
    """
    plain = normalise(label.translate(_DASHES)).translate(_TURKISH)
    number = _NUMBER.fullmatch(plain)
    if number is None:
        return plain
    sign, whole, fraction = number.groups()
    return f"{'-' if sign == '-' else ''}{whole}{'.' if fraction else ''}{fraction or ''}"


def is_blank(label: str) -> bool:
    """Return whether this says that there is no label."""
    return label_key(label) in _BLANK | {""}


def read_labels(frame: pd.DataFrame, columns: Columns, rules: LabelRules, told: Told) -> list[str]:
    """Read the label of each row, "" where it has none.

    Raises:
        DataError: ``rules.several`` is no label of the table, or too few rows have one label only.
    """
    if columns.flags:
        rows = _flagged(frame, columns.flags, told)
    else:
        by_column = [_cells(frame[name]) for name in columns.label_columns]
        by_column = _as_one_spelling(by_column, rules, told)
        rows = _voted(by_column, columns.raters, told) if columns.raters else by_column[0]
    rows = _without_rejected(rows, frame, columns, told)
    return _one_each(rows, rules.several, told, unmarked_is_other=bool(columns.flags))


def take_majority(labels: Sequence[str], texts: Sequence[Hashable], rules: LabelRules, told: Told) -> list[str]:
    """Return the label that most rows of the same text give, if the rules ask for it; where two are as frequent, none.

    Args:
        labels: one a row, "" where there is none.
        texts: what rows of one text have in common.
        rules: whether it is asked for.
        told: where it is said, and offered where rows of one text disagree.
    """
    votes: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for text, label in zip(texts, labels, strict=True):
        if label:
            votes[text][label] += 1
    disputed = {text: _winner(count) for text, count in votes.items() if len(count) > 1}
    voted = sum(1 for text in disputed if votes[text].total() > 2) or sum(n.total() > 1 for n in votes.values()) > 1
    if not disputed or not voted:
        return list(labels)
    told.offer(majority=True)
    if not rules.majority:
        return list(labels)
    ties = sum(not winner for winner in disputed.values())
    told.notes.append(
        f"{counted(len(disputed), 'text')} with several answers {_has(len(disputed))} the label that most of them give"
        + (f"; {counted(ties, 'text')} with a tie {_has(ties)} none." if ties else ".")
    )
    return [disputed.get(text, label) if label else "" for text, label in zip(texts, labels, strict=True)]


def _cells(column: pd.Series[str]) -> list[Labels]:
    cells = column.fillna("").astype(str).map(lambda cell: " ".join(without_invisible(cell).split()) and cell.strip())
    labels = read_cells(Counter(filter(None, cells)))
    return [labels.get(cell, ()) for cell in cells]


def _flagged(frame: pd.DataFrame, flags: Sequence[str], told: Told) -> list[Labels]:
    marks = [frame[name].fillna("").astype(str).str.strip().str.casefold().isin(POSITIVE) for name in flags]
    rows = [tuple(name for name, marked in zip(flags, row, strict=True) if marked) for row in zip(*marks, strict=True)]
    unmarked = sum(not row for row in rows)
    none = f"; {counted(unmarked, 'row')} without a mark {_has(unmarked)} no label" if unmarked else ""
    told.notes.append(f"The labels are the columns {listed(flags)}: a row has the one that is marked in it{none}.")
    return rows


def _as_one_spelling(columns: list[list[Labels]], rules: LabelRules, told: Told) -> list[list[Labels]]:
    """Return every label in its most frequent spelling, and without those that say that there is none."""
    counts = Counter(label for rows in columns for labels in rows for label in labels)
    blank = _blank_keys(counts, rules, told)
    spelling = _spellings(counts, blank, told, merge=rules.merge)
    known = {label: spelling[label] for label in counts if label_key(label) not in blank}
    return [[tuple(dict.fromkeys(known[each] for each in row if each in known)) for row in rows] for rows in columns]


def _spellings(counts: Counter[str], blank: frozenset[str], told: Told, *, merge: bool) -> dict[str, str]:
    """For each label how it is spelled from now on."""
    visible = {label: unicodedata.normalize("NFC", " ".join(without_invisible(label).split())) for label in counts}
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    variants: dict[str, set[str]] = defaultdict(set)
    for label, rows in counts.items():
        groups[label_key(label)][visible[label]] += rows
        variants[label_key(label)].add(label)
    winners = {key: min(group, key=lambda each: (-group[each], each.swapcase())) for key, group in groups.items()}
    differing = {key: sorted(variants[key] - {winners[key]}) for key in groups if len(variants[key]) > 1}
    if names := [key for key in differing if key not in blank]:
        told.offer(merge=True)
        told.notes.append(_spelling_sentence([(winners[key], differing[key]) for key in names], merge=merge))
    return {label: winners[label_key(label)] if merge else label.strip() for label in counts}


def _spelling_sentence(groups: list[tuple[str, list[str]]], *, merge: bool) -> str:
    shown = [f"“{winner}” ({', '.join(map(_seen, others[:_SHOWN]))})" for winner, others in groups[:_SHOWN]]
    more = f" and {len(groups) - _SHOWN} more" if len(groups) > _SHOWN else ""
    how = "are read as one label" if merge else "are kept apart"
    what = "Spellings that differ in case, blanks, apostrophes, dashes or invisible characters"
    return f"{what} {how}: {'; '.join(shown)}{more}."


def _seen(label: str) -> str:
    """Return a spelling, with a word on what cannot be seen in it."""
    hidden = without_invisible(label) != label or label != unicodedata.normalize("NFC", label) or "\u00a0" in label
    return f"“{without_invisible(label)}”" + (" with hidden characters" if hidden else "")


def _blank_keys(counts: Counter[str], rules: LabelRules, told: Told) -> frozenset[str]:
    """Return the keys of the values that mean "no label".

    Those that may are offered, and what became of them is said.
    """
    by_key: dict[str, Counter[str]] = defaultdict(Counter)
    for label, rows in counts.items():
        by_key[label_key(label)][label] += rows
    named = frozenset(map(label_key, rules.no_label or ()))
    maybe = {key: by_key[key] for key in by_key if key in _BLANK | named}
    usual = _usual_blanks(by_key, set(maybe))
    blank = frozenset(usual) if rules.no_label is None else named
    if maybe:
        spelled = {key: count.most_common(1)[0][0] for key, count in maybe.items()}
        read = [spelled[key] for key in maybe if key in blank]
        told.offer(no_label=tuple(spelled.values()), blank=tuple(read))
        for keys, how in ((blank, "read as “no label”"), (maybe.keys() - blank, "kept as a label")):
            quoted = [f"“{spelled[key]}” ({counted(maybe[key].total(), 'row')})" for key in maybe if key in keys]
            if quoted:
                told.notes.append(f"{', '.join(quoted)}: {how}.")
    return blank | {""}


def _usual_blanks(by_key: dict[str, Counter[str]], maybe: set[str]) -> set[str]:
    """Return those of the values that are not labels like the others."""
    others = by_key.keys() - maybe
    blank = {key for key in maybe if key != "none" or not _is_a_label(by_key[key], [by_key[key] for key in others])}
    if "+" in others:
        blank.discard("-")
    return blank if len(by_key.keys() - blank) > 1 else set()


def _is_a_label(none: Counter[str], others: Sequence[Counter[str]]) -> bool:
    """Return whether "none" is frequent, and not what Python writes beside labels in another case or numbers."""
    rows = none.total() + sum(count.total() for count in others)
    spelled = [count.most_common(1)[0][0] for count in others]
    initials = [next(filter(str.isalpha, label), "") for label in spelled]  # of "2. animosity", too
    if none.total() < _OFTEN * rows or not any(initials):
        return False
    if none.most_common(1)[0][0] != "None":
        return True
    return all(first.isupper() and not label.isupper() for first, label in zip(initials, spelled, strict=True))


def _voted(columns: Sequence[Sequence[Labels]], names: Sequence[str], told: Told) -> list[Labels]:
    """Return what most of the raters said of each row; nothing where two answers are as frequent."""
    counts = [Counter(label for labels in row for label in labels) for row in zip(*columns, strict=True)]
    winners = [_winner(count) for count in counts]
    ties = sum(bool(count) and not winner for count, winner in zip(counts, winners, strict=True))
    rest = f"; {counted(ties, 'row')} with a tie {_has(ties)} none" if ties else ""
    told.notes.append(f"The label of a row is what most of the columns {listed(names)} say{rest}.")
    return [(winner,) if winner else () for winner in winners]


def _winner(count: Counter[str]) -> str:
    first, *rest = [*count.most_common(2), ("", 0)]
    return "" if rest[0][1] == first[1] else first[0]


def _without_rejected(rows: list[Labels], frame: pd.DataFrame, columns: Columns, told: Told) -> list[Labels]:
    """No label where an annotator rejected or ignored the one that was proposed."""
    for name in frame.columns:
        answers = frame[name].fillna("").str.strip().str.casefold() if words(str(name)) == ("answer",) else None
        if answers is None or not set(answers.unique()) <= _ANSWERS | {""}:
            continue
        out = answers.isin(("ignore",) if name in columns.label_columns else ("reject", "ignore"))
        if out.any():
            n = int(out.sum())
            told.notes.append(f"{counted(n, 'row')} rejected or ignored in the column {name!r} {_has(n)} no label.")
            rows = [() if gone else row for row, gone in zip(rows, out, strict=True)]
    return rows


def _one_each(rows: list[Labels], several: str, told: Told, *, unmarked_is_other: bool) -> list[str]:
    """Return one label of each row by the rule for several, which is offered and told where it matters."""
    n = sum(len(row) > 1 for row in rows)
    names = tuple(sorted({label for row in rows for label in row}))
    if n:
        told.offer(several=names)
    if several not in (LEAVE_OUT, FIRST):
        return _one_against_rest(rows, several, names, told, unmarked_is_other=unmarked_is_other)
    if not n:
        return [row[0] if row else "" for row in rows]
    example = " and ".join(f"“{label}”" for label in next(row for row in rows if len(row) > 1)[:2])
    how = "left out" if several == LEAVE_OUT else "read as the first of them"
    told.notes.append(f"{counted(n, 'row')} with several labels, such as {example}: {how}.")
    if several == LEAVE_OUT and len({row[0] for row in rows if len(row) == 1}) < 2:
        raise SeveralLabelsError(
            f"Without the {counted(n, 'row')} with several labels, such as {example}, fewer than two labels remain",
            names,
        )
    return [row[0] if row and (len(row) == 1 or several == FIRST) else "" for row in rows]


def _one_against_rest(
    rows: Iterable[Labels], wanted: str, names: Sequence[str], told: Told, *, unmarked_is_other: bool
) -> list[str]:
    label = next((name for name in names if label_key(name) == label_key(wanted)), None)
    if label is None:
        raise UnknownLabelError(
            f"There is no label {wanted!r}: choose one of {listed(names)}, or {LEAVE_OUT} or {FIRST}."
        )
    told.notes.append(f"The label “{label}” is learned against all others.")
    other = f"not {label}"
    return [label if label in row else other if row or unmarked_is_other else "" for row in rows]


def _has(n: int) -> str:
    return "has" if n == 1 else "have"
