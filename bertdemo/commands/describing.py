"""A run in the words of the commands: the same names in ``runs``, ``report`` and ``train``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.runs.records import Run

if TYPE_CHECKING:
    from bertdemo.evaluation.report import Report


def brief(run: Run) -> dict[str, Any]:
    """One run of a list."""
    return {
        "run": run.id,
        "name": run.name,
        "status": run.status.state.value,
        "message": run.status.message,
        "position": run.position,
        "created": run.created,
        "data": run.data.name,
        "base": run.recipe.base,
        "accuracy": run.accuracy,
        "macro_f1": run.macro_f1,
        "seconds": run.seconds,
    }


def full(run: Run, report: Report) -> dict[str, Any]:
    """One tested run with all that was measured."""
    from bertdemo.evaluation.report import verdict

    return {
        "run": run.id,
        "name": run.name,
        "status": run.status.state.value,
        "message": run.status.message,
        "verdict": verdict(report),
        "data": asdict(run.data),
        "recipe": run.recipe.to_dict(),
        "test": asdict(report.test),
        "validation": asdict(report.validation),
        "baseline": asdict(report.baseline) | {"seconds": report.baseline_seconds},
        "train": asdict(report.training),
    }


def full_lines(values: dict[str, Any]) -> Iterator[str]:
    """What ``full`` holds, for people."""
    test, train = values["test"], values["train"]
    yield f"{values['run']}  {values['name']}  {values['status']}"
    yield values["verdict"]
    yield f"{'':24}accuracy  macro-F1"
    for title, key in (("test", "test"), ("validation", "validation"), ("baseline, on test", "baseline")):
        yield f"{title:<24}{values[key]['accuracy']:>8.4f}{values[key]['macro_f1']:>10.4f}"
    low, high = test["accuracy_interval"]["low"], test["accuracy_interval"]["high"]
    method = test["accuracy_interval"]["method"]
    yield f"95 % interval of the test accuracy: {low:.4f} to {high:.4f} ({method})"
    yield f"{'label':<24}{'precision':>9}{'recall':>8}{'F1':>8}{'texts':>8}"
    for label in test["classes"]:
        figures = f"{label['precision']:>9.3f}{label['recall']:>8.3f}{label['f1']:>8.3f}{label['support']:>8,}"
        yield f"{label['label'][:23]:<24}{figures}"
    where = f"on {train['device']} in {train['precision']}, {train['samples_per_second']:.0f} texts/s"
    yield f"trained {train['steps']} steps in {train['seconds']:.1f} s {where}"
