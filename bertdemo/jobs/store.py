"""All jobs of one home: what pages and commands call."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.columns import refuse_twice, refuse_unknown
from bertdemo.data.tables.cells import as_text
from bertdemo.errors import DataError, RunError
from bertdemo.jobs.folder import JobFolder
from bertdemo.jobs.records import Format, Job, JobCard, JobColumns, JobSummary, ReviewRow
from bertdemo.runs.store import Runs
from bertdemo.runs.versions import model_digest
from bertdemo.settings import Settings
from bertdemo.tasks.backend import Backend
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.resumable import ResumableTaskStore
from bertdemo.tasks.store import new_id

if TYPE_CHECKING:
    import pandas as pd
if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from bertdemo.runs.records import Run

_JobList = list[Job]


class Jobs(ResumableTaskStore[JobFolder]):
    """The jobs in ``settings.home / "jobs"``. Any number of these may exist, in any number of processes.

    One job works at a time, the others wait in order. Methods that take an id raise ``RunError`` where there is no such
    job; those that write raise ``StorageError`` where the disk does not let them. Looking at jobs keeps the queue
    moving.
    """

    def __init__(
        self, settings: Settings, backend: Backend[JobFolder] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        backend = backend or _local_backend(settings)
        super().__init__(JobFolder, settings.home / "jobs", settings.home / "jobs.sqlite", backend, clock)
        self._settings = settings

    def submit(
        self,
        run_id: str,
        frame: pd.DataFrame,
        columns: JobColumns,
        source_name: str,
        *,
        exact: bool = False,
        destination: str = "",
    ) -> str:
        """Make a job, put it at the end of the queue, and start it if no other is at work. Returns its id.

        Args:
            run_id: the classifier; a starter, too.
            frame: the table as ``data.reading.read_table`` gives it with ``typed``.
            columns: which columns hold texts (and pairs, and right labels to compare with).
            source_name: name of the file, for people.
            exact: fp32, as single predictions are computed, instead of the fastest that labels agree with.
            destination: where a command will write the result. A job of the same table, run and destination that is
                still here is taken up again instead of a second one.

        Raises:
            RunError: there is no such run, it has no tested model, or it asks for pairs where there are none.
            DataError: there is no such column, no row, or a cell that cannot be stored.
        """
        now, table = self._clock(), as_table(frame)
        runs = Runs(self._settings)
        model, run = model_digest(runs.model_folder(run_id)), runs.get(run_id)
        check_columns(table, columns, run)
        card = JobCard(
            run=run_id,
            run_name=run.name,
            label_names=run.data.label_names,
            columns=columns,
            source_name=source_name,
            rows=table.num_rows,
            chunk=chunk_rows(table, columns),
            exact=exact,
            created=now,
            fingerprint=fingerprint(table, columns, run_id, model, exact),
            model=model,
            destination=destination,
        )
        if destination and (again := self._same(card)):
            return again
        folder = JobFolder.create(self._root / new_id(Path(source_name).stem, now), table, card)
        self._enqueue(folder)
        return folder.id

    def get(self, job_id: str) -> Job:
        """Return one job as it stands now.

        Raises:
            RunError: there is none of that id, or its folder is damaged.
        """
        folder, status, position = self._refreshed_one(job_id)
        return Job(folder.id, folder.card, status, position)

    def list(self) -> _JobList:
        """Return all jobs, the newest first. A damaged one is listed as failed, with a sentence."""
        jobs = [_read(*found) for found in self._refreshed()]
        return sorted(jobs, key=lambda job: (job.card.created if job.card else 0.0, job.id), reverse=True)

    def result(self, job_id: str, kind: Format) -> Path:
        """Return the file with the predictions beside the columns of the table, made at the first call.

        Raises:
            RunError: the job has not finished.
        """
        from bertdemo.jobs.results import write_result

        folder = self.folder(job_id)
        status = self._dispatcher.refresh_status(folder)
        if status.state is not State.FINISHED:
            raise RunError(f"The job {job_id} is {status.state} and has no result yet: wait for it, or resume it.")
        path = folder.result_path(kind)
        if not path.exists():
            write_result(folder, kind, path)
        return path

    def summary(self, job_id: str, threshold: float = 0.5) -> JobSummary:
        """Return what the rows that are done amount to; while a job works, those so far."""
        from bertdemo.jobs.results import summarise

        return summarise(self.folder(job_id), threshold)

    def least_confident(self, job_id: str, n: int = 50) -> tuple[ReviewRow, ...]:
        """Return the ``n`` rows whose predicted label is the least probable, the least first; of those done so far."""
        from bertdemo.jobs.results import least_confident

        return least_confident(self.folder(job_id), n)

    def _same(self, card: JobCard) -> str | None:
        """Return a job that was asked the same before, put in line again if it has to be."""
        for job in self.list():
            if job.card and (job.card.fingerprint, job.card.destination) == (card.fingerprint, card.destination):
                if job.can_resume:
                    self.resume(job.id)
                return job.id
        return None


def _read(folder: JobFolder, status: Status, position: int | None) -> Job:
    try:
        return Job(folder.id, folder.card, status, position)
    except RunError as error:
        return Job(folder.id, None, Status(State.FAILED, str(error), status.updated))


def _local_backend(settings: Settings) -> Backend[JobFolder]:
    """Import late: only who starts work needs what starts it."""
    from bertdemo.tasks.local import LocalBackend, worker_command

    return LocalBackend(settings, worker_command("bertdemo.jobs.worker"))


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
