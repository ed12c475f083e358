"""Files of text → header and rows: CSV and its relatives, lines that bear their label (fastText, TREC), ARFF (Weka).

Of a delimited file, the likeliest reading of the whole file, its header and its rows.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from bertdemo.data.annotation.answers import single
from bertdemo.data.columns import is_usual_name
from bertdemo.data.tables.cells import LaidOut, Layout, as_text
from bertdemo.data.tables.dialects import (
    Dialect,
    Row,
    candidates,
    delimiters_in,
    parse,
    stated_delimiter,
    with_usual_line_ends,
)
from bertdemo.data.tables.evidence import Reading, fold, standard_dialects, weigh, weigh_all
from bertdemo.data.tables.headers import rectangle, with_header, without_preamble
from bertdemo.errors import DataError
from bertdemo.lines import counted

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
    """Yield a sentence on another reading that gives another number of rows at hardly more bits a row."""
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


_MOST_LINES = 1_000  # lines
_USUAL = "__label__"
_FEW = 0.05  # share of lines with the usual prefix, for a file may be labelled in part
_PREFIX = re.compile(r"(?:^|[\s\"])(__[A-Za-z][A-Za-z0-9_-]*?__)(?=[^\s_])")
_COMMENT = re.compile(r"\s__comment__.*", re.DOTALL)  # doccano puts comments behind the text
_COARSE_FINE = re.compile(r"([A-Za-z][\w-]*:[A-Za-z][\w-]*)[ \t]+(\S.*)")


def read_marked_lines(text: str, max_rows: int, *, questions: bool) -> LaidOut | None:
    """Read rows whose lines bear "__label__x" (fastText) or, with ``questions``, begin with "LABEL:sub" (TREC).

    None if they do not. Several labels of a line become a list; reading ends soon after ``max_rows``.
    """
    sample = list(islice(_lines(text), _MOST_LINES))
    prefix = _common_prefix(sample)
    if prefix is not None:
        return _fasttext(text, prefix, max_rows)
    return _trec(text, max_rows) if questions and _is_trec(sample) else None


def _lines(text: str) -> Iterator[str]:
    return (line for line in io.StringIO(text) if line.strip())


def _common_prefix(lines: Sequence[str]) -> str | None:
    """Return the prefix of labels ("__label__", or another between underscores) that lines bear near an end."""
    if not lines or any(map(is_usual_name, re.split(r"[\t,;|]", lines[0]))):  # a header: a table of marked labels
        return None
    found = Counter(prefix for line in lines for prefix in set(_PREFIX.findall(f"{line[:200]}\n{line[-200:]}")))
    prefix, marked = max(found.items(), key=lambda entry: entry[1], default=("", 0))
    return prefix if marked > len(lines) * (_FEW if prefix == _USUAL else 0.5) else None


def _fasttext(text: str, prefix: str, max_rows: int) -> LaidOut:
    label = re.compile(rf"(?:^|(?<=\s)){re.escape(prefix)}([^\s,;|]+)[ \t]*(?:[,;|][ \t]*)?")
    lines = _lines(text)
    if _is_quoted(text, re.escape(prefix)):
        lines = (",".join(row) for row in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, row)))
    rows: list[list[object]] = []
    for line in islice(lines, max_rows + 1):
        names = list(dict.fromkeys(label.findall(line)))
        rest = _COMMENT.sub("", label.sub("", line)).strip()
        rows.append([rest, as_text(single(names))])
    unmarked = sum(row[1] == "[]" for row in rows)
    notes = (f"Without a label, as they bear no {prefix}: {counted(unmarked, 'line')}.",) if unmarked else ()
    return (["text", "label"], rows), Layout({"text": "text", "label": "label"}, notes)


def _is_quoted(text: str, prefix: str) -> bool:
    """Return whether it is a CSV.

    Whole lines between quotation marks (doccano), or texts behind a label and a comma.
    """
    if re.search(rf'^"\s*{prefix}', text, re.MULTILINE):
        return True
    behind = re.findall(rf'^[ \t]*{prefix}[^\s,]+,(".*?)[ \t]*$', text, re.MULTILINE)
    return bool(behind) and all(re.fullmatch(r'"([^"]|"")*"', cell) for cell in behind)


def _is_trec(lines: Sequence[str]) -> bool:
    """Whether all lines begin with a class and a subclass, of which there are few (in a chat, words follow names)."""
    marks = [match.group(1) for line in lines if (match := _COARSE_FINE.match(line))]
    coarse = {mark.partition(":")[0] for mark in marks}
    return (
        len(marks) == len(lines) > 1
        and 1 < len(coarse) <= len(lines) / 2
        and len(set(marks)) <= max(50, len(lines) / 2)
    )


def _trec(text: str, max_rows: int) -> LaidOut:
    rows: list[list[str]] = []
    for line in islice(_lines(text), max_rows + 1):
        mark, _, question = line.strip().partition(" ")
        rows.append([question.strip(), mark.partition(":")[0], mark])
    note = (
        "Lines begin with a class and a subclass (TREC): the class is the label, both are in the column 'fine label'."
    )
    return (["text", "label", "fine label"], rows), Layout({"text": "text", "label": "label"}, (note,))


_QUOTED = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|\S+?)\s+(\S.*)|@attribute\s+(\S+?)(\{{.*)", re.IGNORECASE)
_VALUE = re.compile(rf"\s*({_QUOTED}|[^,\t]*?)\s*(,|\t|$)")
_SPARSE = re.compile(r"\{\s*(\d+\s.*)?\}(\s*,\s*\{.*\})?")
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CLASS = ("class", "@@class@@")  # the second is the name in Weka's own tables of texts


def read_arff(name: str, text: str, max_rows: int) -> LaidOut:
    """Return rows under @data, with "?" as missing; reading ends soon after ``max_rows``.

    Raises:
        DataError: there are no attributes, the rows are sparse, or a row has too many or too few values.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("%")]
    start = next((place for place, (_, line) in enumerate(lines) if line.casefold() == "@data"), None)
    matches = [match for _, line in lines[:start] if (match := _ATTRIBUTE.match(line))]
    attributes = [(_plain(match[1] or match[3]) or "", match[2] or match[4]) for match in matches]
    if start is None or not attributes:
        raise DataError(f"{name} has no @attribute or no @data: save it again from Weka, or as CSV.")
    rows = [_row(name, number, line, len(attributes)) for number, line in islice(lines[start + 1 :], max_rows + 1)]
    return ([attribute for attribute, _ in attributes], rows), Layout(_roles(attributes))


