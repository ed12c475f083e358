"""The worker's own code in this process, with tools that wait or break at each stage."""

from __future__ import annotations

import errno
from dataclasses import replace

import numpy as np
import pytest

from bertdemo.errors import ModelError, StorageError
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.lock import WorkerLock
from bertdemo.tasks.records import State
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import STAGES, FakePredictions, FakeTools, fake_report, fake_work

BEFORE_A_MODEL = ("load", "plan")


def ask_at(monkeypatch, stage: str, request: str) -> None:
    """A person asks for something while the run is at ``stage``."""
    at = FakeTools.at

    def asked(self: FakeTools, reached: str) -> None:
        at(self, reached)
        if reached == stage:
            self._folder.write_request(request)

    monkeypatch.setattr(FakeTools, "at", asked)


def test_a_run_ends_with_a_tested_model_a_report_and_versions(make_folder):
    folder = make_folder()
    assert fake_work(folder) is State.FINISHED
    status = folder.status()
    assert (status.state, status.step, status.steps, status.remaining) == (State.FINISHED, 4, 4, None)
    assert replace(folder.report(), test=None, validation=None) == replace(fake_report(), test=None, validation=None)
    assert folder.report().test.n == folder.data_card().n_test
    assert folder.report().validation.n == folder.data_card().n_validation
    assert folder.has_model()
    assert folder.versions()
    assert [event["kind"] for event in folder.read_metrics()[0]] == ["started", "step", "step", "validation"]


def test_a_tested_run_keeps_its_answers_and_the_temperature_fitted_on_validation(make_folder):
    folder = make_folder()
    fake_work(folder)
    answers, split = folder.answers(), folder.split()
    assert answers.test.truth.tolist() == list(split.part("test").labels)
    assert answers.validation.truth.tolist() == list(split.part("validation").labels)
    assert answers.test.logits.tolist() == [[1.0, 1.0]] * len(split.test)
    assert answers.baseline.tolist() == [0] * len(split.test)
    assert folder.temperature() == 2.0


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_at_any_stage_is_a_failed_run_with_one_sentence(make_folder, stage):
    folder = make_folder(f"fake.break.{stage}")
    assert fake_work(folder) is State.FAILED
    status = folder.status()
    assert status.state is State.FAILED
    assert "disk is full" in status.message
    assert not status.wrong_input


@pytest.mark.parametrize("stage", STAGES)
def test_a_cancel_at_any_stage_keeps_nothing(make_folder, monkeypatch, stage):
    ask_at(monkeypatch, stage, "cancel")
    folder = make_folder()
    assert fake_work(folder) is State.CANCELLED
    assert folder.status().state is State.CANCELLED
    assert not folder.model_path.exists()
    assert folder.report() is folder.answers() is None


@pytest.mark.parametrize("stage", STAGES)
def test_a_stop_at_any_stage_ends_in_a_state_that_tells_whether_there_is_a_model(make_folder, monkeypatch, stage):
    ask_at(monkeypatch, stage, "stop")
    folder = make_folder()
    state = fake_work(folder)
    expected = State.STOPPED if stage == "train" else State.FINISHED
    assert state is (State.CANCELLED if stage in BEFORE_A_MODEL else expected)
    assert state.has_model == folder.has_model() == (folder.report() is not None)


def test_a_stop_says_at_which_step(make_folder, monkeypatch):
    ask_at(monkeypatch, "train", "stop")
    folder = make_folder()
    fake_work(folder)
    assert "step 2" in folder.status().message


@pytest.mark.parametrize("state", [State.CANCELLED, State.INTERRUPTED])
def test_a_worker_that_comes_too_late_does_nothing(make_folder, state):
    folder = make_folder()
    folder.write_status(replace(folder.status(), state=state))
    assert fake_work(folder) is state
    assert folder.read_metrics()[0] == []


def test_a_damaged_split_fails_before_anything_is_loaded(make_folder):
    folder = make_folder()
    (folder.path / "data.parquet").write_bytes(b"PAR1")
    assert fake_work(folder) is State.FAILED
    assert "data.parquet" in folder.status().message
    assert not (folder.path / "at-load").exists()


@pytest.mark.parametrize("stage", ["load", "predict"])
def test_when_even_the_status_cannot_be_written_the_worker_still_ends(make_folder, monkeypatch, stage):
    folder = make_folder(f"fake.break.{stage}")
    write, full = RunFolder.write_status, {"now": False}

    def write_status(self, status):
        if full["now"] or status.state is State.FAILED:
            raise StorageError("The disk is full: free some space.")
        write(self, status)

    monkeypatch.setattr(RunFolder, "write_status", write_status)
    assert fake_work(folder) is State.FAILED
    assert folder.status().state.is_live  # the readers find out that nobody is there


def test_a_full_disk_met_by_the_metrics_ends_the_run(make_folder, monkeypatch):
    def full(path, event, now):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bertdemo.runs.folder.append_event", full)
    folder = make_folder()
    assert fake_work(folder) is State.FAILED
    assert "disk is full" in folder.status().message


def test_the_test_is_made_in_the_precision_of_the_recipe(tmp_path, small_split, monkeypatch):
    predict, seen = FakeTools.predict, []

    def watched(self, *texts, placement):
        seen.append(placement)
        return predict(self, *texts, placement=placement)

    monkeypatch.setattr(FakeTools, "predict", watched)
    recipe = Recipe(base="fake", precision="fp32")
    fake_work(RunFolder.create(tmp_path / "runs" / "r", small_split, recipe, "", 0.0))
    assert seen == ["a device in fp32"] * 2


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_answers_that_are_no_numbers_end_the_run_with_a_sentence_and_no_report(make_folder, monkeypatch, odd):
    def predict(self, classifier, texts, pairs=None, *, placement):
        return FakePredictions(np.array([[odd, 1.0]] * len(texts)))

    monkeypatch.setattr(FakeTools, "predict", predict)
    folder = make_folder()
    assert fake_work(folder) is State.FAILED
    assert "not numbers" in folder.status().message
    assert not folder.status().wrong_input
    assert folder.report() is None


def test_a_model_that_does_not_exist_is_wrong_input(make_folder, monkeypatch):
    def refuse(self, recipe, label_names):
        raise ModelError("There is no such model: choose another.")

    monkeypatch.setattr(FakeTools, "load_for_training", refuse)
    folder = make_folder()
    assert fake_work(folder) is State.FAILED
    assert folder.status().wrong_input
    assert folder.status().message == "There is no such model: choose another."


def test_the_immediate_backend_does_the_work_before_it_returns(make_folder):
    folder, held = make_folder(), []
    backend = ImmediateBackend(lambda folder: held.append(backend.is_alive(folder)) or fake_work(folder))
    assert not backend.is_alive(folder)
    with WorkerLock.take(folder.lock_path) as lock:
        backend.start(folder, lock)
    assert folder.status().state is State.FINISHED
    assert (held, backend.is_alive(folder)) == ([True], False)
