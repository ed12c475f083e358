"""What the folders of runs and of jobs have in common: a status, a request, a log, and files replaced whole."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from bertdemo import drafts
from bertdemo.errors import RunError
from bertdemo.processes import booted, this_machine
from bertdemo.tasks.codec import from_json, is_timestamp
from bertdemo.tasks.failures import storage
from bertdemo.tasks.records import Request, State, Status

_Value = TypeVar("_Value")

_LOG_BYTES_A_LINE = 400  # read back from the end of the log for each line asked for


@dataclass(frozen=True)
class TimedRequest:
    """What a person asked of a run or a job, and when (Unix seconds)."""

    request: Request
    time: float
    boot: str = ""  # of the machine it was asked on
    booted: float | None = None  # ``processes.booted`` at ``time``: has the clock been set since?

    def seconds_ago(self, now: float) -> float:
        """Return how long ago that was, whatever the clock of this machine was set to since.

        On another machine the clocks are all there is.
        """
        is_ours = self.boot != "" and self.boot == this_machine().boot
        return now - self.time - (booted() - self.booted if is_ours and self.booted is not None else 0.0)


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Make a new folder to be filled; it appears at ``path`` complete or not at all."""
    with storage(path.parent), drafts.drafted(path) as draft:
        draft.mkdir(parents=True)
        yield draft


class TaskFolder(ABC):
    """Work on disk that a process of its own does; the folder is named by the id of the work.

    Every reading method raises ``RunError`` where its file is missing or damaged; every writing method raises
    ``StorageError`` where the disk does not let it.
    """

    kind: ClassVar[str]  # what this is called in sentences
    card_name: ClassVar[str]  # the file that says since when this is here

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def home(self) -> Path:
        """Return the home that this lies in."""
        return self.path.parents[1]

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    @property
    def lock_path(self) -> Path:
        return self.path / "worker.lock"

    def exists(self) -> bool:
        return self.path.is_dir()

    def remove(self) -> None:
        """Take the folder out of sight at once, then delete what is in it."""
        with storage(self.path):
            drafts.discard(self.path)

    def places(self) -> tuple[Path, ...]:
        """Return the folders in which a process that was killed may have left a draft."""
        return (self.path,)

    def created(self) -> float:
        """Return when this was submitted, in Unix seconds."""
        created = self._read_json(self.card_name).get("created", 0.0)
        if not is_timestamp(created):
            raise self._damaged(self.card_name)
        return float(created)

    def status(self) -> Status:
        """Return what the worker, or whoever last moved this on, wrote.

        Whether it still holds is for others to judge.
        """
        status = self._read_record(Status, "status.json")
        counts = (status.step, status.steps, status.returned)
        if not (is_timestamp(status.updated) and min(counts) >= 0):
            raise self._damaged("status.json")
        return status

    def write_status(self, status: Status) -> None:
        self._write_json("status.json", asdict(status))

    def asked(self) -> TimedRequest | None:
        """Return what a person asked for last. One missed file costs 2 µs: the loop looks at every step."""
        try:
            asked: TimedRequest = from_json(TimedRequest, json.loads((self.path / "request.json").read_bytes()))
        except (OSError, ValueError, RecursionError):
            return None
        return asked if is_timestamp(asked.time) else None

    def request(self) -> Request | None:
        asked = self.asked()
        return asked.request if asked else None

    def write_request(self, request: Request) -> None:
        """Ask the worker to stop or to cancel; a later stop neither takes back nor renews a cancel."""
        if self.request() not in (request, "cancel"):
            self._write_json("request.json", asdict(TimedRequest(request, time.time(), this_machine().boot, booted())))

    def queue_again(self, now: float) -> None:
        """Let what has ended wait for a worker again; what a person asked of it before is forgotten."""
        with storage(self.path):
            (self.path / "request.json").unlink(missing_ok=True)
        self.write_status(self.waiting_again(self.status(), now))

    def waiting_again(self, ended: Status, now: float) -> Status:
        """Return the status of what has ended with ``ended`` and is to wait for a worker again."""
        return Status(State.QUEUED, "Waiting for its turn.", now, step=ended.step, steps=ended.steps)

    def withdrawn(self, waiting: Status, message: str, now: float) -> Status:  # noqa: ARG002 - a run asks for it
        """Return the status of what is cancelled while it waits; ``message`` says that it never began."""
        return Status(State.CANCELLED, message, now)

    def log(self, last: int = 200) -> str:
        """Return the last lines of what the worker wrote, tracebacks included; empty before it began."""
        try:
            with self.log_path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - last * _LOG_BYTES_A_LINE))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._damaged("log.txt") from error
        return "\n".join(text.splitlines()[-last:])

    @abstractmethod
    def on_cancelled(self) -> str:
        """Remove what a cancel leaves of no use, and say in a sentence what is left."""

    @abstractmethod
    def interrupted_message(self, status: Status) -> str:
        """Return what became of the work whose process is gone and what to do, in one sentence."""

    def _read_json(self, file_name: str) -> dict[str, Any]:
        try:
            values = json.loads((self.path / file_name).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise self._damaged(file_name) from error
        if not isinstance(values, dict):
            raise self._damaged(file_name)
        return values

    def _write_json(self, file_name: str, values: dict[str, Any]) -> None:
        self._replace(file_name, json.dumps(values, indent=1, ensure_ascii=False) + "\n")

    def _replace(self, file_name: str, text: str) -> None:
        """Readers see the old file or the new one; each writer has a temporary file of its own."""
        with storage(self.path), drafts.drafted(self.path / file_name) as draft:
            draft.write_bytes(text.encode("utf-8", "surrogatepass"))

    def _read_record(self, kind: type[_Value], file_name: str) -> _Value:
        record: _Value = self._as(kind, self._read_json(file_name), file_name)
        return record

    def _as(self, hint: Any, value: Any, file_name: str) -> Any:
        """Return a value of a file as its type says."""
        try:
            return from_json(hint, value)
        except ValueError as error:
            raise self._damaged(file_name) from error

    def _damaged(self, file_name: str) -> RunError:
        remedy = f"restore it, or delete the {self.kind}"
        return RunError(f"The {self.kind} {self.id} is damaged ({file_name} cannot be read): {remedy}.")
