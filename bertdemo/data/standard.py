"""The standard reading of a delimited file: quoted as RFC 4180 has it, and every row as wide as the first.

Hardly any other file comes out like that by chance, so such a reading needs no weighing: it holds unless the file
itself speaks against it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from bertdemo.data.dialects import BrokenQuotesError, Dialect, Row, loose_cells, parse
from bertdemo.data.evidence import is_torn

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_OF_NUMBERS = "+-.,0123456789 "
_NEARLY_ALL = 0.9  # rows with apostrophes around a text, or with a quoted one
_SWALLOWED = 0.5  # rows of several lines, from which share on they look like rows that a lone mark has joined
_KNOWN = 0.8  # lines of such a row with a value that other rows have, too


def standard_dialects(text: str, delimiters: Sequence[str], limit: int) -> dict[Dialect, int]:
    """Find the delimiters that make up to ``limit`` rows a perfect table of several columns, and count its rows."""
    quote = '"' if '"' in text else ""
    found = {}
    for dialect in (Dialect(delimiter, quote) for delimiter in delimiters if delimiter):
        rows = _equal_rows(text, dialect, limit)
        if rows and not _speaks_against(text, dialect, rows):
            found[dialect] = len(rows)
    return found


def _equal_rows(text: str, dialect: Dialect, limit: int) -> list[Row]:
    """Return the rows, or none where one is not as wide as the first, or a quotation mark makes no sense."""
    rows: list[Row] = []
    try:
        for row in islice(parse(text, dialect), limit):
            if len(row) < 2 or len(row) != len(rows[0] if rows else row):
                return []
            rows.append(row)
    except BrokenQuotesError:
        return []
    return rows


def _speaks_against(text: str, dialect: Dialect, rows: Sequence[Row]) -> bool:
    if sum(map(_is_marked, rows[1:])) >= max(1, len(rows) - 1) * _NEARLY_ALL:
        return True
    if not dialect.quote:
        return False
    return _is_needless(text, dialect, len(rows)) or _is_spaced(text, dialect, rows) or _has_swallowed(rows, dialect)


def _is_marked(row: Row) -> bool:
    """Return whether apostrophes stand around all that is no number, or around a text that this reading tears."""
    cells = [cell for cell in row if cell.strip(_OF_NUMBERS)]
    is_text = len(cells) > 1 or any(" " in cell for cell in cells)  # and no label alone beside an empty text
    return is_torn(row, "'") or (is_text and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells))


def _is_needless(text: str, dialect: Dialect, rows: int) -> bool:
    """Return whether few tab-separated texts are quoted and need it not.

    No program writes that, so the marks are theirs.
    """
    if dialect.delimiter != "\t":
        return False
    quoted, _, needless = loose_cells(text.partition("\n")[2], dialect)
    return needless > 0 and quoted < rows * _NEARLY_ALL


def _is_spaced(text: str, dialect: Dialect, rows: Sequence[Row]) -> bool:
    """Return whether a blank after a delimiter hides that a cell is quoted."""
    suspects = [place for place, row in enumerate(rows) if any(cell.lstrip(" ")[:1] == dialect.quote for cell in row)]
    if not suspects or f"{dialect.delimiter} {dialect.quote}" not in text:
        return False
    others = _equal_rows(text, replace(dialect, spaced=True), len(rows))
    return bool(others) and any(
        cell.lstrip(" ") != other.lstrip(" ")
        for place in suspects
        for cell, other in zip(rows[place], others[place], strict=False)
    )


def _has_swallowed(rows: Sequence[Row], dialect: Dialect) -> bool:
    """Return whether most rows of several lines are rows in each line, with values that other rows have, too."""
    lines = [_LINE_BREAK.split(dialect.delimiter.join(row)) for row in rows]
    records = [[line.split(dialect.delimiter) for line in each] for each in lines if len(each) > 1]
    if not records:
        return False
    single = [row for row, each in zip(rows, lines, strict=True) if len(each) == 1]
    swallowed = sum(_are_rows(record, single, len(rows[0])) for record in records)
    return swallowed >= len(records) * _SWALLOWED


def _are_rows(record: Sequence[Row], single: Sequence[Row], width: int) -> bool:
    if any(len(row) != width for row in record):
        return False
    for place, column in enumerate(zip(*record, strict=True)):
        counts = Counter(column)
        known = {row[place] for row in single}
        if sum(count for value, count in counts.items() if count > 1 or value in known) >= len(record) * _KNOWN:
            return True
    return False
