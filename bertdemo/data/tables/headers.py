"""Where the table of a file begins, and whether its first row holds names or an example: told by all rows."""

from __future__ import annotations

import math
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence

from bertdemo.data.column_names import label_points
from bertdemo.data.columns import is_usual_name
from bertdemo.data.tables.dialects import Row
from bertdemo.errors import DataError
from bertdemo.lines import shorten

_COMMENT = ("#", "//", "%", "--")
_MOST_COMMENTS = 50  # rows; more than that above a table are a table
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,300}([.,][0-9]{1,300})?(e[+-]?[0-9]{1,3})?\s*%?\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!…。！]\W*$")
_NAME_AND_VALUE, _MOST_FACTS = 2, 20  # cells of a line of facts about a file, and such lines
_COLUMNS_BELOW_PROSE = 3  # of two, one may hold texts alone, whose labels are missing
_SPARSE = 50  # cells that a table may have for each that its file holds
_IDENTIFIER = re.compile(r"[A-Za-z]+(_[A-Za-z0-9]+)+|[a-z]+([A-Z][a-z]+)+")
_REPEATED = 2  # how often a value must come again to be one of few
_NEARLY_ALL = 0.9
# What a column says for a header (positive) or against it; the sum decides.
_USUAL, _OTHER_KIND = 6.0, 3.0
_NAME_COMES_AGAIN = 0.01  # how likely a name of a column is to be one of its values
_LENGTHS = (9, 16, 26, 41)  # characters, from which on a text is longer than the ones before
# How names of columns look: shares of their lengths, of one, two to three and more words, of small letters, capitals
# and other signs at their beginning, of those that do not, and do, end like sentences.
_NAMES_LOOK = ((0.5, 0.3, 0.12, 0.05, 0.03), (0.75, 0.2, 0.05), (0.5, 0.49, 0.01), (0.98, 0.02))
_LOOKED_AT = 2_000  # texts


def without_preamble(rows: list[Row], notes: list[str]) -> list[Row]:
    """Return the rows from the header on, and a note about those above it."""
    width, _ = usual_width(rows)
    start = skip_preamble(rows, width)
    if start:
        first = shorten(" ".join(filter(None, rows[0])), 60)
        notes.append(f"Rows above the table were left out: {start} (“{first}”).")
    return rows[start:]


