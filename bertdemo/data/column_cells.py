"""What the cells of a column hold: natural text, ids, flags, or labels in any of the ways that tools write them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bertdemo.data.dataset import normalise

if TYPE_CHECKING:
    import pandas as pd

MAX_LABELS = 1_000
_FEW = 20  # so many distinct values are never too many, however few the rows
_NEARLY_ALL = 0.95  # of the cells
_STEPS = 10  # 0.5 to 5 stars; more values with a fraction are a measure
_SAMPLE, _LONGEST_COMBINATION = 2_000, 120  # cells; characters on average
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?", re.IGNORECASE)
_FRACTION = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*(e[+-]?\d+)?", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*(https?://|www\.|[\w.+-]+@[\w-]+\.)\S*\s*", re.IGNORECASE)
_TRUTHS = ({"1", "0"}, {"true", "false"}, {"x", ""}, {"yes", "no"}, {"1.0", "0.0"}, {"y", "n"}, {"1", ""}, {"✓", ""})
POSITIVE = frozenset(("1", "true", "x", "yes", "1.0", "y", "✓"))
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


def filled(column: pd.Series[str]) -> pd.Series[str]:
    """Return the cells that hold more than blanks, stripped."""
    cells = column.dropna().astype(str).str.strip()
    return cells[cells != ""]


def label_problem(column: pd.Series[str]) -> str | None:
    """Return why a column cannot hold the labels, to go on a sentence after its name; None if it can."""
    cells = filled(column)
    values = cells.unique()
    distinct = len(values)
    if distinct == 0:
        return "is empty"
    if distinct == 1:
        return f"holds the single label {str(cells.iloc[0])[:40]!r}, and a classifier needs at least two"
    nested = nested_problem(column)
    if nested is not None:
        return nested
    if distinct > _STEPS and is_measure(column):
        return f"holds {distinct:,} different numbers with fractions and is a measure, not labels"
    if (distinct > MAX_LABELS or (distinct > _FEW and distinct > len(cells) / 2)) and not _combine(cells):
        most = f" (there can be {MAX_LABELS:,})" if distinct > MAX_LABELS else ""
        return f"has {distinct:,} values in {len(cells):,} rows and looks like texts or ids, not labels{most}"
    return None


def nested_problem(column: pd.Series[str]) -> str | None:
    """Return why the lists or objects in the cells are no labels, as ``label_problem``; None where there are none."""
    values = [str(value) for value in filled(column).unique()]
    if are_vectors(values):
        what, unsaid = "a list with a place for each label", "which label each place means"
    elif values and are_records(values):
        what, unsaid = "an object in each row", "which label is meant"
    else:
        return None
    return f"holds {what}, such as {values[0][:40]}, and nothing says {unsaid}"


def _combine(cells: pd.Series[str]) -> bool:
    """Return whether the many values are few labels, several of which stand in a row."""
    values = cells.head(_SAMPLE)
    if mean_length(values) > _LONGEST_COMBINATION:
        return False
    labels = read_cells(Counter(values))
    distinct = {label.casefold() for found in labels.values() for label in found}
    return len(distinct) <= min(MAX_LABELS, max(_FEW, len(labels) / 2)) and any(len(row) > 1 for row in labels.values())


def is_measure(column: pd.Series[str]) -> bool:
    """Return whether nearly all values are numbers, many of them with a fraction."""
    values = filled(column).unique()
    numbers = sum(bool(_NUMBER.fullmatch(value)) for value in values)
    fractions = sum(bool(_FRACTION.fullmatch(value)) for value in values)
    return numbers >= 0.95 * len(values) and fractions > _STEPS / 2


def flag_values(column: pd.Series[str]) -> frozenset[str] | None:
    """Return the two values of a column of flags (1 and 0, TRUE and FALSE, x and blank), or None for any other column.

    Hardly any cell may be blank beside both of them.
    """
    cells = column.fillna("").astype(str).str.strip().str.casefold()
    values = set(cells.unique())
    if {""} < values and not values <= POSITIVE | {""} and (cells == "").mean() <= 1 - _NEARLY_ALL:
        values.discard("")
    return next((frozenset(pair) for pair in _TRUTHS if values <= pair and values & POSITIVE), None)


def is_numeric(column: pd.Series[str]) -> bool:
    """Return whether every value is a number."""
    return all(_NUMBER.fullmatch(value) for value in filled(column).unique())


def is_text(column: pd.Series[str]) -> bool:
    """Return whether most of the cells hold letters, and are neither addresses nor lists or records."""
    cells = filled(column)
    if len(cells) == 0:
        return False
    return bool(cells.map(_is_worded).mean() > 0.5)


def is_coded(column: pd.Series[str]) -> bool:
    """Return whether nearly all cells are one word of ASCII with a digit in it, as ids are."""
    return bool(filled(column).str.fullmatch(r"(?=.*\d)[!-~]+").mean() > _NEARLY_ALL)


def is_prose(column: pd.Series[str]) -> bool:
    """Return whether these are texts of several words, most of them different and filled in."""
    cells = filled(column)
    if len(cells) <= len(column) / 2 or not is_text(column):
        return False
    unspaced = mean_length(cells) > 8 and cells.map(str.isascii).mean() < 0.5  # Chinese, Japanese, Thai
    return bool(unspaced or cells.str.contains(r"\s").mean() > 0.5) and cells.nunique() > max(2, len(cells) / 4)


def mean_length(column: pd.Series[str]) -> float:
    """Return characters of a filled cell, on average."""
    lengths = column.dropna().str.len()
    return float(lengths.mean()) if len(lengths) else 0.0


def tell_the_same(one: pd.Series[str], other: pd.Series[str]) -> bool:
    """Return whether two columns divide the rows alike, as numbers of labels and their names do."""
    pairs = one.fillna("").astype(str).str.strip() + "\0" + other.fillna("").astype(str).str.strip()
    distinct: int = pairs.nunique()
    return distinct == one.fillna("").str.strip().nunique() == other.fillna("").str.strip().nunique()


def _is_worded(cell: str) -> bool:
    if cell[0] + cell[-1] in ("[]", "{}"):
        return False
    return any(character.isalpha() for character in cell) and not _ADDRESS.fullmatch(cell)


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
    if not all(_MARKS.fullmatch(cell) or _NUMBERS.fullmatch(cell) for cell in plain):
        return False
    rows = [cell.strip("[]()").replace(",", " ").split() for cell in plain]
    if len(set(map(len, rows))) != 1:
        return False
    return all(map(_MARKS.fullmatch, plain)) or all(1 < len(set(row)) < len(row) for row in rows)


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
