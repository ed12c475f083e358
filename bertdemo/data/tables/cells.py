"""What all readers of tables share: a value as the text a person would write for it, bounds, what a format says.

And, for tables that leave, cells that no spreadsheet computes.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from itertools import islice
from sys import getsizeof
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from bertdemo.errors import BertDemoError, DataError

if TYPE_CHECKING:
    import pandas as pd

Table = tuple[list[str], Iterable[Sequence[Any]]]
Cell = Callable[[object], Any]  # what becomes of a cell: ``as_text`` or ``as_value``
MAX_COLUMNS = 1_000
_PLAIN = (bool, int, float, Decimal, date, time)  # a date and time is a date, too
# Packed files may unpack to much more than their size; beyond this factor they are meant to harm.
_MAX_EXPANSION = 30
_MOST_CELLS = 8_000_000  # empty ones take room, too
_IN_MEMORY = 15  # times the largest file: what its texts may take, of which short ones take most
Record = dict[str, Any]
_log = logging.getLogger(__name__)
_Rest = ParamSpec("_Rest")
_Table = TypeVar("_Table")
# What a spreadsheet program takes for the beginning of a formula (OWASP, "CSV Injection"), full-width forms too.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_text(value: object) -> str | None:
    """Return a cell as a person would write it; None for a missing one.

    Whole numbers that a spreadsheet or a data frame keeps as 3.0 become "3".
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:  # noqa: PLR0124  (NaN is not equal to itself)
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def as_value(value: object) -> object:
    """Return a number, a truth value or a point in time as it is; anything else as ``as_text`` has it."""
    if isinstance(value, float) and value != value:  # noqa: PLR0124
        return None
    return value if isinstance(value, _PLAIN) else as_text(value)


def from_records(name: str, records: Iterable[Mapping[str, object]], max_rows: int, cell: Cell = as_text) -> Table:
    """Return columns in the order in which they first appear; reading ends soon after ``max_rows``.

    Raises:
        DataError: the rows have more than 1,000 different names of columns.
    """
    kept = list(islice(records, max_rows + 1))
    names: dict[str, None] = {}
    for record in kept:
        names.update(dict.fromkeys(record))
        if len(names) > MAX_COLUMNS:
            raise DataError(
                f"{name} has more than {MAX_COLUMNS:,} columns: keep the column of texts and the column of labels."
            )
    header = list(names)
    return header, ([cell(record.get(key)) for key in header] for record in kept)


def refuse_more_rows(name: str, rows: int, max_rows: int) -> None:
    """Raise a ``DataError`` if there are more rows than allowed."""
    if rows > max_rows:
        raise DataError(
            f"{name} has more than {max_rows:,} rows: take a random part of it, or raise BERTDEMO_MAX_ROWS."
        )


def refuse_bomb(name: str, content: bytes, unpacked: int) -> None:
    """Raise a ``DataError`` if a packed file holds far more bytes than its size allows."""
    if unpacked > _MAX_EXPANSION * max(len(content), 2**20):
        raise DataError(f"{name} unpacks to {unpacked / 2**20:,.0f} MB, too much for its size: save it as CSV.")


class Room:
    """How much a table may hold in memory, whatever the size of its file: cells that are repeated or empty take room.

    ``file_bytes`` is the size of the largest file that is read.
    """

    def __init__(self, name: str, file_bytes: int) -> None:
        self._name, self._bytes = name, _IN_MEMORY * file_bytes
        self._cells = _MOST_CELLS

    def take(self, row: Sequence[Any], columns: int) -> None:
        """Have room for one more row of so many columns.

        Raises:
            DataError: there is none, or the row has more cells than there are columns.
        """
        if len(row) > columns:
            raise DataError(f"{self._name} has a row of {len(row):,} cells, its header {columns:,}: mend that row.")
        self._cells -= columns
        self._bytes -= sum(map(getsizeof, row))
        if self._cells < 0:
            raise DataError(
                f"{self._name} has more than {_MOST_CELLS:,} cells in its {columns:,} columns: keep the column of "
                "texts and the column of labels."
            )
        if self._bytes < 0:
            raise DataError(
                f"{self._name} holds far more text than its size allows: save the columns you need as CSV, or take a "
                "random part of it."
            )


@dataclass(frozen=True)
class Layout:
    """Roles of columns ("text", "label", "pair", "split" → name), and sentences for the person about the reading."""

    columns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def on(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Write the layout into ``frame.attrs`` ("columns" and "notes") and return the frame."""
        columns = {role: name for role, name in self.columns.items() if name in frame.columns}
        if columns:
            frame.attrs["columns"] = columns
        if self.notes:
            frame.attrs["notes"] = [*frame.attrs.get("notes", []), *self.notes]
        return frame


@dataclass(frozen=True)
class Records:
    """Rows as mappings from column to value, in the order of the file."""

    rows: list[Record]
    layout: Layout = field(default_factory=Layout)


LaidOut = tuple[Table, Layout]


def sentence_for_any_failure(
    read: Callable[Concatenate[str, _Rest], _Table],
) -> Callable[Concatenate[str, _Rest], _Table]:
    """Have a function that reads the file of a name raise nothing but a ``DataError``, or that memory is used up."""

    @functools.wraps(read)
    def safely(name: str, /, *rest: _Rest.args, **options: _Rest.kwargs) -> _Table:
        """Read the file, or raise the sentence."""
        try:
            return read(name, *rest, **options)
        except (BertDemoError, MemoryError):
            raise
        except Exception as error:  # files are made by programs that nobody here has seen
            _log.info("a file could not be read", exc_info=True)  # a command prints one line
            kind = name.rpartition(".")[2].casefold()
            raise DataError(
                f"{name} could not be read as .{kind[:20]}, it is damaged or of a form that nobody here knows: save it "
                "again, best as CSV with the columns you need."
            ) from error

    return safely


def safe_csv(frame: pd.DataFrame) -> str:
    """Return the table as CSV. A text that a spreadsheet would run gets an apostrophe in front.

    Numbers stay numbers.
    """
    safe = frame.copy()
    for column in frame.columns:
        if frame[column].dtype.kind not in "biufM":
            safe[column] = frame[column].map(harmless)
    # RFC 4180 ends; with them a lone carriage return in a cell is quoted, too, and cannot begin a row of its own.
    return safe.rename(columns=harmless).to_csv(index=False, lineterminator="\r\n")


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet computes: a text that begins like a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell
