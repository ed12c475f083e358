"""Header and rows of a table, with every value as the text a person would write for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import islice
from sys import getsizeof
from typing import Any

from bertdemo.errors import DataError

Table = tuple[list[str], Iterable[Sequence[Any]]]

Cell = Callable[[object], Any]  # what becomes of a cell: ``as_text`` or ``as_value``

MAX_COLUMNS = 1_000

_PLAIN = (bool, int, float, Decimal, date, time)  # a date and time is a date, too

# Packed files may unpack to much more than their size; beyond this factor they are meant to harm.
_MAX_EXPANSION = 30
_MOST_CELLS = 8_000_000  # empty ones take room, too
_IN_MEMORY = 15  # times the largest file: what its texts may take, of which short ones take most


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
