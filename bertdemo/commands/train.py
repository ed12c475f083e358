"""``train --data NAME_OR_FILE``: submit a run to the queue and follow it to its report."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any, get_args

from bertdemo.commands.console import Console, Parser, Subparsers, add_columns, add_command
from bertdemo.commands.data import open_checked, reading_lines, reading_values
from bertdemo.commands.following import follow_run
from bertdemo.commands.report import full_lines
from bertdemo.errors import RunError, TrainingError
from bertdemo.runs.planning import plan, recipe_of
from bertdemo.runs.records import Run
from bertdemo.runs.store import Runs
from bertdemo.runs.summary import full
from bertdemo.settings import Settings
from bertdemo.training.presets import Preset
from bertdemo.training.recipe import SETTINGS, Recipe

INTERRUPTED = 130  # the exit code of a command that Ctrl-C ended


def add(subparsers: Subparsers) -> None:
    """Add data and settings in two groups of arguments."""
    parser = add_command(subparsers, "train", "Fine-tune a base model and test the result.", run)
    parser.add_argument(
        "--data", required=True, metavar="NAME_OR_FILE", help="built-in name, file, or owner/name on the Hub"
    )
    add_columns(parser)
    parser.add_argument("--max-train", type=int, metavar="N", help="at most so many training texts")
    parser.add_argument("--name", default="", help="a name for the run (default: data, base, settings)")
    add_detach(parser)
    parser.add_argument("--preset", choices=get_args(Preset), default="standard", help="where the settings below start")
    _add_settings(parser)


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Find all that can be wrong with data and settings before a run is made."""
    given = _given(arguments)
    recipe_of(arguments.preset, given)  # what is wrong with a setting is said before the data are read
    dataset, usable, checkup = open_checked(arguments, settings)
    planned = plan(usable, arguments.preset, given, name=arguments.name, max_train=arguments.max_train)
    runs, origin = Runs(settings), planned.split.origin
    run_id = runs.submit(planned.split, planned.recipe, planned.name)
    for line in (*reading_lines(dataset), *([origin] if origin else ()), *checkup.findings()):
        output.remark(line)
    return follow_or_leave(runs, run_id, output, detach=arguments.detach, about=reading_values(dataset))


def add_detach(parser: Parser) -> None:
    """Add whether to wait for the end of the run."""
    parser.add_argument("--detach", action="store_true", help="do not wait for the end")


def follow_or_leave(
    runs: Runs, run_id: str, output: Console, *, detach: bool, about: dict[str, Any] | None = None
) -> int:
    """Follow a run in the queue to its report, or print its id alone, in JSON with what else is known about it.

    Returns the exit code.
    """
    if detach:
        state = runs.get(run_id).status.state
        output.result({"run": run_id, "status": state.value} | (about or {}), [run_id])
        return 0
    try:
        ended = follow_run(runs, run_id, output)
    except KeyboardInterrupt:
        output.remark(_parting(runs, run_id))
        return INTERRUPTED
    values = _values(runs, ended)
    output.result(values, full_lines(values))
    return 0


def _parting(runs: Runs, run_id: str) -> str:
    """Return what becomes of the run: the second Ctrl-C may come before the first one was heard, or after the end."""
    state, request = runs.get(run_id).status.state, runs.folder(run_id).request()
    report = f"python -m bertdemo report {run_id}"
    if not state.is_live:
        return f"{run_id} is already {state}: {report} says what it kept."
    if request == "cancel":
        return f"{run_id} is being cancelled: nothing of it will be kept."
    if request == "stop":
        return f"{run_id} is ending by itself: {report} then says what it kept."
    return f"{run_id} goes on: python -m bertdemo stop {run_id} ends it."


def _values(runs: Runs, ended: Run) -> dict[str, Any]:
    report = runs.report(ended.id) if ended.status.state.has_model else None
    if report is None:
        error = RunError if ended.status.wrong_input else TrainingError
        raise error(ended.status.message)
    return full(ended, report, runs.folder(ended.id))


def _add_settings(parser: Parser) -> None:
    """Every field of the recipe as an option of the same name; left out, the preset's value holds."""
    group = parser.add_argument_group("settings")
    for field in fields(Recipe):
        option, kind = "--" + field.name.replace("_", "-"), type(field.default)
        explained = SETTINGS[field.name].help.replace("%", "%%")
        if kind is bool:
            group.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=explained)
        else:
            group.add_argument(option, type=kind, metavar=field.name[0].upper(), help=explained)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    chosen = {field.name: getattr(arguments, field.name) for field in fields(Recipe)}
    return {name: value for name, value in chosen.items() if value is not None}
