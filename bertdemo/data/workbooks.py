"""Excel workbooks → header and rows."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from bertdemo.data.cells import Table, as_text, refuse_bomb
from bertdemo.errors import DataError


def read_excel(name: str, content: bytes, max_rows: int, columns: int = 1) -> tuple[str, Table]:
    """The sheet with the most rows of at least so many filled cells, for notes are short; of equals the first.

    Where no row is so wide, that with the most rows. Its first filled row is the header. The sheet's name comes with it
    where an earlier one that holds something, such as notes, was passed over, otherwise "".

    Raises:
        DataError: it is no workbook, is damaged, or all its sheets are empty.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            refuse_bomb(name, content, sum(part.file_size for part in archive.infolist()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of features that openpyxl drops: styles, validation
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            title, rows = _largest(book.worksheets, max_rows, columns)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        raise DataError(f"{name} is not a readable Excel workbook: save it again as .xlsx or .csv.") from error
    if not rows:
        raise DataError(f"{name} has only empty sheets: choose a workbook with a table of texts and labels.")
    return title, _with_header(rows)


def _largest(sheets: Iterable[Any], max_rows: int, columns: int) -> tuple[str, Sequence[Sequence[Any]]]:
    title, most = "", (0, 0)
    largest: list[tuple[Any, ...]] = []
    for sheet in sheets:
        rows = list(islice(_filled_rows(sheet), max_rows + 2))
        wide = sum(sum(cell is not None for cell in row) >= columns for row in rows)
        if (wide, len(rows)) > most:
            title, largest, most = sheet.title if largest else "", rows, (wide, len(rows))
    return title, largest


def _with_header(rows: Sequence[Sequence[Any]]) -> Table:
    width = max(map(len, rows))
    cells = ([as_text(cell) for cell in row] + [None] * (width - len(row)) for row in rows)
    return [cell or "" for cell in next(cells)], cells


def _filled_rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Rows that are not empty, up to their last filled cell: workbooks often hold thousands merely formatted."""
    sheet.reset_dimensions()  # the size that a workbook states may be wrong, and would cut the table
    for row in sheet.iter_rows(values_only=True):
        width = max((place for place, cell in enumerate(row, start=1) if cell is not None), default=0)
        if width:
            yield row[:width]
