"""What the tests of studies share: a run with a tiny model that has learned something, and studies done at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.metrics import Answers
from bertdemo.settings import Settings
from bertdemo.studies.store import Studies
from bertdemo.studies.worker import work
from bertdemo.tasks.backend import ImmediateBackend
from tests.runs.ended import answered, finish
from tests.studies.fakes import fake_attribute


@pytest.fixture(scope="session")
def studied_run(
    tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, learned_base: Path, small_dataset: Dataset
) -> Path:
    """The folder of a finished run; its kept answers are right but for one praise, whatever its model learned."""
    path = tmp_path_factory.mktemp("studied") / "learned-run"
    folder, split = finish(path, small_dataset, tiny_base, "learned run")
    shutil.copytree(learned_base, folder.model_path)
    truths = [np.array(split.part(part).labels) for part in ("validation", "test")]
    folder.write_answers(Answers(*(answered(truth, 1) for truth in truths), np.zeros_like(truths[1])))
    return path


@pytest.fixture
def run_id(settings: Settings, studied_run: Path) -> str:
    """The run in the home of this test."""
    shutil.copytree(studied_run, settings.home / "runs" / studied_run.name)
    return studied_run.name


@pytest.fixture
def studies(settings: Settings, run_id: str) -> Studies:
    """Studies that are done at once, in this process, with scores that cost nothing."""
    return Studies(settings, ImmediateBackend(lambda folder: work(folder, fake_attribute)))
