"""Which column holds the labels, or which columns do: flags, or the answers of several raters."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertdemo.data.column_cells import (
    POSITIVE,
    filled,
    flag_values,
    is_measure,
    is_numeric,
    is_prose,
    label_problem,
    mean_length,
    nested_problem,
    tell_the_same,
)
from bertdemo.data.column_names import DOUBT, UNKNOWN, label_points, rater_family, words
from bertdemo.errors import DataError, DoubtfulLabelError
from bertdemo.lines import listed

if TYPE_CHECKING:
    import pandas as pd

_CLEAR = 70  # points from which a name says "labels" more clearly than flags do
_CLEARER = 80  # and more clearly than the name of one flag, such as "spam"
_ASIDE = (("is",), ("has",))  # first words of flags that say something of a text beside its label
_FINAL = 90  # more than the single raters beside it
_MOST_TOLD = 4
_COMBINED = 0.6  # share of rows in which a rater agrees with what is final
_BY_CHANCE = 0.2  # kappa of two columns that do not judge the same thing, in a table of a few dozen rows


@dataclass(frozen=True)
class LabelColumns:
    """One column of labels, or with ``flags`` a label each, or with ``raters`` a person each."""

    label: str
    flags: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.flags or self.raters or (self.label,)


def as_given(frame: pd.DataFrame, given: str | tuple[str, ...]) -> LabelColumns:
    """Return what a person named: one column, or several, which as one text have commas between."""
    names = [str(name) for name in frame.columns]
    if isinstance(given, str):
        several = (given,) if given in names else tuple(dict.fromkeys(part.strip() for part in given.split(",")))
        given = several if set(several) <= set(names) else (given,)
    if len(given) < 2:
        return LabelColumns(given[0])
    several = given
    families = {rater_family(name) for name in several}
    if len(families) == 1 and None not in families:
        return LabelColumns(several[0], raters=several)
    flags = all(flag_values(frame[name]) or filled(frame[name]).isin(["0", "false", "False"]).all() for name in several)
    return LabelColumns(several[0], flags=several) if flags else LabelColumns(several[0], raters=several)


def guess_label(frame: pd.DataFrame, names: Sequence[str]) -> LabelColumns:
    """Return the most plausible column or columns of labels.

    Raises:
        DataError: none looks like labels.
        DoubtfulLabelError: several do equally well.
    """
    flags, raters = _flags(frame, names), _raters(frame, names)
    points = {name: _points(frame[name], name) for name in names if name not in (*flags, *raters)}
    ranked = sorted((name for name in points if points[name] > 0), key=lambda name: -points[name])
    best = points[ranked[0]] if ranked else 0
    combined = bool(raters and ranked) and _agreement(frame, ranked[0], raters[0]) > _COMBINED
    if combined:
        return LabelColumns(ranked[0], also=(*ranked[1:], *raters)[:_MOST_TOLD])
    if raters and best < _FINAL:
        return LabelColumns(raters[0], raters=raters, also=tuple(ranked[:_MOST_TOLD]))
    if flags and best < _CLEAR:
        return LabelColumns(flags[0], flags=flags, also=tuple(ranked[:_MOST_TOLD]))
    if best < _CLEAR:
        _refuse_unusable(frame, names, raters)
    if not ranked:
        _refuse_measure(frame, names)
        raise DataError(
            f"No column looks like labels among {listed(list(frame.columns))}: add or choose a column with a "
            "few values that repeat."
        )
    found = _best(frame, ranked, points)
    points |= {name: _points(frame[name], name) for name in flags}  # passed over, and still what may be meant
    rest = sorted((*ranked, *flags), key=lambda name: -points[name])
    return replace(found, also=tuple(name for name in rest if name != found.label)[:_MOST_TOLD])


def _best(frame: pd.DataFrame, ranked: Sequence[str], points: dict[str, int]) -> LabelColumns:
    """Return the one column of labels, without what else they could be."""
    first = ranked[0]
    same = [name for name in ranked[1:] if points[name] > UNKNOWN and tell_the_same(frame[first], frame[name])]
    rivals = [name for name in ranked[1:] if points[name] >= points[first] - DOUBT and name not in same]
    if points[first] < _CLEARER:
        rivals += [name for name in _flags_like(frame, first, ranked[1:], points) if name not in (*same, *rivals)]
    named = first
    if _is_coded(frame[first]):  # its numbers may have their names in another column
        beside = [name for name in ranked[1:] if set(words(first)) < set(words(name))]
        named = next((name for name in (*same, *beside) if not _is_coded(frame[name])), first)
        rivals = [name for name in rivals if name != named]
    if rivals:
        if points[first] <= UNKNOWN:  # no name says anything: each column of few values may be meant
            rivals += [name for name in ranked[1:] if points[name] > UNKNOWN / 2 and name not in rivals]
        names = " or in ".join(map(repr, [first, *rivals][:_MOST_TOLD]))
        names += f" or in {len(rivals) + 1 - _MOST_TOLD} more" if len(rivals) >= _MOST_TOLD else ""
        raise DoubtfulLabelError(f"The labels may be in {names}", (first, *rivals))
    return LabelColumns(named)


def _refuse_unusable(frame: pd.DataFrame, names: Sequence[str], raters: Sequence[str]) -> None:
    """Say that a column is named as labels and cannot be them, rather than pass it over."""
    for name in sorted(set(names) - set(raters), key=lambda name: -(label_points(name) or 0)):
        problem = label_problem(frame[name])
        if (label_points(name) or 0) > _CLEAR + 8 and problem is not None:
            raise DataError(f"The column {name!r} {problem}: choose another column of labels.")


def _refuse_measure(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Numbers that somebody may have wanted to predict are told to be no labels."""
    for name in names:
        problem = label_problem(frame[name]) if label_points(name) is not None and is_measure(frame[name]) else None
        if problem is not None:
            raise DataError(f"The column {name!r} {problem}: add or choose a column with a few values that repeat.")


