"""``runs``: every run of this home, the newest first."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from bertdemo.commands.arguments import Subparsers, add_command
from bertdemo.commands.console import Console
from bertdemo.runs.records import Run
from bertdemo.runs.store import Runs
from bertdemo.runs.summary import brief
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add no arguments of its own."""
    add_command(subparsers, "runs", "List all runs.", run)


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:  # noqa: ARG001
    """Print a line for each run, the newest first."""
    runs = Runs(settings).list()
    output.result({"runs": [brief(each) for each in runs]}, _lines(runs))
    return 0


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    if all(run.read_only for run in runs):
        yield "There are no runs of your own yet: make one with python -m bertdemo train --data sms_spam."
    for run in runs:
        place = f" ({run.position} in line)" if run.position else ""
        scores = f"{run.accuracy:.4f} {run.macro_f1:.4f}" if run.accuracy is not None else " " * 13
        yield f"{run.id}  {run.status.state + place:<11}  {scores}  {run.name}"
