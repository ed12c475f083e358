"""Which column holds the texts and which the labels: by the usual names, then by their looks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from bertdemo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MAX_LABELS = 1_000
_MAX_EXTRAS, _MAX_GROUPS, _LONGEST_GROUP_NAME = 8, 50, 80
_FEW = 20  # so many distinct values are never too many, however few the rows

# In the order in which they are looked for. "v1" and "v2" are the names of the SMS collection as a CSV.
_TEXT_NAMES = (
    *(
        "text",
        "texts",
        "sentence",
        "tweet",
        "review",
        "message",
        "content",
        "comment",
        "document",
        "utterance",
    ),
    *("body", "sms", "query", "title", "headline", "description", "phrase", "premise", "question", "v2"),
)
_LABEL_NAMES = (
    *(
        "label",
        "labels",
        "class",
        "category",
        "sentiment",
        "target",
        "intent",
        "topic",
        "emotion",
        "polarity",
    ),
    *("rating", "stars", "score", "tag", "y", "v1"),
)
_PAIR_NAMES = (
    *(("premise", "hypothesis"), ("sentence1", "sentence2"), ("sentencea", "sentenceb"), ("text1", "text2")),
    *(("texta", "textb"), ("question1", "question2"), ("question", "sentence"), ("question", "answer")),
    *(("question", "passage"), ("question", "context"), ("query", "document"), ("query", "passage")),
)


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table; ``pair`` is the second text of each row, where there is one."""

    text: str
    label: str
    pair: str | None = None


def is_usual_name(name: str) -> bool:
    """Whether a cell of a first row looks like the name of a column."""
    return _plain(name) in {*_TEXT_NAMES, *_LABEL_NAMES, *(name for pair in _PAIR_NAMES for name in pair)}


def refuse_unknown(chosen: Sequence[str | None], names: Sequence[str]) -> None:
    """A column that was chosen (None: it was not) is one of the table's.

    Raises:
        DataError: it is not.
    """
    for column in chosen:
        if column is not None and column not in names:
            raise DataError(f"There is no column {column!r}: choose one of {listed(list(names))}.")


def refuse_twice(chosen: Sequence[str | None]) -> None:
    """No column serves as two.

    Raises:
        DataError: one does.
    """
    columns = [column for column in chosen if column is not None]
    if len(set(columns)) < len(columns):
        raise DataError("The same column was chosen twice: texts, second texts and labels need a column each.")


def guess_columns(
    frame: pd.DataFrame, *, text: str | None = None, label: str | None = None, pair: str | None = None
) -> Columns:
    """The most plausible columns; those that are given are kept.

    Raises:
        DataError: a given column does not exist, there is only one, or none looks like labels or texts.
    """
    names = [str(name) for name in frame.columns]
    refuse_unknown((text, label, pair), names)
    if len(names) < 2:
        raise DataError(
            f"The table has only the column {names[0]!r}: it needs two columns, one with the texts and one "
            "with the labels."
        )
    if text is None and pair is None:
        text, pair = _usual_pair(names)
    rest = [name for name in names if name not in (text, label, pair)]
    text = text or _named(rest, _TEXT_NAMES)
    label = label or _guess_label(frame, [name for name in rest if name != text])
    text = text or _guess_text(frame, [name for name in rest if name != label])
    return Columns(text=text, label=label, pair=pair)


def guess_texts(
    frame: pd.DataFrame, *, text: str | None = None, pair: str | None = None, pairs: bool = False
) -> tuple[str, str | None]:
    """The column of texts, and with ``pairs`` that of second texts if its name tells it; labels need not be there.

    Raises:
        DataError: a given column does not exist, or none looks like texts.
    """
    names = [str(name) for name in frame.columns]
    refuse_unknown((text, pair), names)
    first, second = _usual_pair([*names, ""]) if pairs and text is None and pair is None else (text, pair)
    rest = [name for name in names if name not in (first, second)]
    first = first or (rest[0] if len(rest) == 1 else _named(rest, _TEXT_NAMES) or _guess_text(frame, rest))
    return first, second


