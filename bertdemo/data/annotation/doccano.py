"""doccano: lists of labels in JSON, joined with "#" in CSV; in older exports under "annotations"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertdemo.data.annotation.answers import single
from bertdemo.data.layout import Layout, Record, Records
from bertdemo.lines import counted

_CSV = {"id", "text", "label", "Comments"}


def wrote(row: Record) -> bool:
    """Return whether a row is a text with labels of its parts, or of version 1 of the export, with annotations."""
    return isinstance(row.get("text"), str) and (_has_parts(row) or _is_old(row))


def wrote_table(columns: Sequence[str]) -> bool:
    """Return whether a CSV with these columns joins labels with "#"."""
    return set(columns) >= _CSV


def read(rows: Sequence[Record]) -> Records:
    """Return texts with their labels; labels of parts of texts are none of the text."""
    parts = sum(map(_has_parts, rows))
    notes = (f"Without a label, as only parts of them are labelled: {counted(parts, 'text')}.",)
    return Records([_example(row) for row in rows], Layout({"text": "text", "label": "label"}, notes if parts else ()))


def read_table(rows: Sequence[Record]) -> Records:
    """Return rows with joined labels as a list, if each of them stands somewhere by itself ("C#" is one label)."""
    alone = {row["label"] for row in rows if row["label"] and "#" not in row["label"]}
    for row in rows:
        joined = (row["label"] or "").split("#")
        if len(joined) > 1 and alone.issuperset(joined):
            row["label"] = joined
    return Records(list(rows), Layout({"text": "text", "label": "label"}))


def _example(row: Record) -> Record:
    if _has_parts(row):
        return {**row, "label": None}
    if not _is_old(row):
        return row
    labels = list(dict.fromkeys(str(annotation["label"]) for annotation in row["annotations"]))
    return {**{name: value for name, value in row.items() if name != "annotations"}, "label": single(labels)}


def _has_parts(row: Record) -> bool:
    labels = row.get("label")
    return isinstance(labels, list) and len(labels) > 0 and all(map(_is_part, labels))


def _is_part(label: Any) -> bool:
    return isinstance(label, list) and len(label) == 3 and all(str(place).isdigit() for place in label[:2])


def _is_old(row: Record) -> bool:
    held = row.get("annotations")
    return isinstance(held, list) and all(
        isinstance(a, dict) and "label" in a and "start_offset" not in a for a in held
    )
