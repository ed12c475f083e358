"""How a delimited file may be written (delimiter, quotation marks, escapes), and its rows under such a reading."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Row = list[str]
NAMES = {"\t": "a tab", ";": "a semicolon", "|": "a bar", ",": "a comma", "": "no delimiter"}
# Seldom used, and therefore only taken where nearly every line has one; longer ones first, as they hold shorter ones.
_SELDOM = (":::", "|||", "::", "||", "^", "~", "\x01", "\x1f", "¦", "§", "¬")
_SELDOM_SHARE = 0.9  # of the lines
_CLASS_AT_END = re.compile(r"(?<=[^\s@])@([\w-]{1,40})[ \t]{0,9}(?=[\r\n]|\Z)")
_MOST_CLASSES = 20
_LONGEST_CELL = 2**31 - 1  # characters; the module's own limit is 131,072, and files are bounded by their size
_PLACEHOLDER = "\uf8f0"  # private use: stands for a delimiter of several characters, or for none
_LINE_BREAK = "\uf8f1"  # private use: stands for a line break that ends no row
_SEP_LINE = re.compile(r'"?sep=(\\t|[^\r\n]{1,3}?)"?[ ;,\t]*(\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    r"""One reading of a delimited file.

    Attributes:
        delimiter: one or more characters; empty where each line is one cell.
        quote: the quotation mark, or empty where quotation marks are part of the texts.
        escape: whether a backslash before a quotation mark or delimiter takes its meaning away.
        inner: a line break that ends no row though it is not quoted (``"\n"``, ``"\r"``), or empty.
        loose: whether quotation marks inside a quoted cell need not be doubled, and one that is not closed on its line
            is part of the text.
        spaced: whether blanks after a delimiter are none of the text.
    """

    delimiter: str
    quote: str = ""
    escape: bool = False
    inner: str = ""
    loose: bool = False
    spaced: bool = False

    def named(self) -> str:
        """Return the delimiter as words of a sentence."""
        return NAMES.get(self.delimiter, repr(self.delimiter))


class BrokenQuotesError(Exception):
    """A quotation mark is not closed or not doubled; ``row`` counts from 1, ``at_end`` tells an open last cell."""

    def __init__(self, row: int, *, at_end: bool) -> None:
        super().__init__(f"row {row}")
        self.row = row
        self.at_end = at_end


def parse(text: str, dialect: Dialect) -> Iterator[Row]:
    r"""Yield the rows of a text, blank lines left out; ``\N``, by which databases write nothing, is an empty cell.

    Raises:
        BrokenQuotesError: quotation marks make no sense in this reading.
    """
    csv.field_size_limit(_LONGEST_CELL)  # of the whole process, so it is always set to the same value
    reader = csv.reader(
        io.StringIO(_prepared(text, dialect), newline=""),
        delimiter=_single(dialect),
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar="\\" if dialect.escape else None,
        skipinitialspace=dialect.spaced,
        strict=True,
    )
    nothing = r"\N" in text
    mended, rows = nothing or dialect.inner, 0
    try:
        for row in reader:
            if not row or (len(row) == 1 and row[0].isspace()):
                continue
            rows += 1
            yield _mended(row, dialect.inner, nothing=nothing) if mended else row
    except csv.Error as error:
        raise BrokenQuotesError(rows + 1, at_end="end of data" in str(error)) from error


def _mended(row: Row, inner: str, *, nothing: bool) -> Row:
    cells = [cell.replace(_LINE_BREAK, inner) for cell in row] if inner else row
    return ["" if cell == r"\N" else cell for cell in cells] if nothing else cells


def stated_delimiter(text: str) -> tuple[str | None, str]:
    """Return the delimiter of a first line ``sep=;`` as spreadsheets write it, and the text without that line."""
    stated = _SEP_LINE.match(text)
    if stated is None:
        return None, text
    return stated.group(1).replace(r"\t", "\t"), text[stated.end() :]


def with_usual_line_ends(text: str) -> str:
    """Remove what may stand at a file's end, and write line feeds where only rare signs end the lines."""
    text = text.rstrip("\x1a")
    if "\n" not in text and "\r" not in text:
        return re.sub("[\u2028\u2029\x85\x1e]", "\n", text)
    return text


