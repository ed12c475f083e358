"""Workbooks of Excel and LibreOffice → header and rows, of all sheets that hold the same table."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from bertdemo.data import excel, open_document
from bertdemo.data.cells import Table, refuse_bomb, refuse_more_rows
from bertdemo.data.dialects import Row
from bertdemo.data.headers import rectangle, with_header, without_preamble
from bertdemo.data.parts import part_of
from bertdemo.errors import DataError
from bertdemo.lines import listed

_OPEN_DOCUMENT, _SPLIT = ".ods", "split"
# What a library raises that meets a damaged book: a part that is missing, no XML, no number, a password.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, LookupError, ValueError, TypeError, AttributeError, OSError,
           EOFError, SyntaxError, RuntimeError, ArithmeticError, AssertionError)  # fmt: skip


@dataclass(frozen=True)
class _Sheet:
    """A sheet that holds something, and how many of its rows are wide enough for a table."""

    title: str
    header: Row
    rows: list[Row]
    wide: int
    notes: list[str]


def read_workbook(name: str, content: bytes, max_rows: int, notes: list[str], columns: int = 1) -> tuple[str, Table]:
    """Read the sheet with the most rows of at least so many filled cells, and those with the same columns.

    Where no row is so wide, that with the most rows; of equals the first. Hidden sheets are not read. The sheet's name
    comes with it where an earlier one that holds something, such as notes, was passed over, otherwise "".

    Args:
        name: the file's, which tells the kind by its ending.
        content: its bytes.
        max_rows: how many rows are wanted at most.
        notes: where sentences go about what was read.
        columns: how many filled cells make a row of a table.

    Raises:
        DataError: it is no workbook, is damaged, has too many rows, or all its visible sheets are empty.
    """
    is_open = name.casefold().endswith(_OPEN_DOCUMENT)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            refuse_bomb(name, content, sum(part.file_size for part in archive.infolist()))
            found = (open_document if is_open else excel).read_sheets(archive, content)
            sheets = [_sheet(title, list(islice(rows, max_rows + 2)), columns) for title, rows in found]
    except _DAMAGE as error:
        kind = "OpenDocument" if is_open else "Excel"
        if content.strip() and not content.startswith(b"PK") and b"\0" not in content:
            raise DataError(f"{name} is text and no workbook: rename it to end in .csv.") from error
        raise DataError(f"{name} is not a readable {kind} workbook: save it again as .xlsx or .csv.") from error
    filled = [sheet for sheet in sheets if sheet is not None]
    if not filled:
        raise DataError(f"{name} has only empty sheets: choose a workbook with a table of texts and labels.")
    largest = max(filled, key=lambda sheet: (sheet.wide, len(sheet.rows)))
    alike = [sheet for sheet in filled if sheet is largest or _repeats(sheet, largest)]
    rows = _together(alike, notes)
    refuse_more_rows(name, len(rows), max_rows)
    _name_others([sheet for sheet in filled if sheet not in alike and len(sheet.rows) > 1], notes)
    return ("" if alike[0] is filled[0] else largest.title), rectangle(name, _header(alike), rows)


def _sheet(title: str, rows: list[Row], columns: int) -> _Sheet | None:
    if not rows:
        return None
    notes: list[str] = []
    wide = sum(sum(map(bool, row)) >= columns for row in rows)
    header, below = with_header(without_preamble(rows, notes), notes)
    return _Sheet(title, header, below, wide, notes)


def _key(name: str) -> str:
    """Return what names of columns have in common that differ in case and blanks."""
    return " ".join(name.split()).casefold()


def _repeats(sheet: _Sheet, largest: _Sheet) -> bool:
    """Return whether a sheet has the same columns, in whatever order, and other rows."""
    same = sorted(map(_key, sheet.header)) == sorted(map(_key, largest.header))
    return same and bool(sheet.rows) and len(set(sheet.header)) == len(sheet.header)


def _together(sheets: Sequence[_Sheet], notes: list[str]) -> list[Row]:
    """Return the rows of all, in the order of the sheets and of the columns of the first.

    A copy of a sheet is read once.
    """
    rows: list[Row] = []
    read: list[str] = []
    parts = _are_parts(sheets)
    known: set[frozenset[tuple[str, ...]]] = set()
    for sheet in sheets:
        ordered = sheet.rows if sheet is sheets[0] else list(_reordered(sheet, sheets[0].header))
        content = frozenset(map(tuple, ordered))
        if content not in known:
            width = len(sheets[0].header)
            rows.extend([*row, *[""] * (width - len(row)), sheet.title] if parts else row for row in ordered)
            read.append(sheet.title)
        known.add(content)
        notes.extend(note for note in sheet.notes if note not in notes)
    if len(read) > 1:
        notes.append(f"Sheets of the same columns were read together: {listed(read)}.")
    return rows


def _are_parts(sheets: Sequence[_Sheet]) -> bool:
    """Return whether the sheets are called train, test and the like, which becomes a column."""
    return len(sheets) > 1 and all(part_of(sheet.title) for sheet in sheets) and _SPLIT not in sheets[0].header


def _header(sheets: Sequence[_Sheet]) -> Row:
    return [*sheets[0].header, *([_SPLIT] if _are_parts(sheets) else [])]


def _reordered(sheet: _Sheet, header: Row) -> Iterator[Row]:
    places = {_key(name): place for place, name in enumerate(sheet.header)}
    order = [places[_key(name)] for name in header]
    return ([row[place] if place < len(row) else "" for place in order] for row in sheet.rows)


def _name_others(sheets: Sequence[_Sheet], notes: list[str]) -> None:
    if sheets:
        notes.append(f"Sheets with other columns were not read: {listed([sheet.title for sheet in sheets])}.")
