"""Which columns of a table hold the texts, the labels and the published parts: by names and contents together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from bertdemo.data.column_cells import is_coded, is_prose, is_text, mean_length
from bertdemo.data.column_names import UNKNOWN, is_title, is_usual, text_points
from bertdemo.data.dataset import Columns
from bertdemo.data.label_columns import LabelColumns, as_given, guess_label
from bertdemo.data.splitting import guess_split
from bertdemo.errors import DataError
from bertdemo.lines import listed

if TYPE_CHECKING:
    import pandas as pd


NO_COLUMN = "none"  # said by a person who wants no column for this
_MAX_EXTRAS, _MAX_GROUPS, _LONGEST_GROUP_NAME = 8, 50, 80
_NAMED = 55  # points from which a name says "text"
_NAMELESS = re.compile(r"column \d+")
_MOSTLY_FILLED = 0.7  # share of the rows
_TOLD_APART = 0.9  # share of the different texts with their questions

_PAIR_NAMES = (
    *(("premise", "hypothesis"), ("question", "sentence"), ("question", "answer"), ("question", "passage")),
    *(
        ("question", "context"),
        ("query", "document"),
        ("query", "passage"),
        ("claim", "evidence"),
        ("claim", "passage"),
    ),
    *(("frage", "antwort"), ("pregunta", "respuesta"), ("question", "réponse"), ("вопрос", "ответ"), ("问题", "答案")),
    *(("context", "response"), ("headline", "articlebody"), ("sentence", "hypothesis"), ("claim", "passage")),
    ("source text", "target text"),
)


def in_words(columns: Columns) -> str:
    """Return one line for people: "text: a, label: b, split: c"."""
    labels = "labels" if len(columns.label_columns) > 1 else "label"
    uses = [
        ("text", " + ".join(columns.text_columns)),
        ("second text", columns.pair),
        (labels, ", ".join(columns.label_columns)),
        ("split", columns.split),
    ]
    return ", ".join(f"{use}: {names}" for use, names in uses if names is not None)


def is_usual_name(name: str) -> bool:
    """Return whether a cell of a first row looks like the name of a column."""
    return is_usual(name) or any(_plain(name) in pair for pair in _PAIR_NAMES)


def refuse_unknown(chosen: Sequence[str | None], names: Sequence[str]) -> None:
    """Refuse a chosen column (None: it was not) that is none of the table's.

    Raises:
        DataError: it is not.
    """
    for column in chosen:
        if column is not None and column not in names:
            raise DataError(f"There is no column {column!r}: choose one of {listed(list(names))}.")


def refuse_twice(chosen: Sequence[str | None]) -> None:
    """Refuse a column that is to serve as two.

    Raises:
        DataError: one does.
    """
    columns = [column for column in chosen if column is not None]
    if len(set(columns)) < len(columns):
        raise DataError("The same column was chosen twice: texts, second texts and labels need a column each.")


def guess_columns(
    frame: pd.DataFrame,
    *,
    text: str | None = None,
    label: str | tuple[str, ...] | None = None,
    pair: str | None = None,
    split: str | None = None,
    join: Sequence[str] = (),
) -> Columns:
    """Return the most plausible columns; those that are given are kept, then those that the format of the file names.

    Args:
        frame: cells are ``str`` or None; ``frame.attrs["columns"]`` may name columns.
        text: the column of the texts.
        label: the column of the labels; several (a tuple, or with commas between) for 0/1 columns or several raters.
        pair: the column of second texts; ``NO_COLUMN`` where there is to be none.
        split: the column of published parts; as ``pair``.
        join: columns whose texts are read as one, in this order.

    Raises:
        DataError: a given column does not exist, there is only one, or none looks like labels or texts.
        DoubtfulLabelError: several columns may as well be the labels.
    """
    names = [str(name) for name in frame.columns]
    labels = None if label is None else as_given(frame, label)
    no_pair, no_split = (given == NO_COLUMN and NO_COLUMN not in names for given in (pair, split))
    pair, split = None if no_pair else pair, None if no_split else split
    refuse_unknown((text, pair, split, *join, *(labels.all if labels else ())), names)
    if len(names) < 2:
        raise DataError(
            f"The table has only the column {names[0]!r}: it needs two columns, one with the texts and one "
            "with the labels."
        )
    told = _told_by_format(frame, names)
    joined = tuple(dict.fromkeys((text, *join) if text else join)) if join else ()
    text = joined[0] if joined else text or told.get("text")
    pair = pair or (told.get("pair") if not joined and not no_pair else None)
    labels = labels or (as_given(frame, told["label"]) if told.get("label") else None)
    if split is None and not no_split:
        free = [name for name in names if name not in (text, pair, *joined, *(labels.all if labels else ()))]
        split = told.get("split") or guess_split(frame, free)
    taken = [name for name in (split, *joined, *(labels.all if labels else ())) if name is not None]
    if text is None and pair is None and not no_pair:
        text, pair = _usual_pair(frame, [name for name in names if name not in taken], spare=labels is None)
    return _completed(frame, names, text, pair, labels, split, joined)


def _completed(
    frame: pd.DataFrame,
    names: Sequence[str],
    text: str | None,
    pair: str | None,
    labels: LabelColumns | None,
    split: str | None,
    joined: tuple[str, ...],
) -> Columns:
    """Return the columns, with those that are still None guessed; ``joined`` begins with the text."""
    taken = {text, pair, split, *joined, *(labels.all if labels else ())}
    rest = [name for name in names if name not in taken]
    text = text or _named_text(frame, rest)
    labels = labels or guess_label(frame, [name for name in rest if name != text])
    rest = [name for name in rest if name not in (text, *labels.all)]
    text = text or _text_by_looks(frame, rest)
    return Columns(
        text, labels.label, pair, split, joined[1:], labels.flags, labels.raters,
        also=labels.also, joinable=() if pair else _joinable(frame, text, [name for name in rest if name != text]),
    )  # fmt: skip


def guess_texts(
    frame: pd.DataFrame, *, text: str | None = None, pair: str | None = None, pairs: bool = False
) -> tuple[str, str | None]:
    """Return the column of texts, and with ``pairs`` that of second texts if its name tells it.

    Labels need not be there.

    Raises:
        DataError: a given column does not exist, or none looks like texts.
    """
    names = [str(name) for name in frame.columns]
    refuse_unknown((text, pair), names)
    told = _told_by_format(frame, names)
    first, second = text, pair
    if text is None and pair is None:
        first, second = told.get("text"), told.get("pair") if pairs else None
        if pairs and second is None:
            first, second = _usual_pair(frame, names, spare=False)
    rest = [name for name in names if name not in (first, second)]
    first = first or (rest[0] if len(rest) == 1 else _named_text(frame, rest) or _text_by_looks(frame, rest))
    return first, second


def question_beside(
    frame: pd.DataFrame, texts: Sequence[Hashable], labels: Sequence[str], taken: Sequence[str]
) -> str | None:
    """Return a column of texts that tells apart rows of one text under different labels, such as a question.

    Args:
        frame: the table.
        texts: of each row, what rows of the same text have in common.
        labels: of each row, "" where there is none.
        taken: columns that are used.

    Returns:
        Its name; None where there is none, or most texts have one label.
    """
    given: dict[Hashable, set[str]] = defaultdict(set)
    for text, label in zip(texts, labels, strict=True):
        given[text] |= {label} - {""}
    disputed = {text for text, found in given.items() if len(found) > 1}
    if len(disputed) <= len(given) / 2:
        return None
    for name in (name for name in frame.columns if name not in taken and (text_points(name) or 0) >= _NAMED):
        apart: dict[Hashable, set[str]] = defaultdict(set)
        for text, cell, label in zip(texts, frame[name], labels, strict=True):
            if text in disputed and label:
                apart[text, cell].add(label)
        if sum(len(found) == 1 for found in apart.values()) > _TOLD_APART * len(apart):
            return str(name)
    return None


def extra_columns(frame: pd.DataFrame, chosen: Sequence[str]) -> list[str]:
    """Return columns beside the chosen ones that divide the rows into groups: 2 to 50 short values that repeat.

    8 at most.
    """
    rest = (name for name in frame.columns if name not in chosen)
    return list(islice((name for name in rest if _divides(frame[name])), _MAX_EXTRAS))


def _divides(column: pd.Series[str]) -> bool:
    filled = column.dropna()
    values = filled.unique()
    most = min(_MAX_GROUPS, len(filled) / 2)
    return 2 <= len(values) <= most and max(map(len, values)) <= _LONGEST_GROUP_NAME


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _told_by_format(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, str]:
    """Return what the format of the file itself says of its columns: those of them that are there."""
    told = frame.attrs.get("columns") or {}
    return {use: name for use, name in told.items() if name in names}


def _usual_pair(frame: pd.DataFrame, names: Sequence[str], *, spare: bool) -> tuple[str | None, str | None]:
    """Return two columns that belong together by their names and hold texts.

    With ``spare``, if a third is left for labels.
    """
    if len(names) > 1 + spare:
        found = {_plain(name): name for name in reversed(names)}
        usual = ((found.get(_plain(first)), found.get(_plain(second))) for first, second in _PAIR_NAMES)
        for first, second in [*_numbered(names), *usual]:
            if first and second and all(_varies(frame[name]) for name in (first, second)):
                return first, second
    return None, None


def _numbered(names: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return names such as sentence1 and sentence2, text_a and text_b, text and text2, or #1 String and #2 String."""
    found = {_plain(name): name for name in reversed(names)}
    marks = [("{}1", "{}2"), ("{}a", "{}b"), ("1{}", "2{}"), ("{}", "{}2"), ("{}", "{}b")]
    stems = {stem for plain in found for stem in (plain, re.sub("^1|[1a]$", "", plain))}
    known = [stem for stem in stems if (text_points(stem) or 0) >= _NAMED or stem in ("s", "sent", "string")]
    pairs = [(one.format(stem), other.format(stem)) for one, other in marks for stem in sorted(known)]
    return [(found[one], found.get(other)) for one, other in pairs if one in found]


