"""Answers on disk: ``answers.parquet`` holds logits and labels of the validation and the test part, and no texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bertdemo.evaluation.metrics import Answered, Answers
from bertdemo.runs.records import DataCard

_PARTS = ("validation", "test")


def write_answers(answers: Answers, path: Path) -> None:
    """Write ``answers`` so that ``read_answers`` gives them back exactly.

    Raises:
        OSError: the disk does not let it.
    """
    import pyarrow as pa
    import pyarrow.parquet

    parts = (answers.validation, answers.test)
    logits = np.concatenate([part.logits for part in parts]).astype(np.float32)
    columns = {
        "part": pa.array([name for name, part in zip(_PARTS, parts, strict=True) for _ in range(len(part))]),
        "truth": pa.array(np.concatenate([part.truth for part in parts]), pa.int32()),
        "baseline": pa.array([None] * len(answers.validation) + answers.baseline.tolist(), pa.int32()),
        "logits": pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), logits.shape[1]),
    }
    pyarrow.parquet.write_table(pa.table(columns), path, compression="zstd")


def read_answers(path: Path, card: DataCard) -> Answers:
    """Return the answers that ``write_answers`` wrote.

    Raises:
        OSError, ValueError, LookupError, TypeError: the file is no such file, or of other data than ``card`` tells.
    """
    import pyarrow as pa
    import pyarrow.parquet

    # Not read_table: it imports the whole of pyarrow.dataset for one small file.
    table = pyarrow.parquet.ParquetFile(path).read()
    parts = np.array(table["part"].to_pylist())
    rows = {name: np.flatnonzero(parts == name) for name in _PARTS}
    truth = _labels(table["truth"].to_numpy(), card)
    rows_of_logits = table["logits"].cast(pa.list_(pa.float32(), len(card.label_names))).combine_chunks()
    logits = rows_of_logits.flatten().to_numpy().reshape(len(table), len(card.label_names))
    if [len(rows[name]) for name in _PARTS] != [card.n_validation, card.n_test] or not np.isfinite(logits).all():
        raise ValueError("these are the answers to other texts")
    validation, test = (Answered(truth[rows[name]], logits[rows[name]]) for name in _PARTS)
    return Answers(validation, test, _labels(table["baseline"].to_numpy()[rows["test"]], card))


def _labels(values: Any, card: DataCard) -> Any:
    """Whole numbers (a column with gaps comes as floats, and a gap among them is no label)."""
    if not np.isin(values, np.arange(len(card.label_names))).all():
        raise ValueError("a label has no name")
    return values.astype(np.int64)
