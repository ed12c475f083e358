"""The visible sheets of an Excel workbook, row by row, as a person sees their cells."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from bertdemo.data.cells import as_text
from bertdemo.data.dialects import Row

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"')
_MOST_MERGED = 10_000
_PERCENT = re.compile(r"0(?:\.(0+))?%")
_DECIMALS = re.compile(r"#?,?#*0(?:\.(0+))?")
_ZEROS = re.compile(r"0{2,20}")
_DIGITS = 15  # what Excel keeps; a double's further digits are no one's


def read_sheets(_archive: zipfile.ZipFile, content: bytes) -> Iterator[tuple[str, Iterator[Row]]]:
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
