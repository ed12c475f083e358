"""What a tested run leaves behind, made without training: a report, the answers, and the card of a classifier."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.metrics import Answered, Answers, score
from bertdemo.evaluation.report import Report, TrainingSummary
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import fake_report

TEMPERATURE = 1.5
SUMMARY = TrainingSummary(40.0, 2.0, 8, 8, 4, 90.0, 2900.0, "CPU", "fp32", 800.0)


def labels_with(truth: np.ndarray, mistakes: int) -> np.ndarray:
    """Labels of two kinds, of which the first few are wrong."""
    return np.where(np.arange(len(truth)) < mistakes, 1 - truth, truth)


def answered(truth: np.ndarray, mistakes: int) -> Answered:
    """Answers of growing certainty, of which the first few are wrong."""
    called = labels_with(truth, mistakes)
    margin = np.linspace(0.5, 6.0, len(truth))
    logits = np.where(np.arange(2) == called[:, None], margin[:, None], 0.0)
    return Answered(truth, logits.astype(np.float32))


def write_test(folder: RunFolder, split: Split, *, mistakes: int = 1, of_baseline: int = 3) -> None:
    """Write what the test of a classifier for two labels leaves, with so many mistakes in the test part."""
    truths = {part: np.array(split.part(part).labels) for part in ("validation", "test")}
    baseline = labels_with(truths["test"], of_baseline)
    answers = Answers(answered(truths["validation"], 1), answered(truths["test"], mistakes), baseline)
    names = split.dataset.label_names
    ours, theirs = (score(truths["test"], called, names) for called in (answers.test.predicted, baseline))
    folder.model_path.mkdir(exist_ok=True)
    (folder.model_path / "classifier.json").write_text(json.dumps({"temperature": TEMPERATURE}))
    folder.write_answers(answers)
    folder.write_report(Report(ours, ours, theirs, 0.3, SUMMARY))


def finish(path: Path, dataset: Dataset, base: Path, name: str) -> tuple[RunFolder, Split]:
    """The folder of a finished run, half of its texts for training, and how it divides them; it wants a model."""
    rows = tuple(range(len(dataset)))
    split = Split(dataset, train=rows[::2], validation=rows[1::4], test=rows[3::4], seed=1)
    folder = RunFolder.create(path, split, Recipe(base=str(base)), name, 1000.0)
    folder.write_report(fake_report())
    folder.write_status(Status(State.FINISHED, "Finished.", 1001.0))
    return folder, split
