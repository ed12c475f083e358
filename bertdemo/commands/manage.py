"""``stop``, ``cancel``, ``test``, ``rename`` and ``delete RUN``: what may be done to a run."""

from __future__ import annotations

import argparse

from bertdemo.commands.console import Console, Subparsers, add_command, add_run
from bertdemo.commands.following import Teller
from bertdemo.commands.train import add_detach, follow_or_leave
from bertdemo.errors import RunError
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.following import follow


def add_stop(subparsers: Subparsers) -> None:
    """Add the arguments: a run."""
    add_run(add_command(subparsers, "stop", "End a run early and keep the best model so far.", _stop))


def _stop(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Ask, and say how the run stands; it ends after the step it is in, and is tested then."""
    runs = Runs(settings)
    runs.stop(arguments.id)
    state = runs.get(arguments.id).status.state
    ending = f"{arguments.id} will end after this step and be tested." if state.is_live else f"{arguments.id}: {state}."
    output.result({"run": arguments.id, "status": state.value}, [ending])
    return 0


def add_cancel(subparsers: Subparsers) -> None:
    """Add the arguments: a run."""
    add_run(add_command(subparsers, "cancel", "End a run and keep nothing of it.", _cancel))


def _cancel(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Wait for the end: only who looks at the run can end a worker that does not react."""
    runs = Runs(settings)
    runs.cancel(arguments.id)
    teller = Teller(runs, arguments.id, output, from_now=True)
    for run in follow(runs, arguments.id):
        teller.look(run)
    state = run.status.state
    output.result({"run": arguments.id, "status": state.value}, [f"{arguments.id}: {state}."])
    return 0


def add_test(subparsers: Subparsers) -> None:
    """Add the arguments: a run, and whether to wait."""
    parser = add_command(subparsers, "test", "Test the best model that an interrupted run kept, to use it.", _test)
    add_run(parser)
    add_detach(parser)


def _test(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Let the test wait in the queue as a run does."""
    runs = Runs(settings)
    runs.test(arguments.id)
    return follow_or_leave(runs, arguments.id, output, detach=arguments.detach)


def add_rename(subparsers: Subparsers) -> None:
    """Add the arguments: a run and its new name."""
    parser = add_command(subparsers, "rename", "Give a run another name.", _rename)
    add_run(parser)
    parser.add_argument("name", metavar="NAME", help="the new name, one line")


def _rename(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print the name as it was kept."""
    runs = Runs(settings)
    runs.rename(arguments.id, arguments.name)
    name = runs.folder(arguments.id).name()
    output.result({"run": arguments.id, "name": name}, [f"{arguments.id} is now called {name}."])
    return 0


def add_delete(subparsers: Subparsers) -> None:
    """Add the arguments: a run, and a word that it is meant."""
    parser = add_command(subparsers, "delete", "Remove a run for good.", _delete)
    add_run(parser)
    parser.add_argument("--yes", action="store_true", help="yes, its model, its report and its studies, too")


def _delete(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Refuse without ``--yes``, with the name of the run."""
    from bertdemo.studies.store import Studies

    folder = Runs(settings).writable_folder(arguments.id)
    if not arguments.yes:
        raise RunError(f"Deleting {folder.name()!r} cannot be undone: add --yes if that is what you want.")
    Studies(settings).delete_run(arguments.id)
    output.result({"run": arguments.id, "deleted": True}, [f"{arguments.id} is deleted."])
    return 0
