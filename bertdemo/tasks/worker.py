"""The life of a worker of jobs and studies: take the task over, look for a cancel, end with one sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bertdemo.errors import BertDemoError, CancelledError, StorageError
from bertdemo.settings import Settings
from bertdemo.tasks.failures import is_wrong_input, sentence
from bertdemo.tasks.heartbeat import StatusWriter
from bertdemo.tasks.records import State
from bertdemo.tasks.resumable import ResumableTaskFolder
from bertdemo.tasks.spare_worker import wait_for_work
from bertdemo.tasks.store import TaskStore

_Folder = TypeVar("_Folder", bound=ResumableTaskFolder)

_log = logging.getLogger(__name__)


def raise_if_cancelled(folder: ResumableTaskFolder) -> None:
    """Leave the work if a person asked for its end.

    Raises:
        CancelledError: they did.
    """
    if folder.request() == "cancel":
        raise CancelledError


def named_folder(
    arguments: Sequence[str] | None, open_folder: Callable[[Path], _Folder], import_everything: Callable[[], None]
) -> _Folder:
    """Return the folder that the command line names, or, with ``--wait``, standard input.

    The log of a worker is set up.
    """
    (path,) = sys.argv[1:] if arguments is None else arguments
    if path == "--wait":
        path, imported = wait_for_work(import_everything, open_folder)
        imported()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("bertdemo").setLevel(logging.INFO)
    return open_folder(Path(path))


def run_task(folder: _Folder, works: TaskStore[_Folder], do: Callable[[StatusWriter], None], finished: str) -> State:
    """Do the work in this process and return the state it ended in; every way out is told in one sentence.

    Args:
        folder: what is to be done.
        works: those of this kind in its home.
        do: all that is left to do; it heeds a cancel.
        finished: what is said at the end of all.
    """
    try:
        writer = works.take_over(folder)
        if writer is None:  # cancelled, or given up as dead, before this process was up
            return folder.status().state
    except BertDemoError:
        # There is no status to write. The readers see that this process is gone and say so.
        _log.exception("the %s could not be taken over", folder.kind)
        return State.FAILED
    try:
        with writer.heartbeats():
            do(writer)
        return _end(writer, State.FINISHED, finished)
    except CancelledError:
        return _last_words(folder, writer, State.CANCELLED, folder.on_cancelled())
    except Exception as error:  # noqa: BLE001 - logged with its traceback, and told in the status
        _log.error("the %s ends here", folder.kind, exc_info=error)
        return _last_words(folder, writer, State.FAILED, sentence(error), wrong_input=is_wrong_input(error))


def home_of(folder: ResumableTaskFolder) -> Settings:
    """Return the settings of the home that a folder lies in."""
    return Settings(folder.path.parents[1])


def _end(writer: StatusWriter, state: State, message: str, *, wrong_input: bool = False) -> State:
    writer.update(state, message, remaining=None, wrong_input=wrong_input)
    _log.info("%s: %s", state, message)
    return state


def _last_words(
    folder: ResumableTaskFolder, writer: StatusWriter, state: State, message: str, *, wrong_input: bool = False
) -> State:
    """End before the last piece; where not even that can be written, the readers see that this process is gone."""
    try:
        return _end(writer, state, message, wrong_input=wrong_input)
    except StorageError:
        _log.exception("the final state of %s could not be written", folder.id)
        return State.FAILED
