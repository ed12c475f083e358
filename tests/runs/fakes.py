"""Pipeline that do no learning, and wait or break at a chosen stage; run as a program, a worker with them.

The stage is told by the base model's name: ``fake``, ``fake.wait.train`` or ``fake.break.predict``. ``wait``
ends when a person asks for a stop or a cancel; ``hang`` does not listen; ``die`` ends the process at once.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertdemo.data.dataset import Split
from bertdemo.errors import CancelledError
from bertdemo.evaluation.baseline import Baseline
from bertdemo.evaluation.report import ClassScores, Interval, Report, Scores, TrainingSummary
from bertdemo.models.catalog import BaseModel
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs
from bertdemo.runs.worker import Pipeline, work
from bertdemo.settings import Settings
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.local import LocalBackend, worker_command
from bertdemo.tasks.lock import named_worker
from bertdemo.tasks.worker import run_worker
from bertdemo.training.events import Started, Stepped, Validated
from bertdemo.training.recipe import Recipe

STAGES = ("load", "plan", "train", "keep", "load_classifier", "predict", "score_baseline")
STEPS = 4
WORKER = "tests.runs.fakes"
LONGEST_WAIT = 600.0  # seconds; a test that waits for it on a busy machine may be late to ask


@dataclass(frozen=True)
class FakePredictions:
    logits: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        return self.logits


def fake_scores(n: int = 6) -> Scores:
    interval = Interval(0.4, 0.9, "none")
    classes = (ClassScores("a", 0.5, 0.5, 0.5, n),)
    return Scores(n, 0.75, interval, 0.5, 0.5, 0.7, interval, classes, ((n,),))


def fake_report() -> Report:
    return Report(fake_scores(), fake_scores(), fake_scores(), 0.5, fake_summary(STEPS))


def fake_summary(steps: int) -> TrainingSummary:
    return TrainingSummary(float(steps), 0.1, steps, STEPS, steps, 10.0, 100.0, "cpu", "fp32", 50.0)


def write_whole_model(folder: Path) -> None:
    """All files of a classifier, with nothing in them."""
    for name in ("classifier", "config", "tokenizer_config"):
        (folder / f"{name}.json").write_text("{}")
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")


class FakeTools:
    """Stands at the stages of one run folder."""

    def __init__(self, folder: RunFolder) -> None:
        _, self._deed, self._stage = (*folder.recipe().base.split("."), "", "")[:3]
        self._folder = folder

    def at(self, stage: str) -> None:
        (self._folder.path / f"at-{stage}").touch()
        if stage != self._stage:
            return
        if self._deed == "break":
            raise OSError(errno.ENOSPC, "No space left on device")
        if self._deed == "die":
            os.kill(os.getpid(), 9)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < end and (self._deed == "hang" or self._folder.request() is None):
            time.sleep(0.01)

    def load_for_training(self, recipe, label_names):
        self.at("load")

    def train(self, classifier, split, recipe, report, requested, keep):
        report(Started(STEPS, 100, 10, 10, "cpu", "fp32", "no other"))
        self.at("plan")
        if requested() is not None:
            raise CancelledError
        step = 0
        for step in range(1, STEPS + 1):
            report(Stepped(step, step / STEPS, 1 / step, 1e-4, 1.0, 10.0, 100.0, float(step), STEPS - step, 50.0))
            if step == 2:
                self.at("train")
            if requested() == "cancel":
                raise CancelledError
            if requested() == "stop":
                break
        report(Validated(step, step / STEPS, 0.5, 0.8, 0.8, 0.1, True))
        keep(None)
        return fake_summary(step)

    def save_classifier(self, classifier, folder):
        self.at("keep")
        folder.mkdir(exist_ok=True)
        write_whole_model(folder)

    def load_classifier(self, folder):
        self.at("load_classifier")
        assert (folder / "model.safetensors").exists()

    def choose_placement(self, precision):
        return f"a device in {precision}"

    def predict(self, classifier, texts, pairs=None, *, placement):
        self.at("predict")
        return FakePredictions(np.ones((len(texts), 2)))

    def score(self, labels, predicted, label_names):
        return fake_scores(len(labels))

    def score_baseline(self, split: Split):
        self.at("score_baseline")
        return Baseline(np.zeros(len(split.test), dtype=np.int64), fake_scores(), 0.5)

    def write_temperature(self, folder, temperature):
        (folder / "classifier.json").write_text(f'{{"temperature": {temperature}}}')

    def as_tools(self) -> Pipeline:
        return Pipeline(
            load_for_training=self.load_for_training,
            train=self.train,
            save_classifier=self.save_classifier,
            load_classifier=self.load_classifier,
            choose_placement=self.choose_placement,
            predict=self.predict,
            score=self.score,
            score_baseline=self.score_baseline,
            fit_temperature=lambda logits, truth: 2.0,
            write_temperature=self.write_temperature,
            describe_machine=lambda: {"python": "3"},
        )


def fake_work(folder: RunFolder):
    """The worker's own code with fake tools, in this process."""
    return work(folder, lambda: FakeTools(folder).as_tools())


def any_base(base: BaseModel, recipe: Recipe) -> None:
    """Fake tools load whatever they are told to: no Hub is asked for it, and nothing is tried."""


def fake_runs(settings: Settings, clock=time.time) -> Runs:
    """Runs whose workers are processes with fake tools: real ones in all but the learning."""
    backend = LocalBackend(settings, worker_command(WORKER))
    return Runs(settings, backend, clock, starters=settings.home / "no starters", require=any_base)


def pid_of(folder: TaskFolder) -> int | None:
    """The process that was last started for a task; None before one was."""
    reference = named_worker(folder.lock_path)
    return int(reference.split(".")[0]) if reference else None


def import_everything() -> None:
    """Do nothing: fake tools need nothing."""


def main(arguments) -> int:
    """Do a run with fake tools."""
    return 0 if run_worker(arguments, fake_runs, fake_work).has_model else 1


if __name__ == "__main__":
    main(sys.argv[1:])