def _varies(column: pd.Series[str]) -> bool:
    """Return whether these are texts, and not a few answers that repeat."""
    return is_text(column) and (is_prose(column) or column.nunique() > len(column) / 4)


def _named_text(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the column whose name says most clearly that it holds texts, if its cells do not deny it."""
    points = {name: text_points(name) or 0 for name in names}
    named = [name for name in names if points[name] >= _NAMED and is_text(frame[name])]
    ranked = {name: points[name] - _doubts_as_text(frame[name]) for name in named}
    length = {name: mean_length(frame[name]) for name in names}
    best = max(ranked, key=lambda name: (ranked[name], length[name]), default=None)
    if best is None or ranked[best] < UNKNOWN:
        return None
    if ranked[best] < 70:  # a title: a column of much longer texts says more
        prose = [name for name in names if points[name] >= UNKNOWN and is_prose(frame[name])]
        longest = max(prose, key=length.__getitem__, default=best)
        return longest if length[longest] > 2 * length[best] else best
    return best


def _doubts_as_text(column: pd.Series[str]) -> int:
    """Return points off for cells that are mostly empty, or few and short."""
    cells = column.dropna()
    sparse = len(cells) < _MOSTLY_FILLED * len(column)
    repeated = cells.nunique() <= max(2, len(cells) / 20) and mean_length(column) < 30
    return 50 * sparse + 40 * repeated


def _text_by_looks(frame: pd.DataFrame, names: Sequence[str]) -> str:
    """Return the column with the longest and least repeated values that hold letters.

    One of ids or links only at need.
    """
    texts = [name for name in names if is_text(frame[name])]
    worded = [name for name in texts if text_points(name) is not None] or texts
    worded = [name for name in worded if not is_coded(frame[name])] or worded
    if not worded:
        raise DataError(f"No column looks like texts among {listed(list(frame.columns))}: add one with sentences.")
    size = {name: mean_length(frame[name]) * frame[name].nunique() for name in worded}
    return max(worded, key=size.__getitem__)


def _is_nameless_text(column: pd.Series[str], name: str) -> bool:
    """Return whether these are texts, though some come often, in a table without a header."""
    return (
        bool(_NAMELESS.fullmatch(name)) and is_text(column) and not is_coded(column) and column.nunique() > _MAX_GROUPS
    )


def _joinable(frame: pd.DataFrame, text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to read as one, titles first, if another one belongs to the text; none otherwise.

    Where no name says which column the texts are in, another one of texts may belong to them or be them.
    """
    if (text_points(text) or 0) <= UNKNOWN:
        found = (name for name in names if text_points(name) == UNKNOWN)
    else:
        found = (name for name in names if (text_points(name) or 0) >= _NAMED and is_title(name) != is_title(text))
    beside = [name for name in found if is_prose(frame[name]) or _is_nameless_text(frame[name], name)][:3]
    in_order = (str(name) for name in frame.columns if name in (text, *beside))
    return tuple(sorted(in_order, key=lambda name: not is_title(name))) if beside else ()
