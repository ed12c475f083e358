"""``stop RUN``: end a run early, with the best model so far."""

from __future__ import annotations

import argparse

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run."""
    add_run(add_command(subparsers, "stop", "End a run early and keep the best model so far.", run))


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Ask, and say how the run stands; it ends after the step it is in, and is tested then."""
    runs = Runs(settings)
    runs.stop(arguments.id)
    state = runs.get(arguments.id).status.state
    ending = f"{arguments.id} will end after this step and be tested." if state.is_live else f"{arguments.id}: {state}."
    output.result({"run": arguments.id, "status": state.value}, [ending])
    return 0
