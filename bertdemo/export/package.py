"""A zip with everything that ``transformers.pipeline`` needs, and a model card for people."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from bertdemo.drafts import scratch
from bertdemo.errors import RunError
from bertdemo.export.calibrated import load_calibrated
from bertdemo.export.card import Subject, model_card
from bertdemo.models.checkpoints import save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.runs.store import Runs

if TYPE_CHECKING:
    from bertdemo.evaluation.calibration import Calibration
    from bertdemo.runs.folder import RunFolder

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same classifier gives the same zip


def write_package(runs: Runs, run_id: str, file: Path) -> None:
    """Write weights (safetensors), configuration, tokenizer, labels and model card of a run as the zip ``file``.

    Raises:
        RunError: there is no such run, it has no classifier, or it is damaged.
        ModelError: the model is damaged, or its temperature cannot become part of it.
    """
    classifier = load_calibrated(runs, run_id)
    classifier.tokenizer.model_max_length = classifier.max_length
    with scratch() as place:
        folder = place / "model"
        save_classifier(classifier, folder)
        (folder / "README.md").write_text(model_card(subject(runs, run_id, classifier)), encoding="utf-8")
        _zip(folder, file)


def subject(runs: Runs, run_id: str, classifier: Classifier) -> Subject:
    """Return what the card of a run tells, exported as ``classifier``.

    Raises:
        RunError: the run has no report.
    """
    run, folder = runs.get(run_id), runs.folder(run_id)
    report = folder.report()
    if report is None:
        raise RunError(f"The run {run_id} has no report to describe it by: restore its folder, or train it again.")
    temperature = folder.temperature()
    return Subject(
        run=run, report=report, source=folder.source(), calibration=_calibration(folder, temperature),
        temperature=temperature, max_length=classifier.max_length, padding=classifier.padding,
        versions=folder.versions(),
    )  # fmt: skip


def _calibration(folder: RunFolder, temperature: float) -> Calibration | None:
    from bertdemo.evaluation.calibration import calibration

    answers = folder.answers()
    if answers is None:
        return None
    return calibration(answers.test.probabilities(temperature), answers.test.truth)


def _zip(folder: Path, file: Path) -> None:
    """Weights are random to a compressor: they are stored as they are."""
    with zipfile.ZipFile(file, "w") as package:
        for path in sorted(folder.iterdir()):
            method = zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(path.name, _LONG_AGO)
            entry.compress_type, entry.external_attr = method, 0o644 << 16
            with path.open("rb") as source, package.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(2**20):
                    target.write(piece)