def _row(name: str, number: int, line: str, width: int) -> list[str | None]:
    if _SPARSE.fullmatch(line):
        raise DataError(f"{name} has sparse rows ({{number value, …}}), which hold no texts: save it as CSV.")
    row, place, more = list[str | None](), 0, True
    while more and (match := _VALUE.match(line, place)):
        row.append(_plain(match[1]))
        place, more = match.end(), bool(match[2])
    if len(row) != width:
        raise DataError(
            f"{name}, line {number}: {len(row)} values where there are {width} attributes; put texts that contain a "
            "comma in quotation marks."
        )
    return row


def _plain(written: str) -> str | None:
    """Return a value without its quotation marks and escapes; None for a missing one."""
    if written in ("?", ""):
        return None
    if written[0] in "'\"" and written[-1] == written[0] and len(written) > 1:
        written = written[1:-1]
    return _ESCAPED.sub(lambda match: _unescaped(match[1]), written)


def _unescaped(mark: str) -> str:
    return chr(int(mark[1:], 16)) if len(mark) == 5 else _ESCAPES.get(mark, mark)


def _roles(attributes: Sequence[tuple[str, str]]) -> dict[str, str]:
    nominal = [attribute for attribute, kind in attributes if kind.startswith("{")]
    texts = [attribute for attribute, kind in attributes if kind.casefold().startswith("string")]
    named = [attribute for attribute in nominal if attribute.casefold() in _CLASS]
    last = nominal[-1:] if nominal[-1:] == [attributes[-1][0]] else []
    label = nominal if len(nominal) == 1 else named or last
    return {**({"text": texts[0]} if len(texts) == 1 else {}), **({"label": label[0]} if len(label) == 1 else {})}