def candidates(text: str, delimiters: Sequence[str]) -> list[Dialect]:
    """Return every reading with these delimiters for which the text gives a reason, plain ones first."""
    quotings = [quoting for delimiter in delimiters for quoting in _quotings(text, delimiter)]
    breaks = list(_inner_breaks(text))
    return [Dialect(*quoting, inner, spaced=_is_spaced(text, *quoting[:2])) for quoting in quotings for inner in breaks]


def delimiters_in(sample: str) -> list[str]:
    """Return what may stand between cells, an empty text for nothing at all."""
    lines = max(1, len(re.findall(r"[^\r\n]+", sample)))
    seldom = [each for each in _SELDOM if sample.count(each) >= lines * _SELDOM_SHARE]
    classes = Counter(_CLASS_AT_END.findall(sample))  # the Financial PhraseBank: a sentence@positive
    at_end = classes.total() >= lines * _SELDOM_SHARE and 1 < len(classes) <= _MOST_CLASSES
    return [*(each for each in NAMES if each in sample), *seldom, *(["@"] if at_end else [])]


def _quotings(text: str, delimiter: str) -> Iterator[tuple[str, str, bool]]:
    if delimiter and f"\\{delimiter}" in text:
        yield delimiter, "", True
    yield delimiter, "", False
    for quote in "\"'":
        starts = [before + quote for edge in {"\n", "\r", delimiter} - {""} for before in (edge, f"{edge} ")]
        if text.startswith(quote) or any(start in text for start in starts):
            yield delimiter, quote, False
            if f"\\{quote}" in text:
                yield delimiter, quote, True


def _inner_breaks(text: str) -> Iterator[str]:
    """Yield which line breaks may end no row: those that stand beside a more usual one."""
    yield ""
    both = text.count("\r\n")
    single = {"\n": text.count("\n") - both, "\r": text.count("\r") - both}
    most = max(both, *single.values())
    yield from (mark for mark, count in single.items() if 0 < count < most)


def _is_spaced(text: str, delimiter: str, quote: str) -> bool:
    return delimiter not in {"", "\t"} and quote != "" and f"{delimiter} {quote}" in text


def _single(dialect: Dialect) -> str:
    return dialect.delimiter if len(dialect.delimiter) == 1 else _PLACEHOLDER


def loose_cells(text: str, dialect: Dialect) -> tuple[int, int, int]:
    """Count quoted cells on one line: all, with marks that are not doubled or not closed, and those that need none."""
    mark, delimiter = dialect.quote, dialect.delimiter
    found = [each.group(1) for each in _loose_cell(dialect).finditer(text)]
    inner = [cell for cell in found if cell is not None]
    return (
        len(inner),
        len(found) - len(inner) + sum(mark in cell.replace(mark * 2, "") for cell in inner),
        sum(mark not in cell and delimiter not in cell for cell in inner),
    )


def _loose_cell(dialect: Dialect) -> re.Pattern[str]:
    """Return a quoted cell on one line, which ends where the next cell or line begins.

    Or one whose mark is not closed.
    """
    delimiter, mark = re.escape(_single(dialect)), dialect.quote
    end, rest = rf"{delimiter}|[\r\n]|\Z", rf"[^{delimiter}\r\n]"
    closed = rf"{mark}((?:[^{mark}\r\n]|{mark}(?!{end}))*+){mark}(?={end})"
    return re.compile(rf"(?<!{rest})(?:{closed}|{mark}({rest}*))")


def _quoted_anew(found: re.Match[str]) -> str:
    mark = found.group()[0]
    inner = mark + found.group(2) if found.group(1) is None else found.group(1).replace(mark * 2, mark)
    return mark + inner.replace(mark, mark * 2) + mark


def _prepared(text: str, dialect: Dialect) -> str:
    """Return the text as the csv module can read it.

    A delimiter of one character, backslashes that escape nothing doubled.
    """
    if len(dialect.delimiter) > 1:
        text = re.sub(f" ?{re.escape(dialect.delimiter)} ?", _PLACEHOLDER, text)
    if dialect.inner == "\n":
        text = re.sub(r"(?<!\r)\n", _LINE_BREAK, text)
    elif dialect.inner:
        text = re.sub(r"\r(?!\n)", _LINE_BREAK, text)
    if dialect.loose:
        text = _loose_cell(dialect).sub(_quoted_anew, text)
    if dialect.escape:
        meant = re.escape(dialect.quote + _single(dialect))
        text = re.sub(rf"\\([{meant}\\\r\n])|\\", lambda found: found.group() if found.group(1) else r"\\", text)
    return text
