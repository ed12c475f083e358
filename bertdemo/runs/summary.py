"""A run as plain values, under the same names for commands and library."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.errors import RunError
from bertdemo.evaluation.report import BASELINE
from bertdemo.runs.records import Run

if TYPE_CHECKING:
    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.ranking import Ranking
    from bertdemo.evaluation.report import Report
    from bertdemo.runs.folder import RunFolder

_JUDGED = ("calibration", "thresholds", "ranking", "slices", "mistakes", "mcnemar")
_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_CONFIDENT = 0.9


def brief(run: Run) -> dict[str, Any]:
    """Return one run of a list."""
    return {
        "run": run.id,
        "name": run.name,
        "status": run.status.state.value,
        "message": run.status.message,
        "position": run.position,
        "read_only": run.read_only,
        "created": run.created,
        "data": run.data.name,
        "base": run.recipe.base,
        "accuracy": run.accuracy,
        "macro_f1": run.macro_f1,
        "seconds": run.seconds,
    }


def full(run: Run, report: Report, folder: RunFolder) -> dict[str, Any]:
    """Return one tested run with all that was measured; what older versions did not keep, or what is damaged, is None.

    ``missing`` is the sentence that says what is damaged and what is left out with it; None where nothing is.
    """
    from bertdemo.evaluation.report import verdict

    analysed, missing = _analysed(folder)
    return {
        "run": run.id,
        "name": run.name,
        "status": run.status.state.value,
        "message": run.status.message,
        "verdict": verdict(report),
        "data": asdict(run.data) | {"reading": run.data.reading},
        "recipe": run.recipe.to_dict(),
        "test": asdict(report.test),
        "validation": asdict(report.validation),
        "baseline": asdict(report.baseline) | {"seconds": report.baseline_seconds},
        "train": asdict(report.training),
        **analysed,
        "missing": missing,
    }


def _analysed(folder: RunFolder) -> tuple[dict[str, Any], str | None]:
    """Return what the answers of a run tell, None where older versions kept none.

    And what is missing of it, as a sentence.
    """
    try:
        analysis = folder.analysis()
    except RunError as error:
        return dict.fromkeys(_JUDGED), f"Without all that the single answers tell: {error}"
    return (dict.fromkeys(_JUDGED), None) if analysis is None else _judged(analysis)


def _judged(analysis: Analysis) -> tuple[dict[str, Any], str | None]:
    from bertdemo.evaluation.comparison import sentence

    slices, lost = analysis.slices
    test = analysis.coverage.at(0.0)
    confident = analysis.coverage.at(_CONFIDENT)
    against = analysis.against_baseline
    values = (
        asdict(analysis.calibration)
        | {"temperature": analysis.temperature, "uncalibrated": asdict(analysis.uncalibrated)},
        [asdict(analysis.coverage.at(threshold)) for threshold in _THRESHOLDS],
        analysis.ranking and _ranked(analysis.ranking),
        [asdict(each) for each in slices],
        {
            "wrong": test.n - test.right,
            "wrong_and_confident": confident.answered - confident.right,
            "confident_from": _CONFIDENT,
        },
        asdict(against) | {"sentence": sentence(against, "the classifier", BASELINE)},
    )
    missing = f"Without slices by length and by columns of the data: {lost}" if lost else None
    return dict(zip(_JUDGED, values, strict=True)), missing


def _ranked(ranking: Ranking) -> dict[str, Any]:
    curves = ("roc", "precision_recall")  # hundreds of points, for pictures
    labels = (asdict(label) for label in ranking.labels)
    return asdict(ranking) | {"labels": [{k: v for k, v in label.items() if k not in curves} for label in labels]}
