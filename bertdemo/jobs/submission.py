"""What is found out about a job before it is made: whether it can be done, in which pieces, and whether it is new."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from bertdemo.data.columns import listed
from bertdemo.errors import DataError, RunError
from bertdemo.jobs.records import JobColumns
from bertdemo.runs.failures import storage

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.runs.records import Run

_CHARACTERS = 120_000  # in a piece: a few seconds of work, so that little is lost and a cancel is soon heard
_FEWEST, _MOST = 64, 1024  # rows; many texts at once sort well by length, and fill batches with little padding


def check_columns(frame: pd.DataFrame, columns: JobColumns, run: Run) -> None:
    """Refuse what the run cannot read.

    Raises:
        DataError: there is no row, a column does not exist, or one serves twice.
        RunError: the run was trained on pairs and there are none, or the other way round.
    """
    names = [str(name) for name in frame.columns]
    if not len(frame):
        raise DataError("The table has no rows: give one with at least one text.")
    if len(set(names)) < len(names):
        raise DataError("Two columns of the table have the same name: rename one of them.")
    chosen = [name for name in (columns.text, columns.pair, columns.label) if name is not None]
    for name in chosen:
        if name not in names:
            raise DataError(f"There is no column {name!r}: choose one of {listed(names)}.")
    if len(set(chosen)) < len(chosen):
        raise DataError("The same column was chosen twice: texts, second texts and labels need a column each.")
    if run.data.has_pairs and columns.pair is None:
        raise RunError(f"The run {run.id} was trained on pairs of texts: choose a column of second texts, too.")
    if columns.pair is not None and not run.data.has_pairs:
        raise RunError(f"The run {run.id} was trained on single texts: leave out the column of second texts.")


def chunk_rows(frame: pd.DataFrame, columns: JobColumns) -> int:
    """How many rows to predict and keep at a time: fewer, the longer the texts are."""
    chosen = [name for name in (columns.text, columns.pair) if name is not None]
    characters = sum(int(frame[name].astype(str).str.len().sum()) for name in chosen)
    return max(_FEWEST, min(_MOST, _CHARACTERS * len(frame) // max(characters, 1)))


def fingerprint(frame: pd.DataFrame, columns: JobColumns, run_id: str, model: str, exact: bool) -> str:
    """SHA-256 (hex): equal for the same cells under the same names, predicted by the same model in the same way."""
    import pandas as pd

    digest = hashlib.sha256(repr((list(frame.columns), columns, run_id, model, exact)).encode("utf-8", "surrogatepass"))
    for name in frame.columns:
        cells = frame[name] if frame[name].dtype != object else frame[name].astype(str).where(frame[name].notna(), "\0")
        digest.update(pd.util.hash_pandas_object(cells, index=False, categorize=False).to_numpy().tobytes())
    return digest.hexdigest()


def model_digest(folder: Path) -> str:
    """SHA-256 (hex) of the weights and the card in a model's folder: what has to be the same when a job goes on."""
    digest = hashlib.sha256()
    with storage(folder):
        for path in sorted([*folder.glob("*.safetensors"), folder / "classifier.json"]):
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
