"""What the tests of runs share: a small split and a backend that starts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertdemo.data.dataset import Dataset, Split
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs
from bertdemo.tasks.lock import WorkerLock
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import any_base


@pytest.fixture(scope="session")
def small_split(small_dataset: Dataset) -> Split:
    """Both labels in every part; every third row is left out."""
    rows = [row for row in range(len(small_dataset)) if row % 3]
    return Split(small_dataset, train=tuple(rows[::2]), validation=tuple(rows[1::4]), test=tuple(rows[3::4]), seed=7)


@pytest.fixture
def make_folder(tmp_path: Path, small_split: Split):
    """Makes a run folder outside of any queue: ``make_folder("fake.break.train")``."""

    def make(base: str = "fake", run_id: str = "run-1") -> RunFolder:
        return RunFolder.create(tmp_path / "runs" / run_id, small_split, Recipe(base=base), "a name", 1000.0)

    return make


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class RecordingBackend:
    """Starts nothing; a test says which tasks have a worker. ``cannot_start`` makes ``start`` fail.

    With ``keeps`` whatever is started has one that never speaks.
    """

    def __init__(self) -> None:
        self.started: list[str] = []
        self.alive: set[str] = set()
        self.ended: list[tuple[str, bool]] = []
        self.cannot_start: OSError | None = None
        self.keeps = True

    def start(self, folder: RunFolder, lock: WorkerLock) -> None:
        self.started.append(folder.id)
        if self.cannot_start:
            raise self.cannot_start
        if self.keeps:
            lock.name_worker("somebody")
            self.alive.add(folder.id)

    def is_alive(self, folder: RunFolder) -> bool:
        return folder.id in self.alive

    def end(self, folder: RunFolder, *, force: bool) -> bool:
        self.ended.append((folder.id, force))
        return folder.id in self.alive


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend() -> RecordingBackend:
    return RecordingBackend()


@pytest.fixture
def runs(settings, backend, clock):
    """The runs of a person, without those that come with the app (test_starters.py)."""
    return Runs(settings, backend, clock, starters=settings.home / "no starters", require=any_base)


@pytest.fixture
def submit(runs, small_split, clock):
    def submit(name: str = "") -> str:
        clock.now += 1
        return runs.submit(small_split, Recipe(base="fake"), name)

    return submit


@pytest.fixture
def at_work(runs, submit, clock):
    """A run whose worker has taken over and is training."""
    run_id = submit("at work")
    runs.folder(run_id).write_status(Status(State.TRAINING, "Training.", clock.now, 3, 10, 5.0))
    return run_id
