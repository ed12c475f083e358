"""Where the table of a file begins, and whether its first row holds names or an example: told by all rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from bertdemo.data.columns import is_usual_name
from bertdemo.data.dialects import Row
from bertdemo.errors import DataError
from bertdemo.lines import shorten

_COMMENT = ("#", "//", "%", "--")
_MOST_COMMENTS = 50  # rows; more than that above a table are a table
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,300}([.,][0-9]{1,300})?(e[+-]?[0-9]{1,3})?\s*%?\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!…。！]\W*$")
_SPARSE = 50  # cells that a table may have for each that its file holds
_REPEATED = 2  # how often a value must come again to be one of few
_NEARLY_ALL = 0.9
_SENTENCE = 20  # characters; texts are longer than that on the average
_SPACES = 4  # in a sentence; names have fewer
_ENOUGH = 10  # rows, to say what a length is like
# What a column says for a header (positive) or against it; the sum decides.
_USUAL, _OTHER_KIND, _ALONE, _UNLIKE_TEXTS, _SHORT = 4.0, 3.0, 1.5, 4.0, 1.0


def without_preamble(rows: list[Row], notes: list[str]) -> list[Row]:
    """The rows from the header on, and a note about those above it."""
    width, _ = usual_width(rows)
    start = skip_preamble(rows, width)
    if start:
        first = shorten(" ".join(filter(None, rows[0])), 60)
        notes.append(f"Rows above the table were left out: {start} (“{first}”).")
    return rows[start:]


def with_header(rows: list[Row], notes: list[str]) -> tuple[Row, list[Row]]:
    """The names of the columns, and the rows below them."""
    width, _ = usual_width(rows)
    first = without_mark(rows[0])
    below = [row for row in rows[1:] if len(row) == width]
    if width > 2 and len(first) == width - 1 and numbers_rows(below):
        return ["", *first], rows[1:]  # tables of R have no name above the names of their rows
    if is_header(first, below):
        kept = [row for row in rows[1:] if row != first or len(row) < 2]
        if len(kept) < len(rows) - 1:
            notes.append(f"Rows that repeat the header were left out: {len(rows) - 1 - len(kept):,}.")
        return first, kept
    notes.append("The first row was read as an example like the others, not as names of columns.")
    width = max(len(row) for row in rows)
    while width > 1 and not any(row[width - 1 : width] not in ([], [""]) for row in rows):
        width -= 1
    return [f"column {place}" for place in range(1, width + 1)], rows


def rectangle(name: str, header: Row, rows: Sequence[Row]) -> tuple[Row, Iterator[Row]]:
    """Rows filled up to the header's width one by one, without last columns that have neither a name nor a cell.

    Raises:
        DataError: the table would have far more cells than its file holds.
    """
    width = max(map(len, rows), default=0)
    header = header + [""] * (width - len(header))
    width = len(header)
    used = max((place for row in rows for place, cell in enumerate(row, 1) if cell), default=0)
    while any(header) and width > max(used, 1) and not header[width - 1].strip():
        width -= 1
    if len(rows) * width > _SPARSE * (sum(map(len, rows)) + 1_000):
        raise DataError(f"{name} names {width:,} columns and its rows fill few: keep those of texts and labels.")
    empty = [""] * width
    return header[:width], (row[:width] if len(row) >= width else row + empty[len(row) :] for row in rows)


def usual_width(rows: Sequence[Row]) -> tuple[int, int]:
    """How many cells most rows have, and how many rows those are; of equals the wider, as rows lose cells sooner."""
    widths = Counter(map(len, rows))
    return max(widths.items(), key=lambda item: (item[1], item[0]))


def skip_preamble(rows: Sequence[Row], width: int) -> int:
    """How many first rows stand above the table: comments, and titles of one cell above a header."""
    if width < 2:
        return 0
    comments = _comments(rows, width)
    start = comments
    while start < min(len(rows) - 2, _MOST_COMMENTS) and sum(map(bool, rows[start])) <= max(1, width // 2):
        start += 1
    if start == comments:
        return comments
    table = [row for row in rows[start + 1 :] if len(row) == width]
    named = _votes(rows[start], table) > 0 and sum(map(bool, rows[start])) > 1
    return start if named and not _is_gap(rows, start, width) else comments


def is_header(first: Row, others: Sequence[Row]) -> bool:
    """Whether a first row holds names: it differs from the rows below in kind, and repeats none of their values.

    Args:
        first: the row in question.
        others: the rows below it that are as wide as most.
    """
    return not others or _votes(first, others) >= 0


def _votes(first: Row, others: Sequence[Row]) -> float:
    columns = zip(*(row[: len(first)] for row in others if len(row) >= len(first)), strict=False)
    return sum(_vote(cell.strip(), column) for cell, column in zip(first, columns, strict=False))


def numbers_rows(rows: Sequence[Row]) -> bool:
    """Whether the first cells are the numbers of the rows, as R writes them without a name above."""
    names = [row[0] for row in rows]
    return bool(names) and all(map(str.isdigit, names)) and len(set(names)) == len(names)


def _vote(cell: str, column: Sequence[str]) -> float:
    filled = [other.strip() for other in column if other and not other.isspace()]
    if not cell or not filled:
        return 0.0
    counts = Counter(filled)
    again = counts[cell]
    if is_usual_name(cell):
        return _USUAL if again < _REPEATED else 0.0
    if again >= _REPEATED or (again and " " in cell and len(counts) > len(filled) / 2):
        return -_OTHER_KIND
    kind, usual = _kind(cell), _kind_of_most(counts, len(filled))
    if kind is not None or usual is not None:
        return (-_OTHER_KIND if kind == usual else _OTHER_KIND) if usual is not None else 0.0
    return _ALONE if len(counts) <= len(filled) / 3 else _vote_by_length(cell, sorted(map(len, filled)))


def _vote_by_length(cell: str, lengths: Sequence[int]) -> float:
    """Names are shorter than texts: nearly all of them, for an example may be short."""
    if sum(lengths) / len(lengths) < _SENTENCE:
        return 0.0
    is_sentence = cell.count(" ") >= _SPACES and len(cell) > lengths[0] / 2
    if len(cell) >= lengths[len(lengths) // 20] or is_sentence or _SENTENCE_END.search(cell):
        return -_OTHER_KIND
    clearly = len(lengths) >= _ENOUGH and len(cell) < 0.75 * lengths[0]
    return _UNLIKE_TEXTS if clearly else _SHORT


def _kind(cell: str) -> str | None:
    """What a cell is if not words: a number, or the pattern of a date, a time, an id."""
    if _NUMBER.fullmatch(cell):
        return "number"
    if " " in cell.replace(", ", "").strip() and not cell[:4].isdigit():
        return None
    digits = sum(character.isdigit() for character in cell)
    return re.sub(r"[0-9]+", "9", re.sub(r"[a-fA-F0-9]{6,}", "9", cell)) if digits >= 4 else None


def _kind_of_most(counts: Counter[str], total: int) -> str | None:
    kinds: Counter[str | None] = Counter()
    for value, count in counts.items():
        kinds[_kind(value)] += count
    kind, count = kinds.most_common(1)[0]
    return kind if count >= total * _NEARLY_ALL else None


def _comments(rows: Sequence[Row], width: int) -> int:
    """How many first rows are comments; the last of them may name the columns, and is then the header."""
    marked = [row[0].lstrip().startswith(_COMMENT) for row in rows]
    count = next((place for place, mark in enumerate(marked) if not mark), 0)
    if not count or count > _MOST_COMMENTS or sum(marked) > len(marked) / 2:
        return 0
    table = [row for row in rows[count:] if len(row) == width]
    if len(rows[count - 1]) != width or not table:
        return count
    if is_header(table[0], table[1:]):
        return count
    return count - 1 if is_header(without_mark(rows[count - 1]), table) else 0


def without_mark(row: Row) -> Row:
    """A header that begins like a comment, as it was meant."""
    bare = row[0].lstrip()
    mark = next((mark for mark in _COMMENT if bare.startswith(mark)), "")
    return [bare.removeprefix(mark).lstrip(), *row[1:]] if mark and bare != mark else row


def _is_gap(rows: Sequence[Row], start: int, width: int) -> bool:
    """Whether the first rows are examples with gaps: as wide as the table, and more of the like below."""
    return all(len(row) == width for row in rows[:start]) and any(sum(map(bool, row)) <= 1 for row in rows[start + 1 :])
