"""``test RUN``: test the best model that an interrupted run kept, so that it can be used."""

from __future__ import annotations

import argparse

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.commands.train import add_detach, follow_or_leave
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run, and whether to wait."""
    parser = add_command(subparsers, "test", "Test the best model that an interrupted run kept, to use it.", run)
    add_run(parser)
    add_detach(parser)


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Let the test wait in the queue as a run does."""
    runs = Runs(settings)
    runs.test(arguments.id)
    return follow_or_leave(runs, arguments.id, output, detach=arguments.detach)
