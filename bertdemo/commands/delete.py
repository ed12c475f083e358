"""``delete RUN --yes``: remove a run with its model, its report and its studies."""

from __future__ import annotations

import argparse

from bertdemo.commands.arguments import Subparsers, add_command, add_run
from bertdemo.commands.console import Console
from bertdemo.errors import RunError
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run, and a word that it is meant."""
    parser = add_command(subparsers, "delete", "Remove a run for good.", run)
    add_run(parser)
    parser.add_argument("--yes", action="store_true", help="yes, its model, its report and its studies, too")


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Refuse without ``--yes``, with the name of the run."""
    from bertdemo.studies.store import Studies

    folder = Runs(settings).writable_folder(arguments.id)
    if not arguments.yes:
        raise RunError(f"Deleting {folder.name()!r} cannot be undone: add --yes if that is what you want.")
    Studies(settings).delete_run(arguments.id)
    output.result({"run": arguments.id, "deleted": True}, [f"{arguments.id} is deleted."])
    return 0
