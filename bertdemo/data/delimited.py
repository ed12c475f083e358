"""CSV and its relatives: delimiter, meaning of quotation marks, with a header or without."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

from bertdemo.data.columns import is_usual_name
from bertdemo.errors import DataError

Row = list[str]
_DELIMITERS = {"\t": "a tab", ";": "a semicolon", "|": "a bar", ",": "a comma"}
_SAMPLE = 2**16  # characters
_SAMPLE_ROWS = 1_000
_LONGEST_CELL = 2**31 - 1  # characters; the module's own limit is 131,072, and files are bounded by their size
_TABLE = 0.9  # share of rows of equal width
_REPEATED = 2  # how often a header cell must come again as a value to be one


def read_delimited(name: str, text: str, max_rows: int) -> tuple[Row, list[Row]]:
    """Header and rows, each row as wide as the header; reading ends soon after ``max_rows``.

    Short rows are filled up with empty cells. A file whose first row holds values that other rows repeat has
    no header; its columns are called "column 1", "column 2", ….

    Raises:
        DataError: a row is wider than the header, or the quotation marks make no sense.
    """
    csv.field_size_limit(_LONGEST_CELL)  # of the whole process, so it is always set to the same value
    rows = _parse(name, text, _delimiter(text), max_rows + 2)
    if _is_data(rows[0], rows[1:_SAMPLE_ROWS]):
        return [f"column {i}" for i in range(1, len(rows[0]) + 1)], rows
    return rows[0], rows[1:]


def is_table(text: str) -> bool:
    """Whether nearly all rows are as wide as the first, and wider than one cell: texts with commas are not."""
    return max(_fit(_sample(text), delimiter) for delimiter in _DELIMITERS) >= _TABLE


def read_lines(text: str, max_rows: int) -> tuple[Row, list[Row]]:
    """Every line that is not blank as a row of one column, "text"; reading ends soon after ``max_rows``."""
    lines = (line.rstrip("\r\n") for line in io.StringIO(text, newline="\n"))
    return ["text"], [[line] for line in islice(filter(str.strip, lines), max_rows + 1)]


def _delimiter(text: str) -> str:
    """The delimiter under which most rows are as wide as the first, and wider than one cell."""
    sample = _sample(text)
    return max(_DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _sample(text: str) -> str:
    sample = text[:_SAMPLE]
    return sample.rpartition("\n")[0] or sample if len(text) > _SAMPLE else sample


def _fit(sample: str, delimiter: str) -> float:
    """The share of rows as wide as the first; 0 where that has one cell."""
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths = [len(row) for row in islice(rows, _SAMPLE_ROWS) if row]
    return widths.count(widths[0]) / len(widths) if widths and widths[0] > 1 else 0.0


def _parse(name: str, text: str, delimiter: str, limit: int) -> list[Row]:
    """Rows of equal width. Where the quoting makes no sense, quotation marks are taken as part of the texts.

    A text that begins with a quotation mark (usual in tab-separated files, which do not quote) would
    otherwise swallow all rows up to the next one: a cell of several lines, each of which is a good row.
    """
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = _collect(name, islice(reader, limit), delimiter)
    except DataError:
        rows = _unquoted(text, delimiter, limit)
        if not rows:
            raise
        return rows
    if any("\n" in cell for row in rows for cell in row):
        return _unquoted(text, delimiter, limit) or rows
    return rows


def _unquoted(text: str, delimiter: str, limit: int) -> list[Row]:
    """Every line as one row; nothing at all unless all are equally wide."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=csv.QUOTE_NONE)
    rows = [row for row in islice(reader, limit) if row]
    return rows if len({len(row) for row in rows}) == 1 and len(rows[0]) > 1 else []


def _collect(name: str, reader: Iterator[Row], delimiter: str) -> list[Row]:
    rows: list[Row] = []
    try:
        for row in reader:
            if row:  # an empty line is no row
                rows.append(_fill(name, row, len(rows) + 1, len(rows[0]) if rows else len(row), delimiter))
    except csv.Error as error:
        raise DataError(
            f"{name}, row {len(rows) + 1}: a quotation mark is not closed or not doubled; save the table "
            "again as CSV from a spreadsheet program, which quotes texts correctly."
        ) from error
    return rows


def _fill(name: str, row: Row, number: int, width: int, delimiter: str) -> Row:
    if len(row) < width:
        return row + [""] * (width - len(row))
    if any(row[width:]):
        raise DataError(
            f"{name}, row {number}: {len(row)} cells where the first row has {width}; put texts that contain "
            f"{_DELIMITERS[delimiter]} in quotation marks."
        )
    return row[:width]


def _is_data(first: Row, others: Sequence[Row]) -> bool:
    """Whether the first row is an example rather than names: one of its values comes again below it."""
    if any(is_usual_name(cell) for cell in first):
        return False
    for column, cell in enumerate(first):
        if cell.strip() and sum(row[column] == cell for row in others) >= _REPEATED:
            return True
    return False
