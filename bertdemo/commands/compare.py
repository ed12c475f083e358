"""``compare RUN OTHER``: whether one run is better than another on the same test texts, or only luckier."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.errors import RunError
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset
    from bertdemo.evaluation.comparison import Comparison
    from bertdemo.evaluation.metrics import Answered


def add(subparsers: Subparsers) -> None:
    """Add the arguments: two runs."""
    parser = add_command(subparsers, "compare", "Compare two runs on the same test texts.", run)
    add_run(parser)
    parser.add_argument("other", metavar="OTHER", help="id of the run to compare with")


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print by how much they differ, and whether chance explains it."""
    runs = Runs(settings)
    folders = runs.folder(arguments.id), runs.folder(arguments.other)
    comparison = _compare(*map(_tested, folders))
    values = _values(comparison, *folders)
    output.result(values, _lines(values))
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


def _values(comparison: Comparison, first: RunFolder, second: RunFolder) -> dict[str, Any]:
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


def _lines(values: dict[str, Any]) -> Iterator[str]:
    yield values["sentence"]
    yield f"difference in accuracy {values['difference_words']}"
    yield f"p = {values['p_value']:.2g}, {values['method']}"
    yield f"both right on {values['both_right']:,} of {values['n']:,} texts, both wrong on {values['both_wrong']:,}"
    if values["recipe"]:
        yield f"  {'recipe':<24}{'first':>12}  {'second':>12}"
    for name, (ours, theirs) in values["recipe"].items():
        yield f"  {name:<24}{ours!s:>12}  {theirs!s:>12}"
