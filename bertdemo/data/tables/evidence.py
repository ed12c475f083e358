"""How likely a reading of a delimited file is: by the bits it takes to write the table down in that reading.

A column of few values that repeat, such as labels, is cheap; so are delimiters, line ends and quotation marks that
belong to the reading. What a wrong reading leaves inside cells is dear, and so are rows of another width (minimum
description length: J. Rissanen, "Modeling by shortest data description", Automatica 14, 1978).

The standard reading needs no weighing: quoted as RFC 4180 has it, and every row as wide as the first. Hardly any other
file comes out like that by chance, so it holds unless the file itself speaks against it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from bertdemo.data.columns import is_usual_name
from bertdemo.data.tables.dialects import BrokenQuotesError, Dialect, Row, loose_cells, parse
from bertdemo.data.tables.headers import names_no_rows, skip_preamble, usual_width

_LETTER = 5.0  # bits a character of a text
_CONTROL = 5.0  # bits more for a tab or line break inside a text, which seldom holds one
_EDGE = 5.0  # bits more for a quotation mark at the edge of a text
_EMPTY = 20.0  # bits for a table with columns of nothing
_DOUBLED = 10.0  # bits for two quotation marks in a row, as quoted cells have for one
_TORN = 80.0  # bits for a row in which a quotation opens in one cell and closes in another
_SHORT, _WIDE = 25.0, 40.0  # bits for a row of fewer, of more cells
_NAMED = 200.0  # bits that a usual name in the first row spares, or costs where it would be all of that row
_USUAL = {",": 0.0, ";": 0.0, "\t": 0.0, "": 0.0, "|": 3.0}
_SELDOM = 20.0  # bits for a delimiter that hardly anybody uses
_INNER = 8.0  # bits for line breaks that end no row
_FOLDED_QUOTE = 80.0  # bits for a folded text with quotation marks, which would have been quoted whole
_LOOSE = 15.0  # bits for a quoted cell with quotation marks that are not doubled, or that is not closed
_QUOTED_ALL = 0.9  # quoted cells for each row, from which on all texts are
_NEEDLESS = 21.0  # bits for one of few quoted cells that needs no marks: more than for marks as part of it
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,300}([.,][0-9]{1,300})?\s*")
_APOSTROPHES = re.compile(r"\0'[^\0]*'(?=\0)")
_TOKEN = re.compile(r"\S{0,64}")


@dataclass(frozen=True)
class Reading:
    """A dialect and what came of it.

    Attributes:
        dialect: how the file was read.
        bits: the price of its table, infinite where quotation marks make no sense.
        rows: how many there are.
        regular: the share of rows as wide as most, or brought to that width.
        folded: the width to which wider rows are to be folded; 0 where none are.
        broken: the row in which quotation marks that are not doubled fail.
        has_breaks: whether a quoted cell goes on in another line.
    """

    dialect: Dialect
    bits: float
    rows: int = 0
    regular: float = 0.0
    folded: int = 0
    broken: int | None = None
    has_breaks: bool = False


def weigh(text: str, dialect: Dialect, limit: int, *, whole: bool = True) -> Reading:
    """Parse up to ``limit`` rows and price them; where the text is not ``whole``, its last cell may be open."""
    rows: list[Row] = []
    try:
        rows.extend(islice(parse(text, dialect), limit))
    except BrokenQuotesError as error:
        if whole or not error.at_end:
            return Reading(dialect, math.inf, broken=error.row)
    if not rows:
        return Reading(dialect, math.inf)
    width, regular = usual_width(rows)
    rows = [row if len(row) <= width or any(row[width:]) else row[:width] for row in rows]
    bits, folded = _cheapest_width(rows, width, dialect.delimiter)
    if not whole:
        letters = len(text) - text.count("\n") - text.count("\r")
        bits += _LETTER * max(0, letters - sum(map(len, chain.from_iterable(rows))))
    if dialect.loose or (dialect.quote and dialect.delimiter == "\t"):  # tab-separated texts are seldom quoted
        bits += _marks_bits(text, dialect, len(rows))
    bits += _USUAL.get(dialect.delimiter, _SELDOM) + (_INNER if dialect.inner else 0.0)
    has_breaks = bool(dialect.quote) and any("\n" in cell or "\r" in cell for cell in chain.from_iterable(rows))
    return Reading(dialect, bits, len(rows), 1.0 if folded else regular / len(rows), folded, None, has_breaks)


def weigh_all(text: str, dialects: Iterable[Dialect], limit: int, *, whole: bool = True) -> list[Reading]:
    """Return readings from the likeliest on.

    Where quotation marks break or join lines, also with each of them on its line.
    """
    readings: list[Reading] = []
    for dialect in dialects:
        reading = weigh(text, dialect, limit, whole=whole)
        readings.append(reading)
        in_doubt = reading.broken is not None or reading.has_breaks
        if in_doubt and dialect.quote and not dialect.escape and f"\\{dialect.quote}" not in text:
            readings.append(weigh(text, replace(dialect, loose=True), limit, whole=whole))
    return sorted(readings, key=lambda each: each.bits)


def _marks_bits(text: str, dialect: Dialect, rows: int) -> float:
    """Return what it costs that marks are not doubled, or that few cells are quoted without a need.

    Below the first line.
    """
    quoted, not_doubled, needless = loose_cells(text.partition("\n")[2], dialect)
    bits = 0.0 if quoted >= rows * _QUOTED_ALL else _NEEDLESS * needless
    return bits + (_INNER + _LOOSE * not_doubled if dialect.loose else 0.0)


def _cheapest_width(rows: Sequence[Row], width: int, delimiter: str) -> tuple[float, int]:
    """Return the price of a table as it is, or with its wider rows folded, and the width to which they are (0: not)."""
    bits = _table_bits(rows, width)
    above = skip_preamble(rows, width)
    table = rows[above:]
    if len(table[0]) < width and not names_no_rows(table[0], [row for row in table[1:] if len(row) == width]):
        bits += (_WIDE if len(table[0]) > 1 else _SHORT) * sum(len(row) > len(table[0]) for row in table)
    folded_to = 0
    for narrow in {len(table[0]), min(map(len, table))} - {1, max(map(len, table))}:
        folded = fold(table, narrow, delimiter)
        if folded is not None:
            changed = sum(before is not after for before, after in zip(table, folded, strict=True))
            cheaper = _table_bits([*rows[:above], *folded], narrow) + changed * math.log2(2 * len(table) / changed)
            cheaper += _FOLDED_QUOTE * _folded_quotes(table, folded)
            if cheaper < bits:
                bits, folded_to = cheaper, narrow
    return bits, folded_to


def fold(rows: Sequence[Row], width: int, delimiter: str) -> list[Row] | None:
    """Bring rows to ``width`` cells by giving delimiters back to the texts of one column.

    All others must look closed (numbers, ids, or few values that repeat). None unless exactly one column can be it.
    """
    wide = [row for row in rows if len(row) > width and any(row[width:])]
    if width < 2 or not wide:
        return None
    found = [folded for place in range(width) if (folded := _folded(rows, width, place, delimiter)) is not None]
    return found[0] if len(found) == 1 else None


def _folded(rows: Sequence[Row], width: int, place: int, delimiter: str) -> list[Row] | None:
    more = place - width + 1  # cells after the text, negative; 0 where it is the last column
    folded = []
    for row in rows:
        end = len(row) + more
        folded.append(row if len(row) <= width else [*row[:place], delimiter.join(row[place:end]), *row[end:]])
    full = [row for row in folded[1:] if len(row) == width]
    columns = list(zip(*full, strict=True))
    closed = bool(columns) and all(_is_closed(cells) for i, cells in enumerate(columns) if i != place)
    return folded if closed and not _is_closed(columns[place]) else None


def _is_closed(cells: Sequence[str]) -> bool:
    return len(set(cells)) <= len(cells) / 3 or all(map(_NUMBER.fullmatch, cells)) or all(map(_TOKEN.fullmatch, cells))


def _folded_quotes(rows: Sequence[Row], folded: Sequence[Row]) -> int:
    """Count rows whose folded text stands in quotation marks, or ends or begins in the middle of a quotation."""
    changed = [(before, after) for before, after in zip(rows, folded, strict=True) if before is not after]
    marked = (any(cell[:1] == cell[-1:] == '"' for cell in set(after) - set(before)) for before, after in changed)
    return sum(is_marked or is_torn(before, '"') for is_marked, (before, _) in zip(marked, changed, strict=True))


def _table_bits(rows: Sequence[Row], width: int) -> float:
    """Return the price of rows of which ``width`` is usual.

    Those in which a quotation is torn are no part of the columns.
    """
    cells = "\0" + "\0".join(map("\0".join, rows)) + "\0"
    quotes = [quote for quote in "\"'" if (f"\0{quote}" in cells or f"\0 {quote}" in cells) and f"{quote}\0" in cells]
    usual: list[Row] = []
    bits = _mark_bits(cells)
    for row in rows:
        tears = bool(quotes) and any(is_torn(row, quote) for quote in quotes)
        if len(row) == width and not tears:
            usual.append(row)
        else:
            bits += _TORN if tears else _SHORT if len(row) < width else _WIDE
            bits += _LETTER * (sum(map(len, row)) + len(row))
    columns = list(zip(*usual, strict=True))
    bits += _LETTER * sum(map(len, columns[0])) if len(columns) == 1 else sum(map(_column_bits, columns))
    bits += 0.0 if all(map(any, columns)) else _EMPTY
    if any(map(is_usual_name, rows[0])):
        bits += -_NAMED if len(rows[0]) > 1 else _NAMED if width > 1 else 0.0
    return bits


def _column_bits(cells: Sequence[str]) -> float:
    """As texts, or as numbers of the values in a list of them, whichever takes less."""
    counts = Counter(cells)
    as_texts = _LETTER * sum(map(len, cells))
    if len(counts) > len(cells) / 2:
        return as_texts
    spread = sum(count * math.log2(len(cells) / count) for count in counts.values())
    return min(spread + _LETTER * sum(len(value) + 1 for value in counts), as_texts)


def _mark_bits(cells: str) -> float:
    """Return what control characters and quotation marks inside cells cost, which NUL characters enclose."""
    bits = _CONTROL * (cells.count("\n") + cells.count("\t") + cells.count("\r")) + _DOUBLED * cells.count('""')
    bits += _EDGE * (cells.count('\0"') + cells.count('"\0'))
    return bits + (2 * _EDGE * len(_APOSTROPHES.findall(cells)) if "\0'" in cells else 0.0)


def is_torn(row: Row, quote: str) -> bool:
    """Return whether a quotation opens in one cell and closes in a later one."""
    is_open = False
    for cell in row:
        begins, ends = cell.lstrip(" ").startswith(quote), cell.endswith(quote)
        if is_open and ends and not begins:
            return True
        is_open = is_open or (begins and not ends)
    return False


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
