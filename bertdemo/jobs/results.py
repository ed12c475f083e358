"""What the predictions of a job amount to, and its result as a file: the table, and the predictions at its end.

The file is written chunk by chunk, so that memory does not grow with the table.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.tables.cells import as_text, harmless
from bertdemo.drafts import drafted
from bertdemo.jobs.folder import NO_LABEL, JobFolder, PredictedChunk
from bertdemo.jobs.records import Agreement, Format, JobSummary, ReviewRow
from bertdemo.tasks.failures import storage

if TYPE_CHECKING:
    import pyarrow as pa

_MOSTLY = 0.5  # of the tokens of a text


def summarise(folder: JobFolder, threshold: float) -> JobSummary:
    """Count the rows that are done; ``threshold`` is the confidence below which an answer is "not sure".

    Raises:
        RunError: the job is damaged.
    """
    parts = {chunk: folder.part(chunk) for chunk in sorted(folder.done())}
    names = folder.card.label_names
    labels = _joined([part.labels for part in parts.values()], np.int32)
    confidences = _joined([part.confidences for part in parts.values()], np.float32)[labels != NO_LABEL]
    counts = np.bincount(labels[labels != NO_LABEL], minlength=len(names)).tolist()
    seconds = sum(part.seconds for part in parts.values())
    return JobSummary(
        rows=len(labels),
        empty=int((labels == NO_LABEL).sum()),
        counts=tuple(zip(names, counts, strict=True)),
        mean_confidence=float(confidences.mean()) if len(confidences) else None,
        threshold=threshold,
        below=int((confidences < threshold).sum()),
        cut=sum(part.cut for part in parts.values()),
        seconds=seconds,
        texts_per_second=len(confidences) / seconds if seconds else None,
        precision=" and ".join(sorted({part.precision for part in parts.values()})),
        agreement=_agreement(folder, parts),
        mostly_unknown=int(_joined([part.unknown > _MOSTLY for part in parts.values()], np.bool_).sum()),
    )


def least_confident(folder: JobFolder, n: int) -> tuple[ReviewRow, ...]:
    """Return the ``n`` rows that are done whose label is the least probable, the least first.

    Equals in the table's order.

    Raises:
        RunError: the job is damaged.
    """
    size = folder.card.chunk
    parts = {chunk: folder.part(chunk) for chunk in sorted(folder.done())}
    rows = _joined([chunk * size + np.arange(len(part.labels)) for chunk, part in parts.items()], np.int64)
    confidences = _joined([part.confidences for part in parts.values()], np.float32)
    order = np.argsort(np.where(np.isnan(confidences), np.inf, confidences), kind="stable")[:n]
    chosen = [int(rows[place]) for place in order if not np.isnan(confidences[place])]
    texts = {chunk: folder.texts(chunk) for chunk in {row // size for row in chosen}}
    return tuple(_review(folder, row, parts[row // size], texts[row // size]) for row in chosen)


def _review(folder: JobFolder, row: int, part: PredictedChunk, texts: tuple[list[str], list[str] | None]) -> ReviewRow:
    place, (firsts, seconds) = row % folder.card.chunk, texts
    label, pair = folder.card.label_names[part.labels[place]], seconds[place] if seconds is not None else None
    return ReviewRow(row + 1, firsts[place], pair, label, float(part.confidences[place]))


def _agreement(folder: JobFolder, parts: dict[int, PredictedChunk]) -> Agreement | None:
    """Return predictions against the right labels, where the table has them.

    Spellings of one label count as that label.
    """
    from bertdemo.data.column_cells import read_cells
    from bertdemo.data.labels import is_blank, label_key
    from bertdemo.evaluation.metrics import accuracy, macro_f1

    column = folder.card.columns.label
    if column is None:
        return None
    names = folder.card.label_names
    number = {label_key(name): i for i, name in enumerate(names)} | {name: i for i, name in enumerate(names)}
    cells = [as_text(cell) for chunk in parts for cell in folder.table(chunk, [column]).column(column).to_pylist()]
    rows = [(cell or "").strip() for cell in cells]
    read = read_cells(Counter(row for row in rows if row and label_key(row) not in number))  # lists of one, mostly
    truth: list[int] = []
    predicted: list[int] = []
    unknown: Counter[str] = Counter()
    for row, label in zip(rows, _joined([part.labels for part in parts.values()], np.int32).tolist(), strict=True):
        found = read.get(row, (row,))
        only = found[0] if len(found) == 1 else ""
        known = number.get(only, number.get(label_key(only)))
        if known is not None and label != NO_LABEL:
            truth.append(known)
            predicted.append(label)
        elif known is None and found and not is_blank(row):
            unknown[row] += 1
    n, others = unknown.total(), tuple(label for label, _ in unknown.most_common())
    if not truth:
        return Agreement(0, n, None, None, others)
    return Agreement(len(truth), n, accuracy(truth, predicted), macro_f1(truth, predicted), others)


def _joined(arrays: list[NDArray[np.generic]], dtype: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype)


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
