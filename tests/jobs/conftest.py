"""What the tests of jobs share: a run with a tiny model that was never trained, jobs that are done at once, tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.jobs.records import JobColumns
from bertdemo.jobs.store import Jobs
from bertdemo.jobs.worker import work
from bertdemo.settings import Settings
from bertdemo.tasks.backend import ImmediateBackend
from tests.jobs.fakes import fake_predictor
from tests.runs.ended import finish

LABELS = ("praise", "complaint")
TEXT = JobColumns("text")


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, small_dataset: Dataset) -> Path:
    """The folder of a finished run; the head of its model is random and sure of itself."""
    from bertdemo.models.checkpoints import load_base, save_classifier

    path = tmp_path_factory.mktemp("run") / "tiny-run"
    folder, _ = finish(path, small_dataset, tiny_base, "tiny run")
    classifier = load_base(str(tiny_base), LABELS, dropout=0.1, max_length=16)
    classifier.model.classifier.weight.data *= 40  # else all answers are near one half
    save_classifier(classifier, folder.model_path)
    return path


@pytest.fixture
def run_id(settings: Settings, finished_run: Path) -> str:
    """The run in the home of this test."""
    shutil.copytree(finished_run, settings.home / "runs" / finished_run.name)
    return finished_run.name


@pytest.fixture
def jobs(settings: Settings, run_id: str) -> Jobs:
    """Jobs that are done at once, in this process, without a model."""
    return Jobs(settings, ImmediateBackend(lambda folder: work(folder, fake_predictor)))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows at a time."""
    monkeypatch.setattr("bertdemo.jobs.store.chunk_rows", lambda table, columns: 4)


def table(n: int, **more: list[object]) -> pd.DataFrame:
    """A table as it is read from a file: texts "text 0", "text 1", …, each fifth cell empty, and an id before them."""
    texts = [None if i % 5 == 4 else f"text {i}" for i in range(n)]
    return pd.DataFrame({"id": [str(i) for i in range(n)], "text": texts, **more}, dtype=object)
