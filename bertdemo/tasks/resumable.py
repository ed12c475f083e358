"""Work that is done piece by piece, each kept as it is done: a process killed anywhere is followed by one that goes on.

Jobs (tables that are predicted) and studies (texts that are explained) are such work.
"""

from __future__ import annotations

import logging
import re
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, TypeVar

from bertdemo.errors import BertDemoError, RunError
from bertdemo.tasks.failures import storage
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.store import TaskStore

_PART = re.compile(r"([0-9]{6})\.[a-z]+")
_TAKEN_UP = "taken_up.json"

_log = logging.getLogger(__name__)


class ResumableTaskFolder(TaskFolder):
    """Work on disk with a file in ``parts`` for each piece that is done, which appears whole or not at all."""

    part_ending: ClassVar[str]  # of the files in ``parts``

    def resumes_by_itself(self) -> bool:
        """Return whether it is taken up once it was killed.

        Once at each place, as what kills it there may do so for ever.
        """
        if not (self.path / _TAKEN_UP).exists():
            return True
        parts: object = self._read_json(_TAKEN_UP).get("parts")
        return isinstance(parts, int) and len(self.done()) > parts

    def note_resumed(self) -> None:
        """Remember at which place it went on by itself."""
        self._write_json(_TAKEN_UP, {"parts": len(self.done())})

    def forget_resumed(self) -> None:
        """Forget where it resumed: a person wants it to go on, and it gets all its chances again."""
        with storage(self.path):
            (self.path / _TAKEN_UP).unlink(missing_ok=True)

    def places(self) -> tuple[Path, ...]:
        """Add the folder of the parts."""
        return (self.path, self.path / "parts")

    def done(self) -> set[int]:
        """Return the numbers of the pieces that are done and kept."""
        try:
            names = [path.name for path in (self.path / "parts").iterdir()]
        except OSError as error:
            raise self._damaged("parts") from error
        return {int(match[1]) for name in names if (match := _PART.fullmatch(name))}

    def part_path(self, piece: int) -> Path:
        return self.path / "parts" / f"{piece:06d}.{self.part_ending}"

    @abstractmethod
    def part(self, piece: int) -> object:
        """Return what is kept of a piece.

        Raises:
            RunError: its file is damaged.
        """

    def drop_damaged_parts(self) -> None:
        """Remove parts that a failing disk spoilt, so that they are done again."""
        for piece in self.done():
            try:
                self.part(piece)
            except RunError:
                _log.warning("part %d is damaged and will be done again", piece)
                with storage(self.path):
                    self.part_path(piece).unlink(missing_ok=True)

    def on_cancelled(self) -> str:
        """Keep what is done."""
        return f"Cancelled after {self.so_far()}: it can be resumed there."

    def interrupted_message(self, status: Status) -> str:  # noqa: ARG002 - the parts tell more than the last status
        """Return how far it got, and whether it goes on by itself."""
        ending = "it goes on from there" if self.resumes_by_itself() else "it can be resumed there"
        return (
            f"The process of this {self.kind} ended after {self.so_far()} without a word (killed, no memory or disk "
            f"left, or the machine went down): {ending}."
        )

    @abstractmethod
    def so_far(self) -> str:
        """Return how much is done, in words: ``8 of 12 rows``."""


_Folder = TypeVar("_Folder", bound=ResumableTaskFolder)


class ResumableTaskStore(TaskStore[_Folder]):
    """The works of one kind in a home; looking at them lets one that was killed go on by itself.

    One that is killed at the same place again (what killed it may do so for ever) waits for ``resume``.
    """

    def cancel(self, task_id: str) -> None:
        """Ask one to end, and return at once; what is done is kept, and ``resume`` goes on from there.

        A worker that still loads is ended here, and one that does not react within 10 s by whoever looks then: a piece
        appears whole or not at all, so that nothing half done is left.

        Raises:
            RunError: it has already ended.
        """
        self._ask(task_id, "cancel", "Cancelled before it began.")
        self._dispatcher.end_while_loading(self.folder(task_id))
        self._dispatch_quietly()

    def resume(self, task_id: str) -> None:
        """Put one that was killed, failed or cancelled in line again; nothing is done twice.

        Raises:
            RunError: it is live or finished.
        """
        folder = self.folder(task_id)
        status = self._dispatcher.refresh_status(folder)
        if not can_resume(status.state):
            raise RunError(f"The {folder.kind} {task_id} is {status.state}: there is nothing to resume.")
        folder.forget_resumed()
        self._dispatcher.requeue(folder, status)
        self._dispatch_quietly()

    def _refresh(self, folder: _Folder) -> Status:
        """Return the status of one; if it was killed for the first time at this place, it goes on by itself."""
        goes_on = folder.resumes_by_itself()  # asked before: who looks at the same moment may take it up meanwhile
        status = self._dispatcher.refresh_status(folder)
        if status.state is State.INTERRUPTED and goes_on:
            if self._dispatcher.requeue(folder, status):
                folder.note_resumed()
            self._dispatch_quietly()
            return folder.status()
        return status

    def _refreshed(self) -> list[tuple[_Folder, Status, int | None]]:
        """Every folder with its status, or the sentence on why it has none, and its place in the queue (1 = next)."""
        self._dispatch_quietly()
        folders = self._dispatcher.folders()
        statuses = {folder.id: self._refresh_or_explain(folder) for folder in folders}
        positions = self._positions([each for each in folders if statuses[each.id].state is State.QUEUED])
        return [(folder, statuses[folder.id], positions.get(folder.id)) for folder in folders]

    def _refreshed_one(self, task_id: str) -> tuple[_Folder, Status, int | None]:
        """Return the same of one.

        Raises:
            RunError: there is none of that id, or it is damaged.
        """
        folder = self.folder(task_id)
        self._dispatch_quietly()
        status = self._refresh(folder)
        positions = self._positions([folder] if status.state is State.QUEUED else [])
        return folder, status, positions.get(folder.id)

    def _refresh_or_explain(self, folder: _Folder) -> Status:
        try:
            return self._refresh(folder)
        except BertDemoError as error:
            return Status(State.FAILED, str(error), self._clock())


def can_resume(state: State) -> bool:
    """Return whether work in this state ended before its last piece and would go on where it stands."""
    return state in (State.INTERRUPTED, State.FAILED, State.CANCELLED)
