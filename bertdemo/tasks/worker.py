"""What the workers of jobs and of studies have in common: to take over, to heed a cancel, to end with one sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bertdemo.errors import BertDemoError, StorageError
from bertdemo.settings import Settings
from bertdemo.tasks.failures import is_wrong_input, sentence
from bertdemo.tasks.heartbeat import Pulse
from bertdemo.tasks.records import State
from bertdemo.tasks.resumable import PieceFolder
from bertdemo.tasks.spare_worker import wait_for_work
from bertdemo.tasks.store import Works

_Folder = TypeVar("_Folder", bound=PieceFolder)

_log = logging.getLogger(__name__)


class Cancelled(Exception):  # noqa: N818 - not an error: a person asked for it
    """A person wants no more pieces."""


def heed(folder: PieceFolder) -> None:
    """Leave the work if a person asked for its end.

    Raises:
        Cancelled: they did.
    """
    if folder.request() == "cancel":
        raise Cancelled


def named_folder(
    arguments: Sequence[str] | None, open_folder: Callable[[Path], _Folder], import_everything: Callable[[], None]
) -> _Folder:
    """The folder that the command line names, or, with ``--wait``, standard input; the log of a worker is set up."""
    (path,) = sys.argv[1:] if arguments is None else arguments
    if path == "--wait":
        path, imported = wait_for_work(import_everything, open_folder)
        imported()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("bertdemo").setLevel(logging.INFO)
    return open_folder(Path(path))


def carry_out(folder: _Folder, works: Works[_Folder], do: Callable[[Pulse], None], finished: str) -> State:
    """Do the work in this process and return the state it ended in; every way out is told in one sentence.

    Args:
        folder: what is to be done.
        works: those of this kind in its home.
        do: all that is left to do; it heeds a cancel.
        finished: what is said at the end of all.
    """
    try:
        pulse = works.take_over(folder)
        if pulse is None:  # cancelled, or given up as dead, before this process was up
            return folder.status().state
    except BertDemoError:
        # There is no status to write. The readers see that this process is gone and say so.
        _log.exception("the %s could not be taken over", folder.kind)
        return State.FAILED
    try:
        with pulse.beating():
            do(pulse)
        return _end(pulse, State.FINISHED, finished)
    except Cancelled:
        return _last_words(folder, pulse, State.CANCELLED, folder.wind_up_cancelled())
    except Exception as error:  # noqa: BLE001 - logged with its traceback, and told in the status
        _log.error("the %s ends here", folder.kind, exc_info=error)
        return _last_words(folder, pulse, State.FAILED, sentence(error), wrong_input=is_wrong_input(error))


def home_of(folder: PieceFolder) -> Settings:
    """The settings of the home that a folder lies in."""
    return Settings(folder.path.parents[1])


def _end(pulse: Pulse, state: State, message: str, *, wrong_input: bool = False) -> State:
    pulse.say(state, message, remaining=None, wrong_input=wrong_input)
    _log.info("%s: %s", state, message)
    return state


def _last_words(folder: PieceFolder, pulse: Pulse, state: State, message: str, *, wrong_input: bool = False) -> State:
    """End before the last piece; where not even that can be written, the readers see that this process is gone."""
    try:
        return _end(pulse, state, message, wrong_input=wrong_input)
    except StorageError:
        _log.exception("the final state of %s could not be written", folder.id)
        return State.FAILED