def with_header(rows: list[Row], notes: list[str]) -> tuple[Row, list[Row]]:
    """Return the names of the columns, and the rows below them."""
    width, _ = usual_width(rows)
    first = without_mark(rows[0])
    below = [row for row in rows[1:] if len(row) == width]
    if width > 2 and names_no_rows(first, below):
        return ["", *first], rows[1:]
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
    """Return rows filled up to the header's width one by one, without last columns that have neither a name nor a cell.

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
    """Return how many cells most rows have, and how many rows those are.

    Of equals the wider, as rows lose cells sooner.
    """
    widths = Counter(map(len, rows))
    return max(widths.items(), key=lambda item: (item[1], item[0]))


def skip_preamble(rows: Sequence[Row], width: int) -> int:
    """Return how many first rows stand above the table: comments, and titles of one cell above a header."""
    if width < 2:
        return 0
    used, _ = Counter(sum(map(bool, row)) for row in rows[:_LOOKED_AT]).most_common(1)[0]  # some columns may be empty
    comments = start = _comments(rows, width)
    names = [len(row) == width and all(map(is_usual_name, row)) for row in rows[:_MOST_FACTS]]
    if any(names) and not any(is_usual_name(cell) for row in rows[: names.index(True)] for cell in row):
        return names.index(True)  # whatever stands above names of a text and a label
    while start < min(len(rows) - 2, _MOST_COMMENTS) and _is_short(rows[start], used):
        start += 1
    if start == comments:
        return comments
    table = [row for row in rows[start + 1 :] if len(row) == width]
    named = _votes(rows[start], table) > 0 and sum(map(bool, rows[start])) > 1
    return start if named and not _is_gap(rows, start, width) else max(comments, _prose_above(rows, width))


def _prose_above(rows: Sequence[Row], width: int) -> int:
    """Return how many first rows are lines of one cell, such as a notice, above a table of three columns or more."""
    count = next((place for place, row in enumerate(rows) if len(row) > 1), 0)
    is_above = width >= _COLUMNS_BELOW_PROSE and 0 < count <= _MOST_COMMENTS
    return count if is_above and all(len(row) > 1 for row in rows[count:]) else 0


def _is_short(row: Row, width: int) -> bool:
    """Whether a row holds a title, or a name and a value ("Created", "2026-01-02"), and not all that a table's does."""
    filled = sum(map(bool, row))
    return filled <= max(1, width // 2) or (filled == _NAME_AND_VALUE < width and not any(row[_NAME_AND_VALUE:]))


def is_header(first: Row, others: Sequence[Row]) -> bool:
    """Return whether a first row holds names: it differs from the rows below in kind, and repeats none of their values.

    Args:
        first: the row in question.
        others: the rows below it that are as wide as most.
    """
    return not others or _comes_whole(first, others) or _votes(first, others) >= 0


def _comes_whole(first: Row, others: Sequence[Row]) -> bool:
    """Return whether a row comes again, and none of its cells without the others, as where tables were put together."""
    again = sum(row == first for row in others)
    return again > 0 and all(
        sum(row[place] == cell for row in others) == again for place, cell in enumerate(first) if cell
    )


def _votes(first: Row, others: Sequence[Row]) -> float:
    columns = zip(*(row[: len(first)] for row in others if len(row) >= len(first)), strict=False)
    return sum(_vote(cell.strip(), column) for cell, column in zip(first, columns, strict=False))


def names_no_rows(header: Row, rows: Sequence[Row]) -> bool:
    """Return whether the rows begin with numbers of theirs, as R writes them without a name above.

    A header that begins with a name of numbers ("id") has one for them; rows are then wider for another reason.
    """
    names = [row[0] for row in rows]
    if not names or any(len(row) != len(header) + 1 for row in rows):
        return False
    is_named = label_points(header[0]) is None and not all(row[1].isdigit() for row in rows)
    return not is_named and all(map(str.isdigit, names)) and len(set(names)) == len(names)


def _vote(cell: str, column: Sequence[str]) -> float:
    """Return how much likelier a cell is as a name than as one more of the cells below it (natural logarithm)."""
    filled = [other.strip() for other in column if other and not other.isspace()]
    if not cell or not filled:
        return 0.0
    counts = Counter(filled)
    again = counts[cell]
    if is_usual_name(cell):
        return _USUAL if again < _REPEATED else 0.0
    by_kind = _vote_by_kind(_kind(cell), _kind_of_most(counts, len(filled)), again=again > 0)
    if by_kind is not None:
        return by_kind
    if again or len(counts) <= len(filled) / 3:
        return _vote_by_values(cell, counts, len(filled))
    return _vote_by_looks(cell, filled[:: len(filled) // _LOOKED_AT + 1])


def _vote_by_kind(kind: str | None, usual: str | None, *, again: bool) -> float | None:
    """Return the vote of a cell that is no words, or stands above such cells; None where its kind says nothing."""
    if (kind is None and usual is None) or kind == usual == "name":
        return None
    if kind not in (None, "name") and usual is None:  # as "1" is above "2", "2, 4" and the like
        return None if again else 0.0
    return -_OTHER_KIND if kind == usual else _OTHER_KIND


def _vote_by_values(cell: str, counts: Counter[str], total: int) -> float:
    """Return the vote of a cell that is a value of its column, or stands above one of few values."""
    again, are_few = counts[cell], len(counts) <= total / 3
    if again >= _REPEATED and are_few:
        return math.log(_NAME_COMES_AGAIN * total / again)
    if again:
        return -_OTHER_KIND * (2 if " " in cell else 1)
    new = (sum(count == 1 for count in counts.values()) + 0.5) / (total + 1)
    return -math.log(new)  # how likely a new value is: A. M. Turing's estimate, in I. J. Good (1953)


def _vote_by_looks(cell: str, texts: Sequence[str]) -> float:
    looks = list(map(_looks, texts))
    vote = 0.0
    for feature, value in enumerate(_looks(cell)):
        share = (sum(look[feature] == value for look in looks) + 0.5) / (len(looks) + 1)
        vote += math.log(_NAMES_LOOK[feature][value] / share)
    return vote


def _looks(cell: str) -> tuple[int, int, int, int]:
    """Return places in ``_NAMES_LOOK``: by characters, words, the first character and the last."""
    words = min(cell.count(" ") + 1, 9)
    initial = 0 if cell[:1].islower() else 1 if cell[:1].isalpha() else 2
    return bisect(_LENGTHS, len(cell)), bisect((1, 3), words - 1), initial, int(bool(_SENTENCE_END.search(cell)))


def _kind(cell: str) -> str | None:
    """Return what a cell is if not words: a number, a name such as programs use, or the pattern of a date or id."""
    if _NUMBER.fullmatch(cell):
        return "number"
    if _IDENTIFIER.fullmatch(cell):
        return "name"
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
    """Return how many first rows are comments; the last of them may name the columns, and is then the header."""
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
    """Return a header that begins like a comment, as it was meant."""
    bare = row[0].lstrip()
    mark = next((mark for mark in _COMMENT if bare.startswith(mark)), "")
    return [bare.removeprefix(mark).lstrip(), *row[1:]] if mark and bare != mark else row


def _is_gap(rows: Sequence[Row], start: int, width: int) -> bool:
    """Return whether the first rows are examples with gaps: as wide as the table, and more of the like below."""
    return all(len(row) == width for row in rows[:start]) and any(sum(map(bool, row)) <= 1 for row in rows[start + 1 :])