def _points(column: pd.Series[str], name: str) -> int:
    """Return how plausible a column of labels is by name and contents; 0 where it cannot be one."""
    points = label_points(name)
    if points is None or label_problem(column) is not None:
        return 0
    cells = filled(column)
    off = 40 if len(cells) < len(column) / 2 and points > _CLEAR else 0
    if points <= UNKNOWN:
        off += 3 if flag_values(column) else 15 if points == UNKNOWN and is_numeric(column) else 0
        off += 10 * (cells.nunique() > 50) + 15 * (mean_length(cells) > 40 or is_prose(column))
    return max(points - off, 1)


def _flags_like(frame: pd.DataFrame, first: str, names: Sequence[str], points: dict[str, int]) -> list[str]:
    """Return flags of the same two values beside a flag.

    Whether something else is so as well, and may be what is learned.
    """
    values = flag_values(frame[first])
    flags = [name for name in names if points[name] >= UNKNOWN - DOUBT and words(name)[:1] not in _ASIDE]
    return [name for name in flags if values and flag_values(frame[name]) == values]


def _is_coded(column: pd.Series[str]) -> bool:
    return is_numeric(column) or flag_values(column) is not None


def _flags(frame: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Return columns of 1 and 0 (TRUE and FALSE, x and blank) that together tell the labels of a row."""
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for name in names:
        points, values = label_points(name), flag_values(frame[name])
        if values and points is not None and points >= UNKNOWN:
            groups[values].append(name)
    group = max(groups.values(), key=len, default=[])
    if len(group) < 2:
        return ()
    marked = frame[group].fillna("").map(lambda cell: cell.strip().casefold() in POSITIVE).sum(axis="columns")
    if (marked <= 1).all() and (marked == 1).mean() > 0.8:
        return tuple(group)
    if any((label_points(name) or 0) > _FINAL for name in group):  # a column of labels with others beside it
        return ()
    if max(Counter(re.sub(r"\d+$", "", name) or name for name in group).values()) > 1:  # several answers to a question
        return ()
    named = [name for name in group if (label_points(name) or 0) >= _CLEAR]
    asides = [name for name in group if name not in named and words(name)[:1] in _ASIDE]
    return tuple(group) if len(group) > 2 and not (len(named) == 1 and asides) else ()


def _raters(frame: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Return columns of several raters, by names that differ in a number, who chose among the same labels.

    They agree more often than by chance; columns that say who the raters were do not.
    """
    families: dict[str, list[str]] = defaultdict(list)
    for name in names:
        family = rater_family(name)
        if family is not None and nested_problem(frame[name]) is None:
            families[family].append(name)
    for group in families.values():
        values = [set(filled(frame[name]).str.casefold()) for name in group]
        alike = len(group) > 1 and all(each & values[0] for each in values) and len(set().union(*values)) <= 50
        if alike and max(_kappa(frame, group[0], name) for name in group[1:]) > _BY_CHANCE:
            return tuple(group)
    return ()


def _agreement(frame: pd.DataFrame, one: str, other: str) -> float:
    """Return the share of rows in which both columns say the same, among those in which both say something."""
    first, second = _both(frame, one, other)
    return float((first == second).mean()) if len(first) else 0.0


def _kappa(frame: pd.DataFrame, one: str, other: str) -> float:
    """By how much two columns agree beyond chance: 0 for not at all, 1 for in every row (Cohen, 1960)."""
    first, second = (column.value_counts(normalize=True) for column in _both(frame, one, other))
    chance = float(first.mul(second, fill_value=0).sum())
    return (_agreement(frame, one, other) - chance) / (1 - chance) if chance < 1 else 0.0


def _both(frame: pd.DataFrame, one: str, other: str) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return two columns, in one case, where both say something."""
    rows = frame[[one, other]].dropna().astype(str)
    return rows[one].str.strip().str.casefold(), rows[other].str.strip().str.casefold()
