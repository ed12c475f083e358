"""``cancel RUN``: end a run and keep nothing of it."""

from __future__ import annotations

import argparse

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.commands.following import Follower
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run."""
    add_run(add_command(subparsers, "cancel", "End a run and keep nothing of it.", run))


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Wait for the end: only who looks at the run can end a worker that does not react."""
    runs = Runs(settings)
    runs.cancel(arguments.id)
    state = Follower(runs, arguments.id, output, from_now=True).wait().status.state
    output.result({"run": arguments.id, "status": state.value}, [f"{arguments.id}: {state}."])
    return 0
