"""``rename RUN NAME``: give a run another name; its id stays."""

from __future__ import annotations

import argparse

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run and its new name."""
    parser = add_command(subparsers, "rename", "Give a run another name.", run)
    add_run(parser)
    parser.add_argument("name", metavar="NAME", help="the new name, one line")


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print the name as it was kept."""
    runs = Runs(settings)
    runs.rename(arguments.id, arguments.name)
    name = runs.folder(arguments.id).name()
    output.result({"run": arguments.id, "name": name}, [f"{arguments.id} is now called {name}."])
    return 0
