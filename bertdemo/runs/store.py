"""All runs of one home, and those that come with the app: what pages and commands call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bertdemo
from bertdemo.data.dataset import Split
from bertdemo.errors import BertDemoError, DataError, RunError
from bertdemo.models.catalog import BaseModel, find_base
from bertdemo.runs.base_checking import BaseCheck
from bertdemo.runs.cards import RunCards
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.records import DataCard, Run
from bertdemo.settings import Settings
from bertdemo.tasks.backend import Backend
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.store import TaskStore, new_id
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.evaluation.report import Report

STARTERS = Path(bertdemo.__file__).parent / "starters"
_UNTESTED = (State.INTERRUPTED, State.FAILED)
_RunList = list[Run]
_Events = list[dict[str, Any]]


class Runs(TaskStore[RunFolder]):
    """The runs in ``settings.home / "runs"``, and those that come with the app, which nobody changes.

    Any number of these may exist, in any number of processes.

    Methods that take an id raise ``RunError`` where there is no such run; those that write raise
    ``StorageError`` where the disk does not let them. Looking at runs also keeps the queue moving.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend[RunFolder] | None = None,
        clock: Callable[[], float] = time.time,
        starters: Path = STARTERS,
        require: Callable[[BaseModel, Recipe], None] | None = None,
    ) -> None:
        backend = backend or _local_backend(settings)
        self._starters = starters
        self._require = require or BaseCheck(settings)
        self._cards = RunCards(self._read_all, clock)
        self._seen: tuple[_RunList, _RunList] = [], []  # in the order of the folders, and as listed
        super().__init__(RunFolder, settings.home / "runs", settings.home / "queue.sqlite", backend, clock)

    def submit(self, split: Split, recipe: Recipe, name: str = "") -> str:
        """Make a run, put it at the end of the queue, and start it if nothing else runs. Returns its id.

        Raises:
            ModelError: there is no such base model, here or on the Hub, or it cannot be trained with this recipe.
            DataError: a text cannot be stored.
        """
        base = find_base(recipe.base)
        recipe = _findable_anywhere(recipe, base)
        self._require(base, recipe)
        now = self._clock()
        path = self._root / new_id(split.dataset.name, now)
        folder = RunFolder.create(path, split, recipe, name, now)
        self._enqueue(folder)
        return folder.id

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder of a run.

        An id from outside is data: it names a folder in the home, a starter, or nothing.
        """
        try:
            return super().folder(run_id)
        except RunError:
            starters = {folder.id: folder for folder in starter_folders(self._starters)}
            if run_id not in starters:
                raise
            return starters[run_id]

    def writable_folder(self, run_id: str) -> RunFolder:
        """Return the folder of a run that may be stopped, renamed or deleted.

        Raises:
            RunError: there is none of that id, or it comes with the app.
        """
        folder = self.folder(run_id)
        if folder.read_only:
            raise RunError(f"The run {run_id} comes with the app and stays as it is: train one of your own.")
        return folder

    def get(self, run_id: str) -> Run:
        """Return one run as it stands now.

        Raises:
            RunError: there is none of that id, or its folder is damaged.
        """
        folder = self.folder(run_id)
        self._dispatch_quietly()
        status = self._dispatcher.refresh_status(folder)
        return _read(folder, status, self._positions([folder] if status.state is State.QUEUED else []))

    def model_folder(self, run_id: str) -> Path:
        """Return the folder of the tested model of a run; looking costs one small file.

        Raises:
            RunError: there is no such run, it is damaged, or it has no tested model (yet).
        """
        folder = self.folder(run_id)
        if not folder.status().state.has_model:
            state = self._dispatcher.refresh_status(folder).state
            if state.is_live:
                raise RunError(f"The run {run_id} is still {state}: wait until it has finished, or choose another.")
            if not state.has_model:
                remedy = f"test its best model (python -m bertdemo test {run_id}), or " if self.can_test(run_id) else ""
                raise RunError(f"The run {run_id} is {state} and has no tested classifier: {remedy}choose another run.")
        return folder.model_path

    def stop(self, run_id: str) -> None:
        """Ask a run to end and to keep the best model so far; one that still waits is cancelled.

        Raises:
            RunError: the run has already ended.
        """
        self._ask(run_id, "stop", "Stopped before it began: nothing was kept.")

    def can_test(self, run_id: str) -> bool:
        """Return whether a run ended without its test and kept a whole model, which ``test`` makes usable."""
        folder = self.folder(run_id)
        return folder.status().state in _UNTESTED and not folder.read_only and folder.has_whole_model()

    def test(self, run_id: str) -> None:
        """Queue the test of the best model that an interrupted or failed run kept; the run is then usable as any other.

        Raises:
            RunError: the run is live, was tested or cancelled, or kept no whole model.
        """
        folder = self.writable_folder(run_id)
        status = self._dispatcher.refresh_status(folder)
        if status.state not in _UNTESTED:
            raise RunError(f"The run {run_id} is {status.state}: only one that was interrupted can be tested again.")
        if not folder.has_whole_model():
            raise RunError(f"The run {run_id} is {status.state} and left no whole model to test: start it again.")
        self._dispatcher.requeue(folder, status)
        self._dispatch_quietly()

    def cancel(self, run_id: str) -> None:
        """Ask a run to end and to keep nothing, and return at once.

        A worker that does not react within 10 s is ended by whoever looks at the runs then.

        Raises:
            RunError: the run has already ended.
        """
        self._ask(run_id, "cancel", "Cancelled before it began.")

    def rename(self, run_id: str, name: str) -> None:
        self.writable_folder(run_id).write_name(name)

    def metrics(self, run_id: str) -> _Events:
        """Return all events so far, oldest first; ``folder(id).read_metrics(offset)`` gives only the new ones."""
        return self.folder(run_id).read_metrics()[0]

    def report(self, run_id: str) -> Report | None:
        return self.folder(run_id).report()

    def list(self) -> _RunList:
        """Return all runs, the newest first, and then those that come with the app.

        A damaged one is listed as failed. What has ended is read again once it changes (``RunCards``), and where
        nothing has, the list is the very same one.
        """
        self._dispatch_quietly()
        own = set(ids := self._dispatcher.ids())
        starters = [folder for folder in starter_folders(self._starters) if folder.id not in own]
        runs = self._cards.look([*(f"{self._root}/{each}" for each in ids), *(str(each.path) for each in starters)])
        seen, listed = self._seen
        if runs != seen:
            listed = sorted(runs[: len(ids)], key=lambda run: (run.created, run.id), reverse=True) + runs[len(ids) :]
            self._seen = runs, listed
        return listed

    def ahead_of(self, run: Run) -> _RunList:
        """Return the live runs that come before a waiting one, the newest first.

        The one at work has no place in the line.
        """
        live = [each for each in self.list() if each.status.state.is_live and each.id != run.id]
        return [each for each in live if (each.position or 0) < (run.position or 1)]

    def _read_all(self, folders: Sequence[str]) -> dict[str, Run]:
        """Return the runs in these folders, own ones and starters, by folder."""
        opened = {each: self._opened(Path(each)) for each in folders}
        statuses = {each: self._status_or_explain(folder) for each, folder in opened.items()}
        positions = self._positions([opened[each] for each in folders if statuses[each].state is State.QUEUED])
        return {each: _read_or_explain(folder, statuses[each], positions) for each, folder in opened.items()}

    def _opened(self, path: Path) -> RunFolder:
        return RunFolder(path) if path.parent == self._root else StarterFolder(path)


def _findable_anywhere(recipe: Recipe, base: BaseModel) -> Recipe:
    """Return the recipe with a base model that a worker finds from wherever it runs."""
    is_own_folder = base.is_local and base.id == base.location
    return replace(recipe, base=str(Path(recipe.base).resolve())) if is_own_folder else recipe


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
        read_only=folder.read_only,
    )


def _read_or_explain(folder: RunFolder, status: Status, positions: Mapping[str, int]) -> Run:
    try:
        return _read(folder, status, positions)
    except BertDemoError as error:
        broken = Status(State.FAILED, str(error), status.updated)
        nothing = DataCard(name="", fingerprint="", label_names=(), n_train=0, n_validation=0, n_test=0)
        return Run(folder.id, folder.name(), 0.0, Recipe(), nothing, broken, read_only=folder.read_only)


def _local_backend(settings: Settings) -> Backend[RunFolder]:
    """Import late: only who starts work needs what starts it."""
    from bertdemo.tasks.local import LocalBackend, worker_command

    return LocalBackend(settings, worker_command("bertdemo.runs.worker"))


class StarterFolder(RunFolder):
    """A run folder without its texts: corpora are not passed on, they come from the packages that hold them."""

    read_only = True

    def split(self) -> Split:
        """Return the texts of the run in their three parts, divided anew.

        Raises:
            RunError: the texts are not installed, or are not those that the run was made with.
        """
        from bertdemo.runs.parquet import card_of

        card = self.data_card()
        seed: int = self._as(int, self._read_json("data.json").get("seed", 0), "data.json")
        try:
            split = split_built_in(card.name, seed)
        except DataError as error:
            raise RunError(f"The texts of {self.id} cannot be had: {error}") from error
        if card_of(split) != card:
            raise RunError(
                f"The installed texts of {card.name} are not those that {self.id} was trained on: "
                "install the versions that requirements.txt names."
            )
        return split


def starter_folders(root: Path = STARTERS) -> list[StarterFolder]:
    """Return the runs that come with the app, in the order of their names."""
    return [StarterFolder(path) for path in sorted(root.glob("starter-*")) if path.is_dir()]


def split_built_in(name: str, seed: int) -> Split:
    """Return the built-in data set of this name, cleaned and divided as for any run.

    Raises:
        DataError: there is none of this name, or its package is not installed.
    """
    from bertdemo.data.catalog import load_built_in
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.splitting import split

    dataset = load_built_in(name)
    return split(clean(dataset, check_up(dataset), drop_small=True), seed=seed)
