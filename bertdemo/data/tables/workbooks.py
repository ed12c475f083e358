"""Workbooks of Excel and LibreOffice → header and rows, of all sheets that hold the same table."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, Any
from xml.etree import ElementTree as ET

from bertdemo.data.splitting import part_of
from bertdemo.data.tables.cells import Table, as_text, refuse_bomb, refuse_more_rows
from bertdemo.data.tables.dialects import Row
from bertdemo.data.tables.headers import rectangle, with_header, without_preamble
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
            found = _open_document_sheets(archive) if is_open else _excel_sheets(content)
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
    others = [sheet.title for sheet in filled if sheet not in alike and len(sheet.rows) > 1]
    if others:
        notes.append(f"Sheets with other columns were not read: {listed(others)}.")
    header = [*alike[0].header, *([_SPLIT] if _are_parts(alike) else [])]
    return ("" if alike[0] is filled[0] else largest.title), rectangle(name, header, rows)


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


def _reordered(sheet: _Sheet, header: Row) -> Iterator[Row]:
    places = {_key(name): place for place, name in enumerate(sheet.header)}
    order = [places[_key(name)] for name in header]
    return ([row[place] if place < len(row) else "" for place in order] for row in sheet.rows)


_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"')
_MOST_MERGED = 10_000
_PERCENT = re.compile(r"0(?:\.(0+))?%")
_DECIMALS = re.compile(r"#?,?#*0(?:\.(0+))?")
_ZEROS = re.compile(r"0{2,20}")
_DIGITS = 15  # what Excel keeps; a double's further digits are no one's


def _excel_sheets(content: bytes) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield titles and rows of the sheets that are neither hidden nor charts; rows without a filled cell are left out.

    A cell that is merged over several rows stands in each of them.
    """
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    reader.read_chartsheet = lambda *_: None  # a chart holds no rows, and one without a drawing cannot be read
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of features that openpyxl drops: styles, validation
        reader.read()
        for sheet in reader.wb.worksheets:
            if sheet.sheet_state == "visible":
                yield sheet.title, _rows(sheet, _merged(reader.archive, sheet))


def _merged(archive: zipfile.ZipFile, sheet: Any) -> dict[int, dict[int, int]]:
    """Return first row of merged cells → column → last row, all counted from 1. They are stated below the rows."""
    from openpyxl.utils import column_index_from_string

    found: dict[int, dict[int, int]] = {}
    part = archive.read(sheet._worksheet_path)  # noqa: SLF001  (openpyxl tells merged cells only with all in memory)
    for column, first, last in _MERGED.findall(part)[:_MOST_MERGED]:
        if int(first) < int(last):
            found.setdefault(int(first), {})[column_index_from_string(column.decode())] = int(last)
    return found


def _rows(sheet: Any, merged: dict[int, dict[int, int]]) -> Iterator[Row]:
    """Yield rows up to their last filled cell: workbooks often hold thousands merely formatted."""
    sheet.reset_dimensions()  # the size that a workbook states may be wrong, and would cut the table
    covering: dict[int, tuple[int, str]] = {}  # column → last row and text of the cell above that covers it
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [_shown(cell) for cell in cells]
        for column, (last, text) in list(covering.items()):
            if number > last:
                del covering[column]
            elif column <= len(row):
                row[column - 1] = text
        for column, last in merged.get(number, {}).items():
            if column <= len(row) and row[column - 1]:
                covering[column] = last, row[column - 1]
        while row and not row[-1]:
            row.pop()
        if row:
            yield row


def _shown(cell: Any) -> str:
    value = cell.value
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return shown_number(value, cell.number_format or "")
    return shown_time(value)


def shown_number(value: float, pattern: str) -> str:
    """Return a number as its format shows it, where the format is one of the usual; otherwise its digits."""
    if percent := _PERCENT.fullmatch(pattern):
        return f"{value * 100:.{len(percent.group(1) or '')}f}%"
    if _ZEROS.fullmatch(pattern) and float(value).is_integer():
        return f"{int(value):0{len(pattern)}d}"
    decimals = _DECIMALS.fullmatch(pattern)
    if decimals and decimals.group(1):
        return f"{value:.{len(decimals.group(1))}f}"
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.{_DIGITS}g}"


def shown_time(value: object) -> str:
    """Return a date without the midnight that workbooks add to it; anything else as text."""
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value.replace(microsecond=0))
    if isinstance(value, date | time | timedelta):
        return str(value)
    return as_text(value) or ""


_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_WIDEST = 1_024  # cells of a row; programs repeat an empty one up to the edge of the sheet
_MOST_REPEATS = 10_000  # of a row that holds something
_NO_TEXT = (f"{_OFFICE}annotation",)


def _open_document_sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield titles and rows of the sheets that are not hidden; rows without a filled cell are left out.

    A cell that is merged over several rows stands in each of them.

    Raises:
        ValueError: the document declares entities, by which a small file can grow without end.
    """
    with archive.open("content.xml") as part:
        if b"<!DOCTYPE" in part.read(1_024):
            raise ValueError("a document type in a spreadsheet")
    with archive.open("content.xml") as part:
        yield from _sheets(part)


def _sheets(part: IO[bytes]) -> Iterator[tuple[str, Iterator[Row]]]:
    hidden: set[str] = set()  # styles
    rows: list[Row] = []
    covering: dict[int, tuple[int, str]] = {}
    for event, element in ET.iterparse(part, events=("start", "end")):
        if event == "start":
            if element.tag == f"{_TABLE}table":
                rows, covering = [], {}
        elif element.tag == f"{_STYLE}style" and _hides(element):
            hidden.add(element.get(f"{_STYLE}name", ""))
        elif element.tag == f"{_TABLE}table-row":
            if row := _row(element, covering):
                times = min(int(element.get(f"{_TABLE}number-rows-repeated", 1)), _MOST_REPEATS)
                rows.extend(list(row) for _ in range(times))
            element.clear()
        elif element.tag == f"{_TABLE}table":
            if element.get(f"{_TABLE}style-name") not in hidden:
                yield element.get(f"{_TABLE}name", ""), iter(rows)
            element.clear()


def _hides(style: Any) -> bool:
    found = style.find(f"{_STYLE}table-properties")
    return found is not None and found.get(f"{_TABLE}display") == "false"


def _row(element: Any, covering: dict[int, tuple[int, str]]) -> Row:
    """Return the cells up to the last filled one.

    ``covering``: column → how many rows more a cell above covers, its text.
    """
    row: Row = []
    for cell in element:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        text = _shown_paragraphs(cell)
        rows_more, above = covering.pop(len(row), (0, ""))
        if rows_more:
            text = above
            covering[len(row)] = rows_more - 1, above
        spanned = int(cell.get(f"{_TABLE}number-rows-spanned", 1))
        if spanned > 1 and text:
            covering[len(row)] = spanned - 1, text
        times = int(cell.get(f"{_TABLE}number-columns-repeated", 1))
        row.extend([text] * min(times, _WIDEST - len(row)))
    while row and not row[-1]:
        row.pop()
    return row


def _shown_paragraphs(cell: Any) -> str:
    """Return the paragraphs of a cell, as they are shown; comments are none of it."""
    return "\n".join(_words(paragraph) for paragraph in cell if paragraph.tag == f"{_TEXT}p")


def _words(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", 1)), _WIDEST))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag not in _NO_TEXT:
            parts.append(_words(child))
        parts.append(child.tail or "")
    return "".join(parts)
