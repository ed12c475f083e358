"""Runs that come with the app: in the list after one's own, readable like any other, changed by nobody."""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bertdemo.commands.console import Console
from bertdemo.data.catalog import BUILT_IN
from bertdemo.errors import RunError, TrainingError
from bertdemo.evaluation.calibration import fit_temperature
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs, StarterFolder, split_built_in, starter_folders
from bertdemo.starters import __main__ as making
from bertdemo.starters.__main__ import Starter, make
from bertdemo.tasks.records import State
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import any_base, fake_runs

STARTER = Starter("starter-spam", "Spam", "sms_spam", Recipe(base="fake", seed=3))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with one starter in it, made by the real command with tools that learn nothing."""
    root = tmp_path_factory.mktemp("package")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "Runs", fake_runs)
        make(STARTER, root, Console(as_json=False))
    return root


@pytest.fixture
def package(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "package"))


@pytest.fixture
def runs(settings, backend, clock, package) -> Runs:
    return Runs(settings, backend, clock, starters=package, require=any_base)


def test_a_starter_holds_all_of_a_run_but_its_texts_and_where_it_was_made(package):
    [folder] = starter_folders(package)
    assert {path.name for path in folder.path.iterdir()} == {
        "name.txt", "data.json", "recipe.json", "metrics.jsonl", "report.json", "answers.parquet", "model",
        "versions.json", "status.json",
    }  # fmt: skip
    status = folder.status()
    assert status.state is State.FINISHED
    assert folder.recipe() == STARTER.recipe
    assert (folder.name(), folder.has_model(), folder.log()) == ("Spam", True, "")
    assert folder.report() is not None
    assert folder.read_metrics()[0]


def test_its_texts_are_divided_anew_as_they_were(package):
    [folder] = starter_folders(package)
    again, expected = folder.split(), split_built_in("sms_spam", seed=3)
    assert again == expected
    answers = folder.answers()
    assert answers.test.truth.tolist() == list(expected.part("test").labels)


def test_other_texts_than_those_it_was_made_with_are_refused(package, monkeypatch):
    [folder] = starter_folders(package)
    entry = next(entry for entry in BUILT_IN if entry.name == "sms_spam")
    fewer = replace(entry, parse=lambda content: tuple(column[:-9] for column in entry.parse(content)))
    monkeypatch.setattr("bertdemo.data.catalog.BUILT_IN", (fewer,))
    with pytest.raises(RunError, match="not those that starter-spam was trained on"):
        folder.split()
    monkeypatch.setattr("bertdemo.data.catalog.BUILT_IN", ())
    with pytest.raises(RunError, match="cannot be had"):
        folder.split()


def test_a_newcomer_finds_it_in_the_list_and_the_home_stays_untouched(runs, settings):
    [run] = runs.list()
    assert (run.id, run.name, run.read_only, run.status.state) == ("starter-spam", "Spam", True, State.FINISHED)
    assert runs.get("starter-spam") == run
    assert runs.report(run.id) is not None
    assert runs.model_folder(run.id).is_dir()
    assert isinstance(runs.folder(run.id), StarterFolder)
    assert not settings.home.exists()


def test_own_runs_come_first(runs, small_split, clock):
    clock.now = 1.0  # long before the starter was made
    own = runs.submit(small_split, Recipe(base="fake"))
    assert [(run.id, run.read_only) for run in runs.list()] == [(own, False), ("starter-spam", True)]


@pytest.mark.parametrize(
    "change",
    [
        lambda runs: runs.delete("starter-spam"),
        lambda runs: runs.rename("starter-spam", "mine"),
        lambda runs: runs.stop("starter-spam"),
        lambda runs: runs.cancel("starter-spam"),
    ],
    ids=["delete", "rename", "stop", "cancel"],
)
def test_nobody_changes_it(runs, package, change):
    before = {path: path.read_bytes() for path in package.rglob("*") if path.is_file()}
    with pytest.raises(RunError, match="comes with the app and stays as it is"):
        change(runs)
    assert {path: path.read_bytes() for path in package.rglob("*") if path.is_file()} == before


def test_a_copy_in_the_home_is_a_run_of_ones_own_and_stands_there_once(runs, settings, package):
    shutil.copytree(package / "starter-spam", settings.home / "runs" / "starter-spam")
    [run] = runs.list()
    assert not run.read_only
    runs.delete(run.id)
    assert [each.read_only for each in runs.list()] == [True]


def test_a_damaged_starter_is_listed_with_a_sentence_and_hides_no_other(runs, package, small_split):
    own = runs.submit(small_split, Recipe(base="fake"))
    (package / "starter-spam" / "recipe.json").write_text("{")
    first, broken = runs.list()
    assert (first.id, broken.status.state, broken.read_only) == (own, State.FAILED, True)
    assert "recipe.json" in broken.status.message


@pytest.mark.parametrize("run_id", ["__pycache__", "../starters", "starter-spam/model", "starter-nothing"])
def test_no_other_folder_of_the_package_is_a_run(runs, run_id):
    with pytest.raises(RunError, match="no run"):
        runs.folder(run_id)


def test_a_starter_that_was_not_tested_replaces_nothing(package, monkeypatch):
    monkeypatch.setattr(making, "Runs", fake_runs)
    before = (package / "starter-spam" / "status.json").read_bytes()
    with pytest.raises(TrainingError, match="was not made"):
        make(replace(STARTER, recipe=Recipe(base="fake.break.predict")), package, Console(as_json=False))
    assert (package / "starter-spam" / "status.json").read_bytes() == before
    assert [path.name for path in package.iterdir()] == ["starter-spam"]


SHIPPED = starter_folders()


def test_both_starters_are_shipped_as_they_would_be_made():
    assert {folder.id: (folder.name(), folder.recipe(), folder.data_card().name) for folder in SHIPPED} == {
        starter.id: (starter.name, starter.recipe, starter.data) for starter in making.MADE
    }


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.id)
class TestShipped:
    """What lies in the package."""

    def test_it_is_good_enough_and_small_enough(self, folder: RunFolder):
        least = {"starter-sms-spam": 0.965, "starter-airline-sentiment": 0.78}
        assert folder.report().test.macro_f1 >= least[folder.id]
        assert sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file()) < 2_000_000

    def test_its_answers_are_to_the_texts_that_are_installed(self, folder: RunFolder):
        split, answers = folder.split(), folder.answers()
        for part, answered in (("validation", answers.validation), ("test", answers.test)):
            assert answered.truth.tolist() == list(split.part(part).labels)

    def test_its_report_is_that_of_its_answers(self, folder: RunFolder):
        answers, report = folder.answers(), folder.report()
        assert (answers.test.predicted == answers.test.truth).mean() == pytest.approx(report.test.accuracy)
        assert (answers.baseline == answers.test.truth).mean() == pytest.approx(report.baseline.accuracy)
        validation = answers.validation
        assert folder.temperature() == pytest.approx(fit_temperature(validation.logits, validation.truth), rel=1e-3)

    def test_it_tells_nothing_of_the_machine_that_made_it(self, folder: RunFolder):
        assert {path.suffix for path in folder.path.rglob("*") if path.is_file()} == {
            ".txt", ".json", ".jsonl", ".parquet", ".safetensors",
        }  # fmt: skip
        config = json.loads((folder.model_path / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == "minilm-l6"
        for path in folder.path.rglob("*.json*"):
            assert not any(sign in path.read_text() for sign in ('"/', "file://", str(Path.home()), platform.node()))

    @pytest.mark.slow
    def test_the_classifier_answers_as_the_report_says(self, folder: RunFolder):
        from bertdemo.models.checkpoints import load_classifier
        from bertdemo.models.devices import choose_placement
        from bertdemo.prediction.predict import predict

        test, answers = folder.split().part("test").select(range(200)), folder.answers().test
        predictions = predict(load_classifier(folder.model_path), test.texts, placement=choose_placement("fp32"))
        assert (predictions.labels == answers.predicted[:200]).mean() >= 0.99
