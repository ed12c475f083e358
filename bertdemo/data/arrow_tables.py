"""Parquet → header and rows."""

from __future__ import annotations

import io
from typing import Any

from bertdemo.data.cells import Cell, Table, as_text, refuse_bomb, refuse_more_rows
from bertdemo.errors import DataError

_BATCH = 256  # rows; a repeated text is packed once, so only reading tells how large a table is


def read_parquet(name: str, content: bytes, max_rows: int, cell: Cell = as_text) -> Table:
    """Columns of texts, numbers and truth values; nested ones as JSON.

    Raises:
        DataError: it is no Parquet file, is damaged, or holds far more than its size allows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        refuse_more_rows(name, file.metadata.num_rows, max_rows)
        columns: list[list[Any]] = [[] for _ in file.schema_arrow.names]
        unpacked = 0
        for batch in file.iter_batches(batch_size=_BATCH):
            unpacked += batch.nbytes
            refuse_bomb(name, content, unpacked)
            for column, values in zip(columns, batch.columns, strict=True):
                column.extend(cell(value) for value in values.to_pylist())
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is not a readable Parquet file: export it again.") from error
    return list(file.schema_arrow.names), zip(*columns, strict=True)
