"""``notebook RUN --output FILE.ipynb``: the steps that made a run, to go on from in Jupyter."""

from __future__ import annotations

import argparse
from pathlib import Path

from bertdemo.commands.arguments import Subparsers, add_command, add_run, check_output
from bertdemo.commands.console import Console
from bertdemo.errors import DataError
from bertdemo.settings import Settings


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a run and a file."""
    parser = add_command(subparsers, "notebook", "Write the steps that made a run as a Jupyter notebook.", run)
    add_run(parser)
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="file to write: .ipynb")


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Write the file."""
    from bertdemo.library.run import Run

    if arguments.output.suffix.casefold() != ".ipynb":
        raise DataError(f"{arguments.output.name} must end in .ipynb: choose another name.")
    check_output(arguments.output)
    written = Run(arguments.id, settings.home).to_notebook(arguments.output)
    output.result({"run": arguments.id, "output": str(written)}, [str(written)])
    return 0
