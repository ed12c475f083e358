"""What the predictions of a job amount to, and which of them to look at first."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.tables.cells import as_text
from bertdemo.jobs.folder import NO_LABEL, JobFolder, PredictedChunk
from bertdemo.jobs.records import Agreement, JobSummary, ReviewRow

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
