"""The result of a job as a file: the table as it came, and the predictions in columns of their own at its end.

It is written chunk by chunk, so that memory does not grow with the table.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertdemo.data.tables.cells import harmless
from bertdemo.drafts import drafted
from bertdemo.jobs.folder import NO_LABEL, JobFolder, PredictedChunk
from bertdemo.jobs.records import Format
from bertdemo.tasks.failures import storage

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+)([eE][+-]?[0-9]+)?%?")


def write_result(folder: JobFolder, kind: Format, path: Path) -> None:
    """Write all rows of a finished job to ``path``, which appears whole or not at all.

    Raises:
        RunError: the job is damaged.
        StorageError: the disk is full or read-only.
    """
    write = {"csv": _write_csv, "parquet": _write_parquet, "jsonl": _write_jsonl}[kind]
    with storage(path.parent), drafted(path) as draft:
        write(draft, _tables(folder))


def added_names(taken: Iterable[str], label_names: Iterable[str]) -> list[str]:
    """Return names of the columns of predictions, none of which is one of ``taken``.

    A second one is called "name (2)".
    """
    names = set(taken)
    added = []
    for plain in ("predicted_label", "confidence", *(f"prob_{label}" for label in label_names), "unknown_share"):
        name, number = plain, 2
        while name in names:
            name, number = f"{plain} ({number})", number + 1
        names.add(name)
        added.append(name)
    return added


def _tables(folder: JobFolder) -> Iterator[pa.Table]:
    """Yield the whole result, one chunk after the other; there is at least one."""
    label_names = folder.card.label_names
    for chunk, table in enumerate(folder.tables()):
        names = added_names(table.column_names, label_names)
        for name, column in zip(names, _columns(folder.part(chunk), label_names), strict=True):
            table = table.append_column(name, column)  # noqa: PLW2901 - the same table, wider
        yield table


def _columns(part: PredictedChunk, label_names: tuple[str, ...]) -> Iterator[pa.Array]:
    """Yield label, confidence, a probability for each label and the share unknown; nothing where a row had no text."""
    import pyarrow as pa

    empty = part.labels == NO_LABEL
    yield pa.array([None if label == NO_LABEL else label_names[label] for label in part.labels.tolist()], pa.string())
    yield pa.array(part.confidences, mask=empty)
    for place in range(len(label_names)):
        yield pa.array(np.ascontiguousarray(part.probabilities[:, place]), mask=empty)
    yield pa.array(part.unknown, mask=np.isnan(part.unknown))


def _write_parquet(path: Path, tables: Iterator[pa.Table]) -> None:
    import pyarrow.parquet as pq

    first = next(tables)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _write_csv(path: Path, tables: Iterator[pa.Table]) -> None:
    """Texts in quotation marks, numbers without: what separates cells elsewhere (a semicolon) cuts no text in two.

    A text that a spreadsheet would compute gets an apostrophe; one that is a number ("-5.2") is left one.
    """
    header: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        for table in tables:
            if not header:
                header = table.column_names
                writer.writerow([harmless(name) for name in header])
            writer.writerows([_safe(cell) for cell in row] for row in _rows(table))


def _write_jsonl(path: Path, tables: Iterator[pa.Table]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for table in tables:
            names = table.column_names
            for row in _rows(table):
                file.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=str) + "\n")


def _safe(cell: Any) -> Any:
    return cell if isinstance(cell, str) and _NUMBER.fullmatch(cell) else harmless(cell)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(_cells(table.column(name)) for name in table.column_names), strict=True)


def _cells(column: pa.ChunkedArray) -> list[Any]:
    """Python values; 32-bit numbers, as probabilities are, in the shortest digits that tell them from all others."""
    import pyarrow as pa

    values: list[Any] = column.to_pylist()
    if not pa.types.is_float32(column.type):
        return values
    return [None if value is None else float(str(np.float32(value))) for value in values]
