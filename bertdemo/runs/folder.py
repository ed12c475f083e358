"""The run folder: the truth about one run, and the only code that reads or writes it.

The folder is self-contained: copied into the ``runs`` folder of another home, it is a run there.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from bertdemo.data.dataset import Source, Split
from bertdemo.errors import RecipeError, RunError
from bertdemo.runs.failures import one_line, storage
from bertdemo.runs.metrics import append_event, read_events
from bertdemo.runs.records import DataCard, Request, State, Status
from bertdemo.runs.shapes import conforms, is_moment
from bertdemo.training.events import Event
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.evaluation.report import Report

_Value = TypeVar("_Value")

_LONGEST_NAME = 120
_LARGEST_PID = 2**31
_LOG_BYTES_A_LINE = 400  # read back from the end of the log for each line asked for


@dataclass(frozen=True)
class Asked:
    """What a person asked of a run, and when (Unix seconds)."""

    request: Request
    time: float


class RunFolder:
    """One run on disk. Files are replaced whole (status, request, report) or appended to (metrics, log).

    Every reading method raises ``RunError`` where its file is missing or damaged; every writing method raises
    ``StorageError`` where the disk does not let it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def model_path(self) -> Path:
        return self.path / "model"

    @property
    def log_path(self) -> Path:
        return self.path / "log.txt"

    def exists(self) -> bool:
        return self.path.is_dir()

    @classmethod
    def create(cls, path: Path, split: Split, recipe: Recipe, name: str, created: float) -> RunFolder:
        """Write everything a worker needs; the folder appears under its name complete or not at all."""
        from bertdemo.runs.samples import card_of, write_split

        draft = path.with_name(f".draft-{path.name}")
        folder = cls(draft)
        try:
            with storage(path.parent):
                draft.mkdir(parents=True)
                write_split(split, draft / "data.parquet")
            source = split.dataset.source
            about = {"created": created, "seed": split.seed, "source": asdict(source) if source else None}
            folder._write_json("data.json", asdict(card_of(split)) | about)
            folder._write_json("recipe.json", recipe.to_dict())
            folder.write_name(name or _printable(split.dataset.name)[:_LONGEST_NAME] or path.name)
            folder.write_status(Status(State.QUEUED, "Waiting for its turn.", created))
            with storage(path.parent):
                draft.rename(path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return cls(path)

    def remove(self) -> None:
        """Take the folder out of sight at once, then delete what is in it."""
        hidden = self.path.with_name(f".deleted-{self.id}-{secrets.token_hex(4)}")
        with storage(self.path):
            self.path.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)

    def recipe(self) -> Recipe:
        """How the run trains, or was to train."""
        try:
            recipe = Recipe.from_dict(self._read_json("recipe.json"))
        except RecipeError as error:
            raise RunError(f"The recipe of the run {self.id} cannot be used: {error}") from error
        except TypeError as error:
            raise self._damaged("recipe.json") from error
        return self._checked(recipe, "recipe.json")

    def data_card(self) -> DataCard:
        """Which data the run was made from, without its texts."""
        about = self._read_json("data.json")
        try:
            values = {field: about[field] for field in DataCard.__dataclass_fields__}
        except KeyError as error:
            raise self._damaged("data.json") from error
        if not isinstance(values["label_names"], list):  # a text would become a tuple of its letters
            raise self._damaged("data.json")
        return self._checked(DataCard(**values | {"label_names": tuple(values["label_names"])}), "data.json")

    def created(self) -> float:
        """When the run was submitted, in Unix seconds."""
        created = self._read_json("data.json").get("created", 0.0)
        if not is_moment(created):
            raise self._damaged("data.json")
        return float(created)

    def split(self) -> Split:
        """The texts of the run in their three parts.

        Raises:
            RunError: ``data.parquet`` is missing, or its texts are not those that the run was made with.
        """
        from bertdemo.runs.samples import read_split

        about, card = self._read_json("data.json"), self.data_card()
        try:
            source = Source(**about["source"]) if about.get("source") else None
        except TypeError as error:
            raise self._damaged("data.json") from error
        seed = self._checked(about.get("seed", 0), "data.json", int)
        self._checked(source, "data.json", Source | None)
        try:
            split = read_split(self.path / "data.parquet", card, seed, source)
        except (OSError, ValueError, LookupError, TypeError, NotImplementedError) as error:  # pyarrow's are among these
            raise self._damaged("data.parquet") from error
        if split.dataset.fingerprint != card.fingerprint:
            raise self._damaged("data.parquet")
        return split

    def name(self) -> str:
        try:
            return one_line((self.path / "name.txt").read_text("utf-8")) or self.id
        except (OSError, UnicodeDecodeError):
            return self.id

    def write_name(self, name: str) -> None:
        """Give the run a name for people: one line of at most 120 characters.

        Raises:
            RunError: the name is empty or too long.
        """
        line = _printable(name)
        if not 0 < len(line) <= _LONGEST_NAME:
            raise RunError(f"A name has 1 to {_LONGEST_NAME} characters, not {len(line)}: choose another.")
        self._replace("name.txt", line + "\n")

    def status(self) -> Status:
        """What the worker, or whoever last moved this run, wrote; whether it still holds is for others to judge."""
        values = self._read_json("status.json")
        try:
            status = self._checked(Status(**values | {"state": State(values["state"])}), "status.json")
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged("status.json") from error
        is_pid = status.pid is None or 0 < status.pid < _LARGEST_PID
        if not (is_moment(status.updated) and is_pid and status.step >= 0 and status.steps >= 0):
            raise self._damaged("status.json")
        return status

    def write_status(self, status: Status) -> None:
        self._write_json("status.json", asdict(status))

    def asked(self) -> Asked | None:
        """What a person asked for last. One missed file costs 2 µs: the loop looks at every step."""
        try:
            values = json.loads((self.path / "request.json").read_bytes())
            asked = Asked(values["request"], values["time"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return asked if asked.request in get_args(Request) and is_moment(asked.time) else None

    def request(self) -> Request | None:
        asked = self.asked()
        return asked.request if asked else None

    def write_request(self, request: Request) -> None:
        """Ask the worker to stop or to cancel; a later stop neither takes back nor renews a cancel."""
        if self.request() not in (request, "cancel"):
            self._write_json("request.json", {"request": request, "time": time.time()})

    def append(self, event: Event, now: float) -> None:
        with storage(self.path):
            append_event(self.path / "metrics.jsonl", event, now)

    def read_metrics(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The events after byte ``offset`` and the next offset: polling costs what was written since."""
        try:
            return read_events(self.path / "metrics.jsonl", offset)
        except OSError as error:
            raise self._damaged("metrics.jsonl") from error

    def log(self, last: int = 200) -> str:
        """The last lines of what the worker wrote, tracebacks included; empty before it began."""
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

    def has_model(self) -> bool:
        """Whether a best model so far was kept."""
        return self.model_path.is_dir() and any(self.model_path.glob("*.safetensors"))

    def discard_results(self) -> None:
        """Remove the model and the report of a cancelled run."""
        shutil.rmtree(self.model_path, ignore_errors=True)
        (self.path / "report.json").unlink(missing_ok=True)

    def report(self) -> Report | None:
        """What the run ended with; None while it has not been tested.

        Raises:
            RunError: the report is there and damaged.
        """
        from bertdemo.evaluation.report import Report, report_from_dict

        if not (self.path / "report.json").exists():
            return None
        try:
            return self._checked(report_from_dict(self._read_json("report.json")), "report.json", Report)
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged("report.json") from error

    def headline(self) -> tuple[float, float, float] | None:
        """Test accuracy, test macro-F1 and seconds of training for the list; None before the test."""
        if not (self.path / "report.json").exists():
            return None
        report = self._read_json("report.json")
        try:
            headline = report["test"]["accuracy"], report["test"]["macro_f1"], report["training"]["seconds"]
        except (KeyError, TypeError) as error:
            raise self._damaged("report.json") from error
        return self._checked(headline, "report.json", tuple[float, ...])

    def write_report(self, report: Report) -> None:
        from bertdemo.evaluation.report import report_to_dict

        self._write_json("report.json", report_to_dict(report))

    def versions(self) -> dict[str, Any]:
        """Libraries, machine and threads that the run was made with; empty before the worker wrote them."""
        return self._read_json("versions.json") if (self.path / "versions.json").exists() else {}

    def write_versions(self, versions: dict[str, Any]) -> None:
        self._write_json("versions.json", versions)

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
        draft = self.path / f".{file_name}-{secrets.token_hex(4)}"
        with storage(self.path):
            try:
                draft.write_bytes(text.encode("utf-8", "surrogatepass"))
                draft.replace(self.path / file_name)
            finally:
                draft.unlink(missing_ok=True)

    def _checked(self, value: _Value, file_name: str, hint: Any = None) -> _Value:
        if not conforms(value, hint or type(value)):
            raise self._damaged(file_name)
        return value

    def _damaged(self, file_name: str) -> RunError:
        return RunError(f"The run {self.id} is damaged ({file_name} cannot be read): restore it, or delete the run.")


def _printable(text: str) -> str:
    """``text`` on one line, without characters that a screen cannot show."""
    return one_line("".join(character if character.isprintable() else " " for character in text))
