"""A table and the choice of its columns → a data set, with a sentence on everything that was decided on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bertdemo.data.cells import as_text
from bertdemo.data.column_looks import label_problem
from bertdemo.data.columns import (
    extra_columns,
    guess_columns,
    question_beside,
    refuse_twice,
    refuse_unknown,
)
from bertdemo.data.dataset import NO_LABEL, Choices, Columns, Dataset, LabelRules
from bertdemo.data.identity import keys
from bertdemo.data.labels import Told, read_labels, take_majority
from bertdemo.data.parts import read_parts
from bertdemo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]+)?")
_BETWEEN = "\n"  # joined texts: a title and its body


def label_table(frame: pd.DataFrame, name: str, choices: Choices) -> Dataset:
    """Return the data set of a table, its columns guessed where they are not chosen.

    Raises:
        DataError: see ``guess_columns`` and ``to_dataset``.
    """
    columns = guess_columns(
        frame, text=choices.text, label=choices.label, pair=choices.pair, split=choices.split, join=choices.join
    )
    return to_dataset(frame, columns, name, choices.labels)


def to_dataset(frame: pd.DataFrame, columns: Columns, name: str, rules: LabelRules | None = None) -> Dataset:
    """Return texts, labels, pairs, published parts and extras of a table. Labels are numbered in their natural order.

    The name is that of ``with_sheet``.

    Raises:
        DataError: a column does not exist or serves twice, or the labels are missing, all one, or too many.
    """
    optional = [column for column in (columns.pair, columns.split) if column is not None]
    chosen = [*columns.text_columns, *columns.label_columns, *optional]
    refuse_unknown(chosen, list(frame.columns))
    refuse_twice(chosen)
    told = Told(notes=list(frame.attrs.get("notes", ())))
    rules = rules or LabelRules()
    for column in () if columns.flags or columns.raters else columns.label_columns:
        _refuse(label_problem(frame[column]), column)
    labels = read_labels(frame, columns, rules, told)
    texts, pairs = _joined(frame, columns.text_columns), None if columns.pair is None else _cells(frame, columns.pair)
    alike = keys(Dataset(name, texts, (NO_LABEL,) * len(texts), (), pairs))
    if columns.pair is None and (asked := question_beside(frame, alike, labels, chosen)):
        told.notes.append(
            f"Most texts stand in several rows under different labels, which the column {asked!r} tells apart: choose "
            "it as the second text (command: --pair-column)."
        )
    labels = take_majority(labels, alike, rules, told)
    _refuse(_problem_of(labels), columns.label)
    label_names = tuple(sorted(set(labels) - {""}, key=_natural))
    number = {label: i for i, label in enumerate(label_names)}
    parts, remarks = read_parts(frame, columns.split, [bool(label) for label in labels])
    return Dataset(
        name=with_sheet(name, frame),
        texts=texts,
        labels=tuple(number.get(label, NO_LABEL) for label in labels),
        label_names=label_names,
        pairs=pairs,
        extras={extra: _cells(frame, extra) for extra in extra_columns(frame, chosen)},
        parts=parts,
        columns=columns,
        notes=(*told.notes, *remarks),
        offers=told.offers,
        opened={**frame.attrs.get("opened", {}), **rules.decided()},
    )


def with_sheet(name: str, frame: pd.DataFrame) -> str:
    """The name of a file, with the sheet's where an earlier one of the workbook was passed over: nobody chose it."""
    sheet = frame.attrs.get("sheet")
    return f"{name}, sheet {sheet}" if sheet else name


def as_trained(frame: pd.DataFrame, trained: Sequence[str]) -> tuple[pd.DataFrame, str | None]:
    """Return the table and the column that a classifier was trained on.

    Joined anew, as a last column, if it was of several.

    The name is None where the table lacks one of the columns ``trained``.
    """
    if not trained or not set(trained) <= set(frame.columns):
        return frame, None
    name = " + ".join(trained)
    return (frame if len(trained) == 1 else frame.assign(**{name: _joined(frame, trained)})), name


def _refuse(problem: str | None, column: str) -> None:
    if problem is not None:
        raise DataError(f"The column {column!r} {problem}: choose another column of labels.")


def _problem_of(labels: Sequence[str]) -> str | None:
    import pandas as pd

    return label_problem(pd.Series(labels, dtype=object))


def _joined(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    if len(columns) == 1:
        return _cells(frame, columns[0])
    rows = zip(*(_cells(frame, column) for column in columns), strict=True)
    return tuple(_BETWEEN.join(filter(str.strip, row)) for row in rows)


def _cells(frame: pd.DataFrame, column: str) -> tuple[str, ...]:
    return tuple(as_text(cell) or "" for cell in frame[column])


def _natural(label: str) -> tuple[object, ...]:
    """Return numbers by value, before words; words with the numbers inside them by value, in any case."""
    if _NUMBER.fullmatch(label):
        return (0, float(label), label)
    parts = re.split(r"([0-9]+)", label.casefold())
    return (1, [_by_value(part) if i % 2 else part for i, part in enumerate(parts)], label)


def _by_value(digits: str) -> tuple[int, str]:
    """Return orders digits like the number they write, however many they are."""
    plain = digits.lstrip("0")
    return len(plain), plain
