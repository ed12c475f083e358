"""spaCy and its relatives: an object that holds true or false (1 or 0) for each label, or objects with a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertdemo.data.annotation.answers import single
from bertdemo.data.layout import Layout, Record, Records

_NAMES = ("cats", "label", "labels", "categories", "classes")
_MARKS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def wrote(row: Record) -> bool:
    """Return whether a row holds a text with such an object, or with a list of objects that name a label each."""
    return isinstance(row.get("text"), str) and _name(row) is not None


def read(rows: Sequence[Record]) -> Records:
    """Return rows with the labels that hold, one as itself and several as a list."""
    name = _name(rows[0]) or ""
    return Records([{**row, name: _holding(row.get(name))} for row in rows], Layout({"label": name}))


def _name(row: Record) -> str | None:
    return next((name for name in _NAMES if _are_marks(row.get(name)) or _are_named(row.get(name))), None)


def _are_marks(value: Any) -> bool:
    return isinstance(value, dict) and len(value) > 1 and all(str(mark).casefold() in _MARKS for mark in value.values())


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(_label_of, value))


def _label_of(entry: Any) -> str | None:
    """Return the label that an object names, unless it is about a part of the text."""
    if not isinstance(entry, dict) or "start" in entry or "start_offset" in entry:
        return None
    return next((entry[key] for key in ("label", "name") if isinstance(entry.get(key), str)), None)


def _holding(held: Any) -> Any:
    if _are_marks(held):
        return single([label for label, mark in held.items() if _MARKS[str(mark).casefold()]])
    return single(list(map(_label_of, held))) if _are_named(held) else held
