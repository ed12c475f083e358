"""All runs of one home: what pages and commands call."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.dataset import Split
from bertdemo.errors import BertDemoError, RunError, StorageError
from bertdemo.models.catalog import find_base
from bertdemo.runs.backend import Backend
from bertdemo.runs.dispatcher import ID, Dispatcher
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.records import DataCard, Request, Run, State, Status
from bertdemo.settings import Settings
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.evaluation.report import Report

_OLD_DRAFT_SECONDS = 3600.0
_LONGEST_SLUG = 40  # of 64 characters; date, time and a random end take the rest

_RunList = list[Run]
_Events = list[dict[str, Any]]


class Runs:
    """The runs in ``settings.home / "runs"``. Any number of these may exist, in any number of processes.

    Methods that take an id raise ``RunError`` where there is no such run; those that write raise
    ``StorageError`` where the disk does not let them. Looking at runs also keeps the queue moving.
    """

    def __init__(
        self, settings: Settings, backend: Backend[RunFolder] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._root = settings.home / "runs"
        self._clock = clock
        self._backend = backend or _local_backend(settings)
        self._dispatcher = Dispatcher(self._root, settings.home / "queue.sqlite", self._backend, clock, RunFolder)

    def submit(self, split: Split, recipe: Recipe, name: str = "") -> str:
        """Make a run, put it at the end of the queue, and start it if nothing else runs. Returns its id.

        Raises:
            ModelError: there is no such base model.
            DataError: a text cannot be stored.
        """
        now = self._clock()
        self._sweep(now)
        path = self._root / new_id(split.dataset.name, now)
        folder = RunFolder.create(path, split, _findable_anywhere(recipe), name, now)
        try:
            self._dispatcher.join([folder])
        except StorageError:
            folder.remove()
            raise
        self._tend()
        return folder.id

    def get(self, run_id: str) -> Run:
        """One run as it stands now.

        Raises:
            RunError: there is none of that id, or its folder is damaged.
        """
        folder = self.folder(run_id)
        self._tend()
        status = self._dispatcher.settle(folder)
        return _read(folder, status, self._positions([folder] if status.state is State.QUEUED else []))

    def folder(self, run_id: str) -> RunFolder:
        """The folder of a run. An id from outside is data: it names a folder in the home, or nothing."""
        path = self._root / run_id
        if not ID.fullmatch(run_id) or not path.is_dir() or path.resolve().parent != self._root.resolve():
            raise RunError(f"There is no run {run_id[:80]!r}: choose one from the list of runs.")
        return RunFolder(path)

    def model_folder(self, run_id: str) -> Path:
        """The folder of the tested model of a run; looking costs one small file.

        Raises:
            RunError: there is no such run, it is damaged, or it has no tested model (yet).
        """
        folder = self.folder(run_id)
        if not folder.status().state.has_model:
            state = self._dispatcher.settle(folder).state
            if state.is_live:
                raise RunError(f"The run {run_id} is still {state}: wait until it has finished, or choose another.")
            if not state.has_model:
                raise RunError(f"The run {run_id} is {state} and has no tested classifier: choose another run.")
        return folder.model_path

    def prepare(self) -> None:
        """Make the next run start quickly, unless one is at work, whose time this would take. Returns at once."""
        with contextlib.suppress(StorageError):
            if not self._dispatcher.is_busy():
                self._backend.prepare()

    def dispatch(self) -> None:
        """Start the next run if nothing runs; safe to call at any time, from any number of processes."""
        self._dispatcher.dispatch()

    def undisturbed(self) -> AbstractContextManager[None]:
        """Nobody starts, withdraws or gives up a run meanwhile.

        Raises:
            StorageError: the queue cannot be written.
        """
        return self._dispatcher.undisturbed()

    def stop(self, run_id: str) -> None:
        """Ask a run to end and to keep the best model so far; one that still waits is cancelled.

        Raises:
            RunError: the run has already ended.
        """
        self._ask(run_id, "stop", "Stopped before it began: nothing was kept.")

    def cancel(self, run_id: str) -> None:
        """Ask a run to end and to keep nothing, and return at once.

        A worker that does not react within 10 s is ended by whoever looks at the runs then.

        Raises:
            RunError: the run has already ended.
        """
        self._ask(run_id, "cancel", "Cancelled before it began.")

    def rename(self, run_id: str, name: str) -> None:
        self.folder(run_id).write_name(name)

    def delete(self, run_id: str) -> None:
        """Remove a run for good; a damaged one, too.

        Raises:
            RunError: it is still live.
        """
        folder = self.folder(run_id)
        status = self._status_or_explain(folder)
        if status.state.is_live:
            raise RunError(f"The run {run_id} is still {status.state}: stop or cancel it first.")
        folder.remove()

    def metrics(self, run_id: str) -> _Events:
        """All events so far, oldest first; ``folder(id).read_metrics(offset)`` gives only the new ones."""
        return self.folder(run_id).read_metrics()[0]

    def log(self, run_id: str, last: int = 200) -> str:
        return self.folder(run_id).log(last)

    def report(self, run_id: str) -> Report | None:
        return self.folder(run_id).report()

    def list(self) -> _RunList:
        """All runs, the newest first. A damaged one is listed as failed, with a sentence."""
        self._tend()
        folders = self._dispatcher.folders()
        statuses = {folder.id: self._status_or_explain(folder) for folder in folders}
        positions = self._positions([f for f in folders if statuses[f.id].state is State.QUEUED])
        runs = [_read_or_explain(folder, statuses[folder.id], positions) for folder in folders]
        return sorted(runs, key=lambda run: (run.created, run.id), reverse=True)

    def _sweep(self, now: float) -> None:
        """Remove the drafts of submissions that were killed; one that is still being written is younger."""
        for draft in self._root.glob(".draft-*"):
            with contextlib.suppress(OSError):
                if now - draft.stat().st_mtime > _OLD_DRAFT_SECONDS:
                    shutil.rmtree(draft, ignore_errors=True)

    def _ask(self, run_id: str, request: Request, if_waiting: str) -> None:
        folder = self.folder(run_id)
        state = self._dispatcher.settle(folder).state
        if not state.is_live:
            raise RunError(f"The run {run_id} is already {state}: there is nothing left to {request}.")
        folder.write_request(request)
        self._dispatcher.withdraw(folder, if_waiting)
        self._tend()

    def _tend(self) -> None:
        """Keep the queue moving. A full or read-only disk must not stop a person from looking at the runs."""
        with contextlib.suppress(StorageError):
            self._dispatcher.dispatch()

    def _positions(self, queued: Sequence[RunFolder]) -> dict[str, int]:
        """Place in the queue (1 = next) of waiting runs; one that lost its place or was copied here joins."""
        if not queued:
            return {}
        with contextlib.suppress(StorageError):
            waiting = self._dispatcher.waiting()
            if not {folder.id for folder in queued} <= set(waiting):
                self._dispatcher.join(queued)
                waiting = self._dispatcher.waiting()
            return {run_id: place for place, run_id in enumerate(waiting, start=1)}
        return {}

    def _status_or_explain(self, folder: RunFolder) -> Status:
        try:
            return self._dispatcher.settle(folder)
        except RunError as error:
            return Status(State.FAILED, str(error), self._clock())


def _findable_anywhere(recipe: Recipe) -> Recipe:
    """The recipe with a base model that a worker finds from wherever it runs.

    Raises:
        ModelError: there is no such base model.
    """
    base = find_base(recipe.base)
    is_own_folder = base.is_local and base.id == base.location
    return replace(recipe, base=str(Path(recipe.base).resolve())) if is_own_folder else recipe


def new_id(data_name: str, now: float) -> str:
    """An id that tells what and when (UTC), and that is unique: ``sms_spam-20250131-142501-3fa2c1``."""
    slug = re.sub(r"[^a-z0-9_]+", "-", data_name.lower()).strip("-")[:_LONGEST_SLUG] or "data"
    return f"{slug}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{secrets.token_hex(3)}"


def _read(folder: RunFolder, status: Status, positions: Mapping[str, int]) -> Run:
    accuracy, macro_f1, seconds = folder.headline() or (None, None, None)
    return Run(
        id=folder.id,
        name=folder.name(),
        created=folder.created(),
        recipe=folder.recipe(),
        data=folder.data_card(),
        status=status,
        position=positions.get(folder.id),
        accuracy=accuracy,
        macro_f1=macro_f1,
        seconds=seconds,
    )


def _read_or_explain(folder: RunFolder, status: Status, positions: Mapping[str, int]) -> Run:
    try:
        return _read(folder, status, positions)
    except BertDemoError as error:
        broken = Status(State.FAILED, str(error), status.updated)
        nothing = DataCard(name="", fingerprint="", label_names=(), n_train=0, n_validation=0, n_test=0)
        return Run(folder.id, folder.name(), 0.0, Recipe(), nothing, broken)


def _local_backend(settings: Settings) -> Backend[RunFolder]:
    """Imported here: only who starts work needs what starts it."""
    from bertdemo.runs.local import LocalBackend

    return LocalBackend(settings)
