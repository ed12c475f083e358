"""``report RUN``: what a run ended with."""

from __future__ import annotations

import argparse

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.commands.describing import full_lines
from bertdemo.errors import RunError
from bertdemo.runs.store import Runs
from bertdemo.runs.summary import full
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run."""
    add_run(add_command(subparsers, "report", "Show the scores of a run.", run))


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print all scores, or say why there are none."""
    runs = Runs(settings)
    found, report = runs.get(arguments.id), runs.report(arguments.id)
    if report is None:
        raise RunError(f"The run {found.id} is {found.status.state} and has no report: {found.status.message}")
    values = full(found, report, runs.folder(found.id))
    output.result(values, full_lines(values))
    return 0
