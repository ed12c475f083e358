"""The best model in the folder of a run whose process was killed: whether it is whole, and its test."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bertdemo.__main__ import main
from bertdemo.errors import RunError
from bertdemo.evaluation.report import ending
from bertdemo.models.files import is_whole
from bertdemo.prediction.model_cache import ModelCache
from bertdemo.prediction.single import predict_one
from bertdemo.runs.metrics import summarise
from bertdemo.runs.store import Runs
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.records import State, Status
from bertdemo.training.events import Started, Stepped, Validated
from bertdemo.training.recipe import Recipe
from tests.patience import until
from tests.runs.fakes import fake_runs, fake_work, pid_of, write_whole_model
from tests.runs.test_processes import at_stage, ended, gone

STEPS = 8


def step(number: int, elapsed: float, rate: float, memory: float) -> Stepped:
    return Stepped(number, number / STEPS, 0.5, 1e-4, 1.0, rate, 10 * rate, elapsed, STEPS - number, memory)


@pytest.fixture
def killed(runs, at_work, backend, clock):
    """A run killed at step 5 of 8: the model that it kept is that of step 4."""
    folder = runs.folder(at_work)
    folder.append(Started(STEPS, 900, 1000, 1000, "CPU", "fp32", "no other"), clock.now)
    folder.append(step(2, 4.0, 10.0, 300.0), clock.now)
    folder.append(Validated(2, 0.25, 0.6, 0.7, 0.7, 1.0, True), clock.now)
    folder.append(step(4, 8.0, 20.0, 500.0), clock.now)
    folder.append(Validated(4, 0.5, 0.5, 0.8, 0.8, 1.5, True), clock.now)
    folder.append(step(5, 10.0, 40.0, 400.0), clock.now)
    folder.keep_model(lambda draft: (draft.mkdir(), write_whole_model(draft)), 4)
    folder.write_status(replace(folder.status(), step=5, steps=STEPS))
    backend.alive.discard(at_work)
    return folder


def test_it_is_said_that_a_whole_model_lies_there_and_how_to_use_it(runs, killed):
    status = runs.get(killed.id).status
    assert status.state is State.INTERRUPTED
    assert "at step 5 of 8" in status.message
    assert f"The best model until then is whole: test it to use it (python -m bertdemo test {killed.id})" in (
        status.message
    )
    assert runs.can_test(killed.id)
    with pytest.raises(RunError, match=f"python -m bertdemo test {killed.id}"):
        runs.model_folder(killed.id)


@pytest.mark.parametrize("name", ["classifier.json", "config.json", "tokenizer_config.json", "model.safetensors"])
def test_a_model_that_is_not_whole_is_promised_nowhere(runs, killed, name):
    (killed.model_path / name).write_bytes(b"{")  # cut short
    assert "start the run again" in runs.get(killed.id).status.message
    assert "bertdemo test" not in runs.get(killed.id).status.message
    assert not runs.can_test(killed.id)
    with pytest.raises(RunError, match="left no whole model"):
        runs.test(killed.id)
    with pytest.raises(RunError, match=r"no tested classifier: choose another"):
        runs.model_folder(killed.id)


def test_its_test_waits_in_the_queue_and_ends_with_a_report_that_says_where_training_was(runs, killed, backend):
    before = runs.submit(killed.split(), Recipe(base="fake"))
    runs.test(killed.id)
    assert backend.started[-1] == before
    assert killed.status().state is State.QUEUED
    assert runs.get(killed.id).position == 1
    assert fake_work(runs.folder(before)) is State.FINISHED
    runs.dispatch()
    assert backend.started[-1] == killed.id
    assert fake_work(killed) is State.STOPPED
    assert killed.status().message == "Interrupted at step 5 of 8: the best model until then was tested."
    training = killed.report().training
    assert (training.steps, training.planned_steps, training.best_step) == (5, STEPS, 4)
    assert training.interrupted
    assert "interrupted at step 5 of 8" in ending(training)
    assert "step 4" in ending(training)
    assert runs.model_folder(killed.id) == killed.model_path
    assert not (killed.path / "at-train").exists()  # nothing was trained anew
    assert not runs.can_test(killed.id)
    with pytest.raises(RunError, match="is stopped"):
        runs.test(killed.id)


def test_the_command_tests_it_and_prints_a_report_that_says_where_training_was(settings, killed, monkeypatch, capsys):
    monkeypatch.setenv("BERTDEMO_HOME", str(settings.home))
    monkeypatch.setattr("bertdemo.runs.store._local_backend", lambda _: ImmediateBackend(fake_work))
    assert main(["test", killed.id, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["run"], printed["status"]) == (killed.id, "stopped")
    assert (printed["train"]["steps"], printed["train"]["best_step"], printed["train"]["interrupted"]) == (5, 4, True)
    assert main(["report", killed.id]) == 0
    assert "trained 5 of 8 (interrupted) steps" in capsys.readouterr().out
    assert main(["test", killed.id]) == 2
    assert "is stopped: only one that was interrupted can be tested again" in capsys.readouterr().err


def test_what_training_cost_is_reckoned_from_what_it_reported(killed):
    found = summarise(killed.read_metrics()[0], 4, interrupted=True)
    assert (found.seconds, found.validation_seconds) == (7.5, 2.5)  # of 10 s until the last step
    assert found.samples_per_second == pytest.approx((4 * 10 + 4 * 20 + 2 * 40) / 10)
    assert found.tokens_per_second == pytest.approx(200)
    assert (found.peak_memory_mb, found.device, found.precision) == (500.0, "CPU", "fp32")


def test_a_model_of_an_older_version_was_kept_at_its_best_evaluation(killed):
    assert killed.summary_so_far(interrupted=True).best_step == 4
    (killed.model_path / "step.json").unlink()
    killed.append(Validated(5, 0.6, 0.9, 0.6, 0.6, 1.0, False), 0.0)
    assert killed.summary_so_far(interrupted=True).best_step == 4


def test_without_its_events_a_test_fails_with_a_sentence(runs, killed):
    (killed.path / "metrics.jsonl").unlink()
    runs.get(killed.id)
    runs.test(killed.id)
    assert fake_work(killed) is State.FAILED
    assert "metrics.jsonl cannot be read" in killed.status().message
    assert runs.can_test(killed.id)


@pytest.mark.parametrize(("request_", "state"), [("stop", State.INTERRUPTED), ("cancel", State.CANCELLED)])
def test_a_test_that_is_withdrawn_leaves_the_model_unless_nothing_is_to_be_kept(
    runs, submit, killed, backend, request_, state
):
    submit()
    runs.get(killed.id)
    runs.test(killed.id)
    getattr(runs, request_)(killed.id)
    assert killed.status().state is state
    assert runs.can_test(killed.id) == killed.model_path.exists() == (request_ == "stop")
    assert ("bertdemo test" in killed.status().message) == (request_ == "stop")


def test_a_run_killed_in_its_test_is_tested_again_and_was_not_interrupted(settings, small_split):
    runs = fake_runs(settings)
    run_id = runs.submit(small_split, Recipe(base="fake.hang.predict"))
    pid = at_stage(runs, run_id, "predict")
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid), "the end of the process")
    assert "in the test after training" in runs.get(run_id).status.message
    folder = runs.folder(run_id)
    recipe = folder.path / "recipe.json"
    recipe.write_text(recipe.read_text().replace("fake.hang.predict", "fake"))
    runs.test(run_id)
    assert ended(runs, run_id) is State.FINISHED
    training = runs.report(run_id).training
    assert (training.steps, training.planned_steps, training.interrupted) == (4, 4, False)
    assert ending(training) == ""


@pytest.mark.parametrize("state", [State.FINISHED, State.CANCELLED, State.TRAINING])
def test_only_what_ended_without_its_test_can_be_tested(runs, submit, backend, clock, state):
    folder = runs.folder(submit())
    folder.keep_model(lambda draft: (draft.mkdir(), write_whole_model(draft)), 1)
    folder.write_status(Status(state, "", clock.now))
    assert not runs.can_test(folder.id)
    with pytest.raises(RunError, match=f"is {state}"):
        runs.test(folder.id)


def test_the_model_of_a_real_run_killed_in_training_can_be_tested_and_asked(settings, small_split, tiny_base):
    runs = Runs(settings)
    recipe = Recipe(base=str(tiny_base), epochs=100, batch_size=1, evaluations_per_epoch=2, precision="fp32")
    run_id = runs.submit(small_split, recipe)
    folder = runs.folder(run_id)
    until(lambda: len(_judged(folder)) > 2, "some evaluations")
    os.kill(pid_of(folder), signal.SIGKILL)
    until(lambda: runs.get(run_id).status.state is State.INTERRUPTED, "noticing the death")
    assert is_whole(folder.model_path)
    assert [path.name for path in folder.path.iterdir() if path.name.startswith(".")] == []
    best = max(event["step"] for event in _judged(folder) if event["is_best"])
    runs.test(run_id)
    assert ended(runs, run_id) is State.STOPPED, runs.log(run_id)
    training = runs.report(run_id).training
    assert best <= training.best_step <= training.steps < training.planned_steps
    assert training.interrupted
    answer = predict_one(ModelCache(runs).classifier(run_id), "the coffee was wonderful")
    assert {name for name, _ in answer.scores} == set(small_split.dataset.label_names)


def _judged(folder) -> list[dict]:
    return [event for event in folder.read_metrics()[0] if event["kind"] == "validation"]


def test_what_lies_whole_on_the_disk_is_known_without_loading_it(tmp_path):
    assert not is_whole(tmp_path / "nothing")
    folder: Path = tmp_path / "model"
    folder.mkdir()
    write_whole_model(folder)
    assert is_whole(folder)
    header = b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'
    weights = len(header).to_bytes(8, "little") + header + bytes(8)
    (folder / "model.safetensors").write_bytes(weights)
    assert is_whole(folder)
    (folder / "model.safetensors").write_bytes(weights[:-1])
    assert not is_whole(folder)
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    (folder / "model-1.safetensors").write_bytes(weights)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors", "b": "b"}}')
    assert not is_whole(folder)  # a second file of the weights is missing
