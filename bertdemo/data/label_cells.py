"""What stands in a cell of labels: one label, none, or several, in any of the ways in which tools write them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bertdemo.data.identity import normalise

Labels = tuple[str, ...]

_LONGEST_LIST = 20_000  # characters
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_NUMBERS = re.compile(r"[\[({]\s*[+-]?\d+(?:\.\d+)?(?:[\s,]+[+-]?\d+(?:\.\d+)?)*[\s,.]*[\])}]")
_MARK = r"(?:[01](?:\.0*)?|true|false)"
_MARKS = re.compile(rf"[\[(]\s*{_MARK}(?:[\s,]+{_MARK})+[\s,]*[\])]", re.IGNORECASE)
_POSTGRES = re.compile(r"""\{(?:[^{}"':,]+|"(?:[^"\\]|\\.)*")(?:,(?:[^{}"':,]+|"(?:[^"\\]|\\.)*"))*\}""")  # an array
_RECORD = re.compile(r"\{.*:.*\}", re.DOTALL)
_ANGLED = re.compile(r"(?!<na>$)(?:<[^<>]+>)+", re.IGNORECASE)  # tags of Stack Overflow: <python><pandas>
_KEYS = ("choices", "choice", "labels", "label", "classes", "class", "values", "value", "category", "name", "title")
# By strong separators, labels may be told that never stand alone; the sure ones hardly ever stand in a name.
# Underscores join the words of a name far more often, so that all names with one must fall apart into others.
_SURE, _STRONG, _WITHIN_NAMES = "|;\n", "|;\n,", "_"
_SEPARATORS = (*"|;\n,/+\t", " - ", " ", "_")
_JOINED = 3  # different cells that underscores join
_DECIMAL = re.compile(r"\d+,(?:0|5|00|25|50|75)")


def read_cells(cells: Mapping[str, int]) -> dict[str, Labels]:
    """Return the labels of each distinct cell.

    A cell is taken apart at a separator only where its parts stand in other cells, too: "Food, drinks" alone is one
    label.

    Args:
        cells: distinct cells, stripped and not empty, and how many rows hold each.
    """
    found: dict[str, Labels] = {}
    plain: dict[str, int] = {}
    for cell, rows in cells.items():
        listed = _list(cell)
        if listed is None:
            plain[cell] = rows
        else:
            found[cell] = listed
    apart = _taken_apart(plain)
    return found | {cell: apart.get(cell, (cell,)) for cell in plain}


def _list(cell: str) -> Labels | None:
    """Return the labels of a list or record, as JSON or as Python writes it; None for any other cell."""
    if _ANGLED.fullmatch(cell):
        return tuple(re.findall(r"<([^<>]+)>", cell))
    if cell[0] not in "[{(" or cell[-1] not in "]})" or len(cell) > _LONGEST_LIST:
        return None
    try:
        return _of_value(json.loads(cell))
    except (ValueError, RecursionError):
        pass
    if _NUMBERS.fullmatch(cell):
        return tuple(re.findall(r"[+-]?\d+(?:\.\d+)?", cell))
    if _POSTGRES.fullmatch(cell):
        return tuple(filter(None, map(str.strip, next(csv.reader([cell[1:-1]], escapechar="\\")))))
    quoted = [first or second for first, second in _QUOTED.findall(cell)]
    rest = _QUOTED.sub("", cell[1:-1])
    return tuple(filter(str.strip, quoted)) if not rest.strip(" ,\n\t") else None


def _of_value(value: Any) -> Labels | None:
    """Return the labels in a value of JSON; None where there is something else in it, such as marked characters."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return _of_record(value)
    if not isinstance(value, list):
        text = str(value).strip()
        return (text,) if text else ()
    if any(isinstance(each, list) for each in value):
        return None
    found = [_of_value(each) for each in value]
    return None if None in found else tuple(label for labels in found for label in labels or ())


def _of_record(record: dict[str, Any]) -> Labels | None:
    key = next((key for key in _KEYS if key in record), None)
    if key is not None:
        return _of_value(record[key])
    if record and all(isinstance(value, int | float) and 0 <= value <= 1 for value in record.values()):
        return tuple(label for label, share in record.items() if share >= 0.5)  # spaCy's {"POS": 1.0, "NEG": 0.0}
    if len(record) == 1 and isinstance(value := next(iter(record.values())), str):  # {"sentiment": "positive"}
        return _of_value(value)
    return None if record else ()


def are_vectors(cells: Sequence[str]) -> bool:
    """Return whether every cell has a place for each label, with a mark, a count or a share: which label is not said.

    The labels of a row are all different, and raters who were asked one by one agree in some rows; counts of votes and
    shares of them repeat in every row, but never fill it with one number.
    """
    plain = [re.sub("[\"']", "", cell) for cell in cells]
    if not all(map(_are_numbers, plain)):
        return False
    rows = [cell.strip("[]()").replace(",", " ").split() for cell in plain]
    if len(set(map(len, rows))) != 1:
        return False
    return all(map(_MARKS.fullmatch, plain)) or all(1 < len(set(row)) < len(row) for row in rows)


def _are_numbers(cell: str) -> bool:
    return bool(_MARKS.fullmatch(cell) or _NUMBERS.fullmatch(cell))


def are_records(cells: Sequence[str]) -> bool:
    """Return whether every cell holds an object, and some of these no labels that can be told.

    Votes, {"yes": 2, "no": 1}.
    """
    return all(map(_RECORD.fullmatch, cells)) and any(_list(cell) is None for cell in cells)


def _taken_apart(cells: Mapping[str, int]) -> dict[str, Labels]:
    """Return the parts of those cells that hold several labels, or one with a separator left over."""
    names = {normalise(cell) for cell in cells}
    found: dict[str, Labels] = {}
    for separator in _SEPARATORS:
        fewest = 1 if separator in _STRONG else 2  # "a|" has one left over; "c++" is a name
        candidates = (cell for cell in cells if separator in cell and cell not in found and cell.casefold() != "n/a")
        composed = {cell: parts for cell in candidates if len(parts := _parts(cell, separator)) >= fewest}
        if separator == "," and all(_DECIMAL.fullmatch(cell) for cell in composed):
            continue
        if len(composed) == len(cells) and _is_hierarchy(composed.values()):
            continue
        occurring = Counter(normalise(part) for parts in composed.values() for part in set(parts))
        known = names | {part for part, cells_with in occurring.items() if separator in _STRONG and cells_with > 1}
        sure = {cell: parts for cell, parts in composed.items() if all(normalise(part) in known for part in parts)}
        rows, sure_rows = (sum(map(cells.__getitem__, each)) for each in (composed, sure))
        if (separator in _SURE and sure) or (separator in _STRONG and sure_rows >= rows / 2):
            sure = composed
        if separator in _WITHIN_NAMES and (len(sure) < len(composed) or len(sure) < _JOINED):
            continue
        found |= sure
    return found


def _is_hierarchy(rows: Iterable[Labels]) -> bool:
    """Return whether each part always stands at the same level, as in "Home|Garden" and "Home|Kitchen"."""
    levels: dict[str, set[int]] = defaultdict(set)
    for parts in rows:
        for level, part in enumerate(parts):
            levels[normalise(part)].add(level)
    return all(len(each) == 1 for each in levels.values())


def _parts(cell: str, separator: str) -> Labels:
    return tuple(part for part in map(str.strip, cell.split(separator)) if part)
