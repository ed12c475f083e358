"""JSON, Parquet and Excel → header and rows, with every value as the text a person would write for it."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import Any

from bertdemo.errors import DataError

Table = tuple[list[str], Iterable[Sequence[Any]]]

Cell = Callable[[object], Any]  # what becomes of a cell: ``as_text`` or ``as_value``

_AS_WRITTEN = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_AS_NUMBERS = json.JSONDecoder()
_PLAIN = (bool, int, float, Decimal, date, time)  # a date and time is a date, too

# Packed files may unpack to much more than their size; beyond this factor they are meant to harm.
_MAX_EXPANSION = 30
_BATCH = 256  # rows; a repeated text is packed once, so only reading tells how large a table is


def as_text(value: object) -> str | None:
    """A cell as a person would write it; None for a missing one.

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
    """A number, a truth value or a point in time as it is; anything else as ``as_text`` has it."""
    if isinstance(value, float) and value != value:  # noqa: PLR0124
        return None
    return value if isinstance(value, _PLAIN) else as_text(value)


def read_json(name: str, text: str, max_rows: int, cell: Cell = as_text) -> Table:
    """A JSON array of objects, or one object a line (JSONL). As texts, numbers stay as written.

    Raises:
        DataError: a line is not JSON, or a row is not an object with named fields.
    """
    decoder = _AS_WRITTEN if cell is as_text else _AS_NUMBERS
    rows = _array(name, text, decoder) if text.lstrip().startswith("[") else _lines(name, text, decoder)
    return from_records(_objects(name, rows), max_rows, cell)


def from_records(records: Iterable[Mapping[str, object]], max_rows: int, cell: Cell = as_text) -> Table:
    """Columns in the order in which they first appear; reading ends soon after ``max_rows``."""
    kept = list(islice(records, max_rows + 1))
    header = list(dict.fromkeys(key for record in kept for key in record))
    return header, ([cell(record.get(key)) for key in header] for record in kept)


def read_parquet(name: str, content: bytes, max_rows: int, cell: Cell = as_text) -> Table:
    """Columns of texts, numbers and truth values; nested ones as JSON.

    Raises:
        DataError: it is no Parquet file, is damaged, or holds far more than its size allows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        refuse_more_rows(name, file.metadata.num_rows, max_rows)
        columns: list[list[Any]] = [[] for _ in file.schema_arrow.names]
        unpacked = 0
        for batch in file.iter_batches(batch_size=_BATCH):
            unpacked += batch.nbytes
            _refuse_bomb(name, content, unpacked)
            for column, values in zip(columns, batch.columns, strict=True):
                column.extend(cell(value) for value in values.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is not a readable Parquet file: export it again.") from error
    return list(file.schema_arrow.names), zip(*columns, strict=True)


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
            _refuse_bomb(name, content, sum(part.file_size for part in archive.infolist()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of features that openpyxl drops: styles, validation
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            title, rows = _largest(book.worksheets, max_rows, columns)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        raise DataError(f"{name} is not a readable Excel workbook: save it again as .xlsx or .csv.") from error
    if not rows:
        raise DataError(f"{name} has only empty sheets: choose a workbook with a table of texts and labels.")
    return title, _with_header(rows)


def refuse_more_rows(name: str, rows: int, max_rows: int) -> None:
    """Raise a ``DataError`` if there are more rows than allowed."""
    if rows > max_rows:
        raise DataError(
            f"{name} has more than {max_rows:,} rows: take a random part of it, or raise BERTDEMO_MAX_ROWS."
        )


def _array(name: str, text: str, decoder: json.JSONDecoder) -> list[Any]:
    try:
        rows = decoder.decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits, too
        line = getattr(error, "lineno", 1)
        raise DataError(f"{name} is not valid JSON near line {line}: export it again as JSON or CSV.") from error
    return list(rows)


def _lines(name: str, text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits, too
            raise DataError(
                f'{name}, line {number}, is not JSON: each line must be an object {{"text": …, "label": …}}.'
            ) from error


def _objects(name: str, rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(
                f'{name}, row {number}, is not an object: each row must look like {{"text": …, "label": …}}.'
            )
        yield row


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


def _refuse_bomb(name: str, content: bytes, unpacked: int) -> None:
    if unpacked > _MAX_EXPANSION * max(len(content), 2**20):
        raise DataError(f"{name} unpacks to {unpacked / 2**20:,.0f} MB, too much for its size: save it as CSV.")
