"""What the cells of a column look like: labels, 0/1 flags, natural text, or something else."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bertdemo.data.label_cells import are_records, are_vectors, read_cells

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
