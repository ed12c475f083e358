"""``runs``, ``report RUN``, ``compare RUN OTHER``: all runs, what one ended with, which is better."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.console import Console, Subparsers, add_command, add_run
from bertdemo.errors import RunError
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.records import Run
from bertdemo.runs.store import Runs
from bertdemo.runs.summary import brief, full
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset
    from bertdemo.evaluation.comparison import Comparison
    from bertdemo.evaluation.metrics import Answered


def add_runs(subparsers: Subparsers) -> None:
    """Add no arguments of its own."""
    add_command(subparsers, "runs", "List all runs.", _runs)


def _runs(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:  # noqa: ARG001
    """Print a line for each run, the newest first."""
    runs = Runs(settings).list()
    output.result({"runs": [brief(each) for each in runs]}, _run_lines(runs))
    return 0


def _run_lines(runs: Sequence[Run]) -> Iterator[str]:
    if all(_runs.read_only for _runs in runs):
        yield "There are no runs of your own yet: make one with python -m bertdemo train --data sms_spam."
    for _runs in runs:
        place = f" ({_runs.position} in line)" if _runs.position else ""
        scores = f"{_runs.accuracy:.4f} {_runs.macro_f1:.4f}" if _runs.accuracy is not None else " " * 13
        yield f"{_runs.id}  {_runs.status.state + place:<11}  {scores}  {_runs.name}"


def add_report(subparsers: Subparsers) -> None:
    """Add the arguments: a run."""
    add_run(add_command(subparsers, "report", "Show the scores of a run.", _report))


def _report(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print all scores, or say why there are none."""
    runs = Runs(settings)
    found, report = runs.get(arguments.id), runs.report(arguments.id)
    if report is None:
        raise RunError(f"The run {found.id} is {found.status.state} and has no report: {found.status.message}")
    values = full(found, report, runs.folder(found.id))
    output.result(values, full_lines(values))
    return 0


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


def add_compare(subparsers: Subparsers) -> None:
    """Add the arguments: two runs."""
    parser = add_command(subparsers, "compare", "Compare two runs on the same test texts.", _compare_runs)
    add_run(parser)
    parser.add_argument("other", metavar="OTHER", help="id of the run to compare with")


def _compare_runs(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print by how much they differ, and whether chance explains it."""
    runs = Runs(settings)
    folders = runs.folder(arguments.id), runs.folder(arguments.other)
    comparison = _compare(*map(_tested, folders))
    values = _comparison_values(comparison, *folders)
    output.result(values, _comparison_lines(values))
    return 0


def _tested(folder: RunFolder) -> tuple[Answered, Dataset]:
    """Return the answers of a run, and the test texts they are for."""
    answers = folder.answers()
    if answers is None:
        raise RunError(f"The run {folder.id} kept no answers to the single texts: train it (again) to compare it.")
    return answers.test, folder.split().part("test")


def _compare(first: tuple[Answered, Dataset], second: tuple[Answered, Dataset]) -> Comparison:
    from bertdemo.evaluation.comparison import aligned, compare

    places = aligned(first[1], second[1])
    return compare(first[0].truth, first[0].predicted, second[0].predicted[places])


def _comparison_values(comparison: Comparison, first: RunFolder, second: RunFolder) -> dict[str, Any]:
    from bertdemo.evaluation.comparison import difference_words, sentence

    names = [f"“{folder.name()}”" for folder in (first, second)]
    if names[0] == names[1]:
        names = [first.id, second.id]
    recipes = first.recipe().to_dict(), second.recipe().to_dict()
    return {
        "first": _brief(first),
        "second": _brief(second),
        "sentence": sentence(comparison, *names),
        "difference_words": difference_words(comparison),
        **asdict(comparison),
        "significant": comparison.is_significant,
        "recipe": {name: [value, recipes[1][name]] for name, value in recipes[0].items() if recipes[1][name] != value},
    }


def _brief(folder: RunFolder) -> dict[str, Any]:
    accuracy, macro_f1, _ = folder.headline() or (None, None, None)
    return {"run": folder.id, "name": folder.name(), "accuracy": accuracy, "macro_f1": macro_f1}


def _comparison_lines(values: dict[str, Any]) -> Iterator[str]:
    yield values["sentence"]
    yield f"difference in accuracy {values['difference_words']}"
    yield f"p = {values['p_value']:.2g}, {values['method']}"
    yield f"both right on {values['both_right']:,} of {values['n']:,} texts, both wrong on {values['both_wrong']:,}"
    if values["recipe"]:
        yield f"  {'recipe':<24}{'first':>12}  {'second':>12}"
    for name, (ours, theirs) in values["recipe"].items():
        yield f"  {name:<24}{ours!s:>12}  {theirs!s:>12}"