def label_problem(column: pd.Series[str]) -> str | None:
    """Why a column cannot hold the labels, to go on a sentence after its name; None if it can."""
    filled = column.dropna().str.strip()
    filled = filled[filled != ""]
    distinct = filled.nunique()
    if distinct == 0:
        return "is empty"
    if distinct == 1:
        return f"holds the single label {str(filled.iloc[0])[:40]!r}, and a classifier needs at least two"
    if distinct > MAX_LABELS or (distinct > _FEW and distinct > len(filled) / 2):
        most = f" (there can be {MAX_LABELS:,})" if distinct > MAX_LABELS else ""
        return f"has {distinct:,} values in {len(filled):,} rows and looks like texts or ids, not labels{most}"
    return None


def extra_columns(frame: pd.DataFrame, chosen: Sequence[str]) -> list[str]:
    """Columns beside the chosen ones that divide the rows into groups: 2 to 50 short values that repeat; 8 at most."""
    rest = (name for name in frame.columns if name not in chosen)
    return list(islice((name for name in rest if _divides(frame[name])), _MAX_EXTRAS))


def listed(names: Sequence[str]) -> str:
    """Names for a sentence: the first ten, quoted."""
    shown = ", ".join(repr(name) for name in names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown


def _divides(column: pd.Series[str]) -> bool:
    filled = column.dropna()
    values = filled.unique()
    most = min(_MAX_GROUPS, len(filled) / 2)
    return 2 <= len(values) <= most and max(map(len, values)) <= _LONGEST_GROUP_NAME


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _named(names: Sequence[str], usual: Sequence[str]) -> str | None:
    """The column with the most usual name, else one whose last word is such a name ("airline_sentiment")."""
    for plain in (_plain, _last_word):
        found = {plain(name): name for name in reversed(names)}
        match = next((found[name] for name in usual if name in found), None)
        if match is not None:
            return match
    return None


def _last_word(name: str) -> str:
    return re.split(r"[\W_]+", name.strip(" _"))[-1].casefold()


def _usual_pair(names: Sequence[str]) -> tuple[str | None, str | None]:
    """Two columns that belong together by their names, if a third is left to hold the labels."""
    found = {_plain(name): name for name in reversed(names)}
    if len(names) > 2:
        for first, second in _PAIR_NAMES:
            if first in found and second in found:
                return found[first], found[second]
    return None, None


def _guess_label(frame: pd.DataFrame, names: Sequence[str]) -> str:
    problems = {name: label_problem(frame[name]) for name in names}
    plausible = [name for name in names if problems[name] is None]
    named = _named(plausible, _LABEL_NAMES)
    if named is not None:
        return named
    intended = _named(names, _LABEL_NAMES)
    if intended is not None:
        raise DataError(f"The column {intended!r} {problems[intended]}: choose another column of labels.")
    if not plausible:
        raise DataError(
            f"No column looks like labels among {listed(list(frame.columns))}: add or choose a column with a "
            "few values that repeat."
        )
    return min(plausible, key=lambda name: (frame[name].nunique(), _mean_length(frame, name)))


def _guess_text(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """The column with the longest and least repeated values that hold letters."""
    worded = [name for name in names if frame[name].dropna().map(_has_letters).mean() > 0.5]
    if not worded:
        raise DataError(f"No column looks like texts among {listed(list(frame.columns))}: add one with sentences.")
    return max(worded, key=lambda name: _mean_length(frame, name) * frame[name].nunique())


def _has_letters(cell: object) -> bool:
    return isinstance(cell, str) and any(character.isalpha() for character in cell)


def _mean_length(frame: pd.DataFrame, name: str) -> float:
    lengths = frame[name].dropna().str.len()
    return float(lengths.mean()) if len(lengths) else 0.0
