"""The HTTP interface over a home with one run of single texts and one of pairs, both with a tiny random BERT."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bertdemo.api.guarding import Api
from bertdemo.data.dataset import Dataset, Split
from bertdemo.models.checkpoints import load_base, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.model_cache import ModelCache
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import fake_runs


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), ("praise", "complaint"), dropout=0.0, max_length=16, seed=3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, small_dataset: Dataset, classifier: Classifier) -> Runs:
    home = tmp_path_factory.mktemp("home")
    rows = tuple(range(len(small_dataset)))
    for name, dataset in (
        ("single", small_dataset),
        ("pairs", replace(small_dataset, pairs=tuple(reversed(small_dataset.texts)))),
    ):
        split = Split(dataset, train=rows[::2], validation=rows[1::4], test=rows[3::4], seed=7)
        folder = RunFolder.create(home / "runs" / name, split, Recipe(), name, time.time())
        save_classifier(classifier, folder.model_path)
        folder.write_status(Status(State.FINISHED, "", time.time()))
    return fake_runs(Settings(home))


@pytest.fixture(scope="module")
def models(runs: Runs) -> ModelCache:
    return ModelCache(runs)


@pytest.fixture(scope="module")
def settings(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def client(settings: Settings, runs: Runs, models: ModelCache):
    """Asks an interface that wants no token."""
    api = Api(lambda: settings, lambda: runs, lambda: models)
    with TestClient(api, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def predict(client: TestClient):
    """Posts a question and gives the status code and the answer."""

    def predict(**question: object) -> tuple[int, dict]:
        response = client.post("/v1/predict", json=question)
        return response.status_code, response.json()

    return predict
