"""A home with a finished run of a tiny random BERT whose logits want a temperature, and names that are no markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset, Source, Split
from bertdemo.evaluation.metrics import Answered, Answers, score
from bertdemo.evaluation.report import Report, TrainingSummary
from bertdemo.models.checkpoints import load_base, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import fake_runs

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")
LABELS = ("praise", "<b>*complaint*</b> | [x](y)")
TEMPERATURE = 0.4
NAME = "# My *run* <img src=x>"


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    """With logits far enough from zero that a temperature matters."""
    made = load_base(str(tiny_base), LABELS, dropout=0.0, max_length=16, seed=3)
    made.model.classifier.weight.data *= 20
    return replace(made, temperature=TEMPERATURE)


@pytest.fixture(scope="module")
def split(small_dataset: Dataset) -> Split:
    source = Source("Visits & co", "Sixty texts.", "CC0", "https://example.org")
    dataset = replace(small_dataset, label_names=LABELS, source=source)
    rows = tuple(range(len(dataset)))
    return Split(dataset, train=rows[::2], validation=rows[1::4], test=rows[3::4], seed=7)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, split: Split, classifier: Classifier) -> Runs:
    home = tmp_path_factory.mktemp("home")
    folder = RunFolder.create(home / "runs" / "finished", split, Recipe(base=str(tiny_base)), NAME, 1.7e9)
    save_classifier(classifier, folder.model_path)
    parts = {name: split.part(name) for name in ("validation", "test")}
    answered = {
        name: Answered(np.array(part.labels), predict(classifier, part.texts, placement=EXACT).logits)
        for name, part in parts.items()
    }
    folder.write_answers(Answers(**answered, baseline=np.array(parts["test"].labels)))
    ours = score(parts["test"].labels, answered["test"].predicted, LABELS)
    summary = TrainingSummary(40.0, 2.0, 8, 8, 4, 90.0, 2900.0, "CPU", "fp32", 800.0)
    folder.write_report(Report(ours, ours, ours, 0.3, summary))
    folder.write_versions({"torch": "1.2.3", "platform": "secret-host", "threads": 2})
    folder.write_status(Status(State.FINISHED, "", 1.7e9))
    waiting = RunFolder.create(home / "runs" / "cancelled", split, Recipe(), "cancelled", 1.7e9)
    waiting.write_status(Status(State.CANCELLED, "", 1.7e9))
    return fake_runs(Settings(home))
