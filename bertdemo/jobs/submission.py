"""What is found out about a job before it is made: whether it can be done, in which pieces, and whether it is new."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from bertdemo.data.columns import refuse_twice, refuse_unknown
from bertdemo.data.tables.cells import as_text
from bertdemo.errors import DataError, RunError
from bertdemo.jobs.records import JobColumns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from bertdemo.runs.records import Run

_BYTES = 130_000  # of text in a piece: a few seconds of work, so that little is lost and a cancel is soon heard
_FEWEST, _MOST = 64, 1024  # rows; many texts at once sort well by length, and fill batches with little padding


def as_table(frame: pd.DataFrame) -> pa.Table:
    """Return the table of a job: columns of one kind each; cells of a column that are of several become texts.

    Raises:
        DataError: there is no row, two columns have one name, or a text is not valid Unicode.
    """
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    if not len(frame):
        raise DataError("The table has no rows: give one with at least one text.")
    if len(set(names)) < len(names):
        raise DataError("Two columns of the table have the same name: rename one of them.")
    try:
        return pa.table([_as_array(frame.iloc[:, place]) for place in range(len(names))], names)
    except UnicodeEncodeError as error:
        raise DataError("A text holds half a character (a lone surrogate): save the file as UTF-8.") from error


def check_columns(table: pa.Table, columns: JobColumns, run: Run) -> None:
    """Refuse what the run cannot read.

    Raises:
        DataError: a column does not exist, or one serves twice.
        RunError: the run was trained on pairs and there are none, or the other way round.
    """
    chosen = (columns.text, columns.pair, columns.label)
    refuse_unknown(chosen, table.column_names)
    refuse_twice(chosen)
    if run.data.has_pairs and columns.pair is None:
        raise RunError(f"The run {run.id} was trained on pairs of texts: choose a column of second texts, too.")
    if columns.pair is not None and not run.data.has_pairs:
        raise RunError(f"The run {run.id} was trained on single texts: leave out the column of second texts.")


def chunk_rows(table: pa.Table, columns: JobColumns) -> int:
    """Return how many rows to predict and keep at a time: fewer, the longer the texts are."""
    bytes_of_text = sum(table.column(name).nbytes for name in (columns.text, columns.pair) if name is not None)
    rows: int = _BYTES * table.num_rows // max(bytes_of_text, 1)
    return max(_FEWEST, min(_MOST, rows))


def fingerprint(table: pa.Table, columns: JobColumns, run_id: str, model: str, exact: bool) -> str:
    """Return SHA-256 (hex).

    Equal for the same cells under the same names, predicted by the same model in the same way.
    """
    digest = hashlib.sha256(repr((table.column_names, columns, run_id, model, exact)).encode())
    for batch in table.to_batches(_MOST):
        digest.update(batch.serialize())
    return digest.hexdigest()


def _as_array(column: pd.Series[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowException, OverflowError):
        array = pa.array([as_text(cell) for cell in column], pa.string())
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array
