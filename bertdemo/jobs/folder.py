"""The job folder: the table, the predictions so far, and the only code that reads or writes them.

``input.parquet`` is the table as it was read, in row groups of as many rows as are predicted at a time. Each of them
has a file in ``parts`` once it is predicted, which appears whole or not at all: what is there need not be done again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo import drafts
from bertdemo.jobs.records import Format, JobCard
from bertdemo.tasks.failures import storage
from bertdemo.tasks.folder import drafted
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.resumable import ResumableTaskFolder

if TYPE_CHECKING:
    import pyarrow as pa

NO_LABEL = -1


@dataclass(frozen=True)
class PredictedChunk:
    """The predictions of one chunk: labels (rows,), which index the label names, and probabilities (rows, labels).

    Rows without a text that can be read have the label -1 and NaN for probabilities. ``unknown`` (rows,) is the share
    of a text's tokens that the model does not know, NaN where there are none or an older version kept the part.
    ``seconds`` of predicting, ``cut`` texts.
    """

    labels: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    unknown: NDArray[np.float32]
    seconds: float
    cut: int
    precision: str

    @property
    def confidences(self) -> NDArray[np.float32]:
        """Probability of the predicted label (rows,); NaN where there is none."""
        best: NDArray[np.float32] = self.probabilities[np.arange(len(self.labels)), np.maximum(self.labels, 0)]
        return best


class JobFolder(ResumableTaskFolder):
    """One job on disk.

    Every reading method raises ``RunError`` where its file is missing or damaged; every writing method raises
    ``StorageError`` where the disk does not let it.
    """

    kind = "job"
    card_name = "job.json"
    part_ending = "parquet"

    @property
    def input_path(self) -> Path:
        return self.path / "input.parquet"

    def result_path(self, kind: Format) -> Path:
        return self.path / f"result.{kind}"

    @classmethod
    def create(cls, path: Path, table: pa.Table, card: JobCard) -> JobFolder:
        """Write everything a worker needs; the folder appears under its name complete or not at all."""
        with drafted(path) as draft:
            folder = cls(draft)
            with storage(path.parent):
                (draft / "parts").mkdir()
                _write_table(table, folder.input_path, card.chunk)
            folder._write_json("job.json", asdict(card))
            folder.write_status(Status(State.QUEUED, "Waiting for its turn.", card.created, steps=card.rows))
        return cls(path)

    @cached_property
    def card(self) -> JobCard:
        """What the job was asked to do."""
        card = self._read_record(JobCard, "job.json")
        if card.rows < 1 or card.chunk < 1:
            raise self._damaged("job.json")
        return card

    def chunks(self) -> int:
        """Return of how many chunks the job consists."""
        return -(-self.card.rows // self.card.chunk)

    def rows_of(self, chunk: int) -> int:
        return min(self.card.chunk, self.card.rows - chunk * self.card.chunk)

    def table(self, chunk: int, columns: list[str] | None = None) -> pa.Table:
        """Return the rows of one chunk of the table, all columns or some."""
        with self._input() as file:
            return self._row_group(file, chunk, columns)

    def tables(self) -> Iterator[pa.Table]:
        """Yield the table, one chunk after the other."""
        with self._input() as file:
            for chunk in range(self.chunks()):
                yield self._row_group(file, chunk, None)

    def texts(self, chunk: int) -> tuple[list[str], list[str] | None]:
        """Return texts and second texts of one chunk; an empty cell is an empty text."""
        columns = self.card.columns
        names = [columns.text] if columns.pair is None else [columns.text, columns.pair]
        table = self.table(chunk, names)
        texts = [_as_texts(table.column(name)) for name in names]
        return texts[0], texts[1] if columns.pair is not None else None

    def write_part(self, chunk: int, part: PredictedChunk) -> None:
        """Keep the predictions of one chunk: a reader sees all of them or none."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        labels = part.probabilities.shape[1]
        flat = _as_column(pa.float32(), np.ascontiguousarray(part.probabilities, np.float32).reshape(-1))
        columns = {
            "label": _as_column(pa.int32(), np.ascontiguousarray(part.labels, np.int32)),
            "probabilities": pa.FixedSizeListArray.from_arrays(flat, labels),
            "unknown": _as_column(pa.float32(), np.ascontiguousarray(part.unknown, np.float32)),
        }
        about = {"seconds": repr(part.seconds), "cut": str(part.cut), "precision": part.precision}
        with storage(self.path), drafts.drafted(self.part_path(chunk)) as draft:
            pq.write_table(pa.table(columns).replace_schema_metadata(about), draft)

    def part(self, chunk: int) -> PredictedChunk:
        """Return the predictions of one chunk."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.part_path(chunk)
        try:
            with pq.ParquetFile(path) as file:
                table = file.read()
            labels = table.column("label").to_numpy().astype(np.int32)
            flat = table.column("probabilities").combine_chunks().flatten().to_numpy(zero_copy_only=False)
            about = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
            if len(labels) != self.rows_of(chunk):
                raise ValueError("a part of another length")
            probabilities = flat.reshape(len(labels), -1)
            is_kept = "unknown" in table.column_names
            unknown = table.column("unknown").to_numpy() if is_kept else np.full(len(labels), np.nan, np.float32)
            return PredictedChunk(
                labels, probabilities, unknown, float(about["seconds"]), int(about["cut"]), about["precision"]
            )
        except (OSError, ValueError, LookupError, pa.ArrowException) as error:
            raise self._damaged(f"parts/{path.name}") from error

    def rows_done(self) -> int:
        """Return rows that are predicted and kept."""
        return sum(self.rows_of(chunk) for chunk in self.done())

    def so_far(self) -> str:
        return f"{self.rows_done():,} of {self.card.rows:,} rows"

    def _input(self) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(self.input_path)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged("input.parquet") from error

    def _row_group(self, file: Any, chunk: int, columns: list[str] | None) -> pa.Table:
        import pyarrow as pa

        try:
            table = file.read_row_group(chunk, columns=columns)
            if table.num_rows != self.rows_of(chunk):
                raise ValueError("a row group of another length")
        except (OSError, ValueError, LookupError, pa.ArrowException) as error:
            raise self._damaged("input.parquet") from error
        return table


def _write_table(table: pa.Table, path: Path, chunk: int) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, row_group_size=chunk)


def _as_column(kind: pa.DataType, values: NDArray[Any]) -> pa.Array:
    """Return ``values`` as they lie in memory.

    ``pa.array`` would import pandas, 40 MB, to see whether they are a series.
    """
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _as_texts(column: pa.ChunkedArray) -> list[str]:
    from bertdemo.data.tables.cells import as_text

    return [as_text(cell) or "" for cell in column.to_pylist()]
