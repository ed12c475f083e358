"""A tested run in words: what ``report`` and ``train`` print for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def full_lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield what ``full`` holds, for people."""
    test, train = values["test"], values["train"]
    yield f"{values['run']}  {values['name']}  {values['status']}"
    yield values["verdict"]
    yield from values["data"]["reading"]
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
    if values["calibration"]:
        yield from _judged_lines(values)
    planned = f" of {train['planned_steps']} (interrupted)" if train["interrupted"] else ""
    yield f"trained {train['steps']}{planned} steps in {train['seconds']:.1f} s {where}"
    if values["missing"]:
        yield values["missing"]


def _judged_lines(values: dict[str, Any]) -> Iterator[str]:
    calibration, mistakes = values["calibration"], values["mistakes"]
    yield values["mcnemar"]["sentence"]
    yield (
        f"calibration error (ECE) {_with_interval(calibration, 'ece')}, of which chance alone would show "
        f"{calibration['ece_by_chance']:.3f}; temperature {calibration['temperature']:.2f}"
    )
    yield f"Brier score {_with_interval(calibration, 'brier')}, log loss {_with_interval(calibration, 'nll')}"
    if values["ranking"]:
        yield f"AUC {values['ranking']['macro_auc']:.4f}, mean of the labels, each against all others"
    yield (
        f"mistakes: {mistakes['wrong']:,}, of these at {100 * mistakes['confident_from']:.0f} % confidence or more: "
        f"{mistakes['wrong_and_confident']:,}"
    )
    yield f"{'answers only from':<24}{'answered':>9}{'right':>8}"
    for each in values["thresholds"]:
        right = "" if each["accuracy"] is None else f"{100 * each['accuracy']:>7.1f}%"
        yield f"{100 * each['threshold']:>5.0f} % confidence{'':<6}{100 * each['coverage']:>8.1f}%{right}"


def _with_interval(values: dict[str, Any], name: str) -> str:
    interval = values[f"{name}_interval"]
    return f"{values[name]:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
