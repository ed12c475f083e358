"""CSV and its relatives: the likeliest reading of the whole file, its header and its rows."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from itertools import islice

from bertdemo.data.dialects import (
    Dialect,
    Row,
    candidates,
    delimiters_in,
    parse,
    stated_delimiter,
    with_usual_line_ends,
)
from bertdemo.data.evidence import Reading, fold, weigh, weigh_all
from bertdemo.data.headers import rectangle, with_header, without_preamble
from bertdemo.data.standard import standard_dialects
from bertdemo.errors import DataError

_SAMPLE = 2**17  # characters in which every reading is tried; the likeliest are then tried on the whole file
_NEARLY = 1.1  # how much dearer a reading may be to be tried on the whole file
_FINALISTS = 2  # delimiters
_DOUBTFUL = 20.0  # bits for each row of difference, below which another reading is named
_TABLE = 0.9  # share of rows of equal width


def read_delimited(name: str, text: str, max_rows: int, notes: list[str] | None = None) -> tuple[Row, Iterator[Row]]:
    """Return header and rows, each row as wide as the header; reading ends soon after ``max_rows``.

    Short rows are filled up with empty cells. A file whose first row is an example like those below has no header; its
    columns are called "column 1", "column 2", ….

    Args:
        name: the file's, for messages.
        text: all of it.
        max_rows: how many rows are wanted at most.
        notes: where sentences go that a person should know about how the file was read.

    Raises:
        DataError: a row is wider than the header, or the quotation marks make no sense.
    """
    notes = [] if notes is None else notes
    stated, text = stated_delimiter(with_usual_line_ends(text))
    readings = _weighed(text, stated, max_rows + 2)
    failure: DataError | None = None
    for reading in readings:
        if failure is not None and not (reading.dialect.delimiter and reading.regular == 1.0):
            continue  # only a reading in which all rows are alike may take the place of a likelier one
        try:
            found: list[str] = []
            table = _read(name, text, max_rows, reading, readings, found)
        except DataError as error:
            failure = failure or error
            continue
        notes.extend(found)
        return table
    raise failure or _broken(name, 1)


def _read(
    name: str, text: str, max_rows: int, reading: Reading, readings: Sequence[Reading], notes: list[str]
) -> tuple[Row, Iterator[Row]]:
    if reading.bits == math.inf:
        raise _broken(name, reading.broken or 1)
    notes.extend(_other_readings(reading, readings))
    rows = list(islice(parse(text, reading.dialect), max_rows + 2))
    rows = _folded(without_preamble(rows, notes), reading, notes)
    header, rows = with_header(rows, notes)
    _refuse_wide(name, header, rows, reading, readings)
    short = [place for place, row in enumerate(rows, 2) if len(row) < len(header) and any(header[len(row) :])]
    if short:
        notes.append(
            f"Rows with fewer cells than the table has columns: {len(short):,}, from row {short[0]:,} on; what is "
            "missing was read as empty."
        )
    return rectangle(name, header, rows)


def is_table(text: str) -> bool:
    """Return whether nearly all rows are as wide as most, and wider than one cell: texts with commas are not."""
    stated, text = stated_delimiter(with_usual_line_ends(text))
    best = _weighed(text[: 2 * _SAMPLE], stated, _SAMPLE)[0]
    return stated is not None or (best.dialect.delimiter != "" and best.regular >= _TABLE)


def read_lines(text: str, max_rows: int) -> tuple[Row, list[Row]]:
    """Return every line that is not blank as a row of one column, "text"; reading ends soon after ``max_rows``."""
    lines = (line.rstrip("\r\n") for line in io.StringIO(with_usual_line_ends(text), newline=None))
    return ["text"], [[line] for line in islice(filter(str.strip, lines), max_rows + 1)]


def _weighed(text: str, stated: str | None, limit: int) -> list[Reading]:
    """Return the standard reading where it fits.

    Else all from the likeliest on, those of a long text weighed by all of it.
    """
    whole = len(text) <= 2 * _SAMPLE
    sample = text if whole else text[:_SAMPLE]
    sample = sample if whole else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    delimiters = [stated] if stated else delimiters_in(sample)
    standard = standard_dialects(text, delimiters, limit)
    if len(standard) == 1:
        return [Reading(dialect, 0.0, rows, 1.0) for dialect, rows in standard.items()]
    if standard:
        return [min((weigh(text, dialect, limit) for dialect in standard), key=lambda each: each.bits)]
    readings = weigh_all(sample, candidates(sample, delimiters), limit, whole=whole)
    if whole:
        return readings
    most = readings[0].bits * _NEARLY
    likely = list(dict.fromkeys(each.dialect.delimiter for each in readings if each.bits <= most))
    return weigh_all(text, candidates(text, likely[:_FINALISTS]), limit)


def _other_readings(best: Reading, readings: Sequence[Reading]) -> Iterator[str]:
    """A sentence about another reading that gives another number of rows for hardly more bits a row of difference."""
    for other in readings:
        differing = abs(other.rows - best.rows)
        alike = other.dialect.delimiter == best.dialect.delimiter and other.regular >= _TABLE
        if alike and differing and other.bits - best.bits < _DOUBTFUL * differing:
            yield (
                f"The quotation marks can be understood in two ways: the file was read as {best.rows:,} lines "
                f"{_quoting(best.dialect)}, and could be {other.rows:,} {_quoting(other.dialect)}."
            )
            return


def _quoting(dialect: Dialect) -> str:
    if not dialect.quote:
        return "whose quotation marks belong to the texts"
    return f"with texts inside {dialect.quote} marks{', each on one line' if dialect.loose else ''}"


def _folded(rows: list[Row], reading: Reading, notes: list[str]) -> list[Row]:
    """Rows whose unquoted delimiters inside the texts of one column are given back to it, if the reading says so."""
    width = reading.folded
    wide = [place for place, row in enumerate(rows, 1) if len(row) > width and any(row[width:])]
    folded = fold(rows, width, reading.dialect.delimiter) if width and wide else None
    if folded is None:
        return rows
    notes.append(
        f"Rows with {reading.dialect.named()} in a text without quotation marks: {len(wide):,}, from row {wide[0]:,} "
        "on; it was read as part of the text."
    )
    return folded


def _refuse_wide(name: str, header: Row, rows: Sequence[Row], reading: Reading, readings: Sequence[Reading]) -> None:
    width, best = len(header), reading.dialect
    wide = next((place for place, row in enumerate(rows, 2) if len(row) > width and any(row[width:])), None)
    if wide is None:
        return
    broken = [each.broken for each in readings if each.broken and each.dialect.quote == '"']
    if broken and not best.quote:
        raise _broken(name, broken[0])
    raise DataError(
        f"{name}, row {wide}: {len(rows[wide - 2])} cells where the first row has {width}; put texts that contain "
        f"{best.named()} in quotation marks."
    )


def _broken(name: str, row: int) -> DataError:
    return DataError(
        f"{name}, row {row}: a quotation mark is not closed or not doubled; save the table "
        "again as CSV from a spreadsheet program, which quotes texts correctly."
    )
