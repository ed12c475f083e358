"""What tests of commands about one text share: a home with two runs, and a way to type the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertdemo.__main__ import main
from bertdemo.data.dataset import Dataset, Split
from bertdemo.models.checkpoints import save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.commands.asking import TEXT


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, classifier: Classifier, small_dataset: Dataset) -> Path:
    """A home with a run that has the module's ``classifier``, and one of pairs."""
    home, rows = tmp_path_factory.mktemp("home"), range(len(small_dataset))
    pairs = Dataset("pairs", small_dataset.texts, small_dataset.labels, small_dataset.label_names, small_dataset.texts)
    for run_id, dataset in (("single", small_dataset), ("pairs", pairs)):
        split = Split(dataset, train=tuple(rows[::2]), validation=tuple(rows[1::4]), test=tuple(rows[3::4]), seed=7)
        folder = RunFolder.create(home / "runs" / run_id, split, Recipe(), run_id, 0.0)
        save_classifier(classifier, folder.model_path)
        folder.write_status(Status(State.FINISHED, "Done.", 0.0))
    return home


@pytest.fixture
def run(home: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Runs the module's ``command`` on the text; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("BERTDEMO_HOME", str(home))

    def run(*arguments: str, run_id: str = "single", text: str = TEXT) -> tuple[int, str, str]:
        code = main([command, "--run", run_id, "--text", text, *arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def told(run):
    """What the command prints with ``--json``."""

    def told(*arguments: str, **options: str) -> dict:
        code, stdout, stderr = run(*arguments, "--json", **options)
        assert (code, stderr) == (0, "")
        return json.loads(stdout)

    return told
