"""A file somebody chose → a table of texts → a data set. What is wrong with it is said in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.annotation.tools import table_as_examples
from bertdemo.data.column_cells import label_problem
from bertdemo.data.columns import (
    extra_columns,
    guess_columns,
    question_beside,
    refuse_twice,
    refuse_unknown,
)
from bertdemo.data.dataset import NO_LABEL, Choices, Columns, Dataset, LabelRules, keys, without_surrogates
from bertdemo.data.labels import Told, read_labels, take_majority
from bertdemo.data.splitting import read_parts
from bertdemo.data.tables.arrow import ARROW, PARQUET, is_saved, read_arrow, read_parquet, read_saved
from bertdemo.data.tables.cells import (
    MAX_COLUMNS,
    Cell,
    LaidOut,
    Layout,
    Room,
    Table,
    as_text,
    as_value,
    from_records,
    refuse_more_rows,
    sentence_for_any_failure,
)
from bertdemo.data.tables.containers import PACKED, Member, class_table, read_folder, unpack
from bertdemo.data.tables.delimited import is_table, read_arff, read_delimited, read_lines, read_marked_lines
from bertdemo.data.tables.encodings import decode, find_encoding, known_encoding, refuse_foreign
from bertdemo.data.tables.json_tables import is_json, read_json
from bertdemo.data.tables.workbooks import read_workbook
from bertdemo.errors import DataError
from bertdemo.lines import distinct
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

_LINES = ("txt", "label")  # the questions of TREC end in .label
_DELIMITED = ("csv", "tsv", "tab", *_LINES)
_JSON = ("jsonl", "ndjson", "json", "manifest")
_ARFF = ("arff",)
_WORKBOOKS = ("xlsx", "xlsm", "ods")
_TABLES = (*_DELIMITED, *_JSON, *PARQUET, *ARROW, *_ARFF, *_WORKBOOKS)
FILE_TYPES = (*_TABLES, *PACKED)
_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]+)?")
_BETWEEN = "\n"  # joined texts: a title and its body


def read_file(
    path: Path,
    settings: Settings,
    *,
    encoding: str | None = None,
    choices: Choices | None = None,
) -> Dataset:
    """Read a table from disk; columns that are not in ``choices`` are guessed, as is an encoding that is not given.

    Raises:
        DataError: the file cannot be read, is too large, or is no table of texts and labels.
    """
    return label_table(read_frame(path, settings, encoding=encoding), path.stem, choices or Choices())


def read_frame(path: Path, settings: Settings, *, typed: bool = False, encoding: str | None = None) -> pd.DataFrame:
    """Read the table in a file, in a folder with a folder of texts for each class, or in one of ``save_to_disk``.

    See ``read_table``.

    Raises:
        DataError: the file cannot be read, is too large, or is no table.
    """
    try:
        if is_saved(path):
            table, layout = read_saved(path, settings, as_value if typed else as_text)
            return _opened(layout.on(make_frame(path.name, *table, settings)), path.name)
        if path.is_dir():
            return _opened(
                _class_frame(path.name, read_folder(path, settings), settings, encoding), path.name, encoding
            )
        _refuse_size(path.name, path.stat().st_size, settings)
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or "no such path"
        raise DataError(f"{path.name} cannot be read ({reason}): check the path and its permissions.") from error
    return read_table(path.name, content, settings, typed=typed, encoding=encoding)


@sentence_for_any_failure
def read_table(
    name: str, content: bytes, settings: Settings, *, typed: bool = False, encoding: str | None = None
) -> pd.DataFrame:
    """Read a table whose cells are ``str`` as written, or None where empty.

    What a person should know about how it was read stands as sentences in ``attrs["notes"]``; where the file itself
    says which columns hold texts and labels, they stand in ``attrs["columns"]``. Of a file of text,
    ``attrs["encoding"]`` is how it was read, and ``attrs["doubted"]`` whether that is a guess or broke characters.
    ``attrs["opened"]`` is what opens the same table again (``Dataset.opened``).

    Args:
        name: the file's, which tells its kind by its ending.
        content: its bytes.
        settings: bounds the size.
        typed: numbers, truth values and times of JSON and Parquet stay what they are. A workbook gives the sheet with
            the most rows of two cells (``typed``, for texts that need no label: of one); ``with_sheet`` names it.
        encoding: a name that Python knows, of a file of text; None to find it out.

    Raises:
        DataError: too large, of an unknown kind, not what its name says, without rows, or with ragged rows.
    """
    _refuse_size(name, len(content), settings)
    encoding = known_encoding(encoding) if encoding else None
    given, kind = (name, encoding), name.rpartition(".")[2].casefold()
    if kind in PACKED:
        found = unpack(name, content, settings, _TABLES)
        if not isinstance(found, Member):
            return _opened(_class_frame(name, found, settings, encoding), *given)
        name, content, kind = found.name, found.content, found.name.rpartition(".")[2].casefold()
    if kind not in _TABLES:
        raise DataError(f"{name} is of an unknown kind: choose a file that ends in {', '.join(FILE_TYPES)}.")
    sheet, notes, cell = "", list[str](), as_value if typed else as_text
    about: dict[str, Any] = {}
    if kind in _WORKBOOKS:
        sheet, cells = read_workbook(name, content, settings.max_rows, notes, columns=1 if typed else 2)
        table, layout = _as_examples(name, cells, settings.max_rows)
    elif kind in (*PARQUET, *ARROW):
        read = read_parquet if kind in PARQUET else read_arrow
        table, layout = read(name, content, settings.max_rows, cell)
    else:
        refuse_foreign(name, content)
        encoding = encoding or known_encoding(find_encoding(content, notes))
        text = decode(name, content, encoding, notes)
        about = {"encoding": encoding, "doubted": bool(notes)}
        table, layout = _read_text(name, kind, text, settings.max_rows, cell, notes)
    frame = make_frame(name, *table, settings)
    frame.attrs |= {"sheet": sheet, "notes": notes, **about}
    return _opened(layout.on(frame), *given)


def _opened(frame: pd.DataFrame, name: str, encoding: str | None = None) -> pd.DataFrame:
    frame.attrs["opened"] = {"data": name, **({"encoding": encoding} if encoding else {})}
    return frame


def _class_frame(name: str, members: Sequence[Member], settings: Settings, encoding: str | None) -> pd.DataFrame:
    notes: list[str] = []
    frame = make_frame(name, *class_table(members, encoding, notes), settings)
    frame.attrs |= {"notes": notes, "columns": {"text": "text", "label": "label"}}
    return frame


def make_frame(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], settings: Settings) -> pd.DataFrame:
    """Return columns with distinct names and clean cells.

    No NUL, no lone surrogate, None where empty or where a row ends.

    Rows are asked for one by one, and no more of them once there is too much.

    Raises:
        DataError: there is no row, or more rows, columns, cells or text than allowed.
    """
    import pandas as pd

    if len(header) > MAX_COLUMNS:
        raise DataError(f"{name} has {len(header):,} columns: keep the column of texts and the column of labels.")
    columns: list[list[Any]] = [[] for _ in header]
    room = Room(name, settings.max_file_bytes)
    for number, row in enumerate(rows, start=1):
        refuse_more_rows(name, number, settings.max_rows)
        room.take(row, len(header))
        for column, cell in zip_longest(columns, row):
            column.append(_tidy(cell))
    if not columns or not columns[0]:
        raise DataError(f"{name} has a header but no rows: add the rows, or choose another file.")
    return pd.DataFrame(dict(zip(_distinct(header), columns, strict=True)), dtype=object)


def is_text_file(name: str) -> bool:
    """Return whether a file of that name is a text, which is in one encoding or another."""
    return name.rpartition(".")[2].casefold() in (*_DELIMITED, *_JSON)


def _refuse_size(name: str, size: int, settings: Settings) -> None:
    if size > settings.max_file_bytes:
        raise DataError(
            f"{name} has {size / 2**20:,.1f} MB and the limit is {settings.max_file_mb} MB: take a random "
            "part of it, or raise BERTDEMO_MAX_FILE_MB (for the page, server.maxUploadSize of Streamlit as well)."
        )


def _read_text(name: str, kind: str, text: str, max_rows: int, cell: Cell, notes: list[str]) -> LaidOut:
    if kind in _JSON or (kind in _LINES and is_json(text)):
        return read_json(name, text, max_rows, cell)
    if kind in _ARFF:
        return read_arff(name, text, max_rows)
    marked = read_marked_lines(text, max_rows, questions=kind in _LINES)
    if marked is not None:
        return marked
    if kind in _LINES and not is_table(text):
        return read_lines(text, max_rows), Layout()
    return _as_examples(name, read_delimited(name, text, max_rows, notes), max_rows)


def _as_examples(name: str, table: Table, max_rows: int) -> LaidOut:
    found = table_as_examples(*table, max_rows)
    return (table, Layout()) if found is None else (from_records(name, found.rows, max_rows), found.layout)


def _tidy(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if not cell:
        return None
    return without_surrogates(cell).replace("\0", "")


def _distinct(header: Sequence[str]) -> list[str]:
    """Return names for all columns: an empty one is called by its place, a repeated one gets a number."""
    return distinct(
        without_surrogates(name).replace("\0", "").strip() or f"column {place}"
        for place, name in enumerate(header, start=1)
    )


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
    import pandas as pd

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
    _refuse(label_problem(pd.Series(labels, dtype=object)), columns.label)
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
    """Name a file, and its sheet where an earlier one of the workbook was passed over: nobody chose it."""
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
