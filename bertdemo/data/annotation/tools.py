"""Which annotation tool wrote these rows, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from bertdemo.data.annotation import argilla, categories, doccano, kili, label_studio, labelbox, prodigy, services
from bertdemo.data.layout import Layout, Record, Records

_SAMPLE = 1_000  # rows that must all be of the tool
_Read = Callable[[Sequence[Record]], Records]

# Whether a row is of the tool → what its rows mean; the more particular first.
_TOOLS: tuple[tuple[Callable[[Record], bool], _Read], ...] = (
    (label_studio.wrote_task, label_studio.read_tasks),
    (label_studio.wrote_short, label_studio.read_short),
    (argilla.wrote, argilla.read),
    (prodigy.wrote, prodigy.read),
    (services.wrote_manifest, services.read_manifest),
    (services.wrote_vertex, services.read_vertex),
    (labelbox.wrote, labelbox.read),
    (kili.wrote, kili.read),
    (doccano.wrote, doccano.read),
    (categories.wrote, categories.read),
)
# The same of tables of columns, by the names of these; the rows that say otherwise are of no tool.
_TABLES: tuple[tuple[Callable[[Sequence[str]], bool], Callable[[Record], bool] | None, _Read], ...] = (
    (label_studio.wrote_short, None, label_studio.read_short),
    (argilla.wrote_columns, None, argilla.read),
    (doccano.wrote_table, None, doccano.read_table),
    (prodigy.wrote_columns, prodigy.wrote, prodigy.read),
)


def is_task(row: Any) -> bool:
    """Return whether one row by itself is of an annotation tool."""
    return isinstance(row, dict) and any(wrote(row) for wrote, _ in _TOOLS)


def as_examples(found: Records) -> Records:
    """Return rows as their tool means them, or as they are if it is none of the known ones."""
    sample = found.rows[:_SAMPLE]
    for wrote, read in _TOOLS:
        if sample and all(map(wrote, sample)):
            return _joined(found.layout, read(found.rows))
    return found


def table_as_examples(header: Sequence[str], rows: Iterable[Sequence[Any]], max_rows: int) -> Records | None:
    """Return rows of a table of columns as their tool means them; None if it is none of the known ones.

    The rows are gone over only if the header is of a tool.
    """
    for wrote, wrote_row, read in _TABLES:
        if wrote(header) and len(set(header)) == len(header):
            records = [dict(zip(header, row, strict=False)) for row in islice(rows, max_rows + 1)]
            return read(records) if wrote_row is None or all(map(wrote_row, records)) else Records(records)
    return None


def _joined(layout: Layout, found: Records) -> Records:
    columns = {**layout.columns, **found.layout.columns}
    return Records(found.rows, Layout(columns, (*layout.notes, *found.layout.notes)))
