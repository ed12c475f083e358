"""The run folder: the truth about one run, and the only code that reads or writes it.

The folder is self-contained: copied into the ``runs`` folder of another home, it is a run there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo import drafts
from bertdemo.data.dataset import Source, Split
from bertdemo.errors import RecipeError, RunError
from bertdemo.lines import one_line, printable
from bertdemo.models.files import is_whole
from bertdemo.runs.metrics import append_event, best_step, read_events, summarise
from bertdemo.runs.records import LONGEST_NAME, DataCard
from bertdemo.tasks.codec import is_plain
from bertdemo.tasks.failures import storage
from bertdemo.tasks.folder import TaskFolder, drafted
from bertdemo.tasks.records import State, Status
from bertdemo.training.events import Event
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.metrics import Answers
    from bertdemo.evaluation.report import Report, TrainingSummary

_ANSWERS = "answers.parquet"
_STEP = "step.json"  # beside a model: after which step of training it was kept


class RunFolder(TaskFolder):
    """One run on disk. Files are replaced whole (status, request, report) or appended to (metrics, log).

    Every reading method raises ``RunError`` where its file is missing or damaged; every writing method raises
    ``StorageError`` where the disk does not let it.
    """

    kind = "run"
    read_only = False
    card_name = "data.json"

    @property
    def model_path(self) -> Path:
        return self.path / "model"

    def places(self) -> tuple[Path, ...]:
        """Add the model's folder. What comes with the app is nobody's to tidy."""
        return () if self.read_only else (self.path, self.model_path)

    @classmethod
    def create(cls, path: Path, split: Split, recipe: Recipe, name: str, created: float) -> RunFolder:
        """Write everything a worker needs; the folder appears under its name complete or not at all."""
        from bertdemo.runs.parquet import card_of, write_split

        with drafted(path) as draft:
            folder = cls(draft)
            with storage(path.parent):
                write_split(split, draft / "data.parquet")
            source = split.dataset.source
            about = {"created": created, "seed": split.seed, "source": asdict(source) if source else None}
            folder._write_json("data.json", asdict(card_of(split)) | about)
            folder._write_json("recipe.json", recipe.to_dict())
            folder.write_name(name or printable(split.dataset.name)[:LONGEST_NAME] or path.name)
            folder.write_status(Status(State.QUEUED, "Waiting for its turn.", created))
        return cls(path)

    def recipe(self) -> Recipe:
        """Return how the run trains, or was to train."""
        try:
            recipe = Recipe.from_dict(self._read_json("recipe.json"))
        except RecipeError as error:
            raise RunError(f"The recipe of the run {self.id} cannot be used: {error}") from error
        except TypeError as error:
            raise self._damaged("recipe.json") from error
        checked: Recipe = self._as(Recipe, recipe.to_dict(), "recipe.json")
        return checked

    def data_card(self) -> DataCard:
        """Return which data the run was made from, without its texts."""
        return self._read_record(DataCard, "data.json")

    def source(self) -> Source | None:
        """Return where the data comes from, if it said so."""
        source: Source | None = self._as(Source | None, self._read_json("data.json").get("source"), "data.json")
        return source

    def split(self) -> Split:
        """Return the texts of the run in their three parts.

        Raises:
            RunError: ``data.parquet`` is missing, or its texts are not those that the run was made with.
        """
        from bertdemo.runs.parquet import read_split

        card, seed = self.data_card(), self._as(int, self._read_json("data.json").get("seed", 0), "data.json")
        try:
            split = read_split(self.path / "data.parquet", card, seed, self.source())
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
        line = printable(name)
        if not 0 < len(line) <= LONGEST_NAME:
            raise RunError(f"A name has 1 to {LONGEST_NAME} characters, not {len(line)}: choose another.")
        self._replace("name.txt", line + "\n")

    def append(self, event: Event, now: float) -> None:
        with storage(self.path):
            append_event(self.path / "metrics.jsonl", event, now)

    def read_metrics(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the events after byte ``offset`` and the next offset: polling costs what was written since."""
        try:
            return read_events(self.path / "metrics.jsonl", offset)
        except OSError as error:
            raise self._damaged("metrics.jsonl") from error

    def has_model(self) -> bool:
        """Return whether a best model so far was kept."""
        return self.model_path.is_dir() and any(self.model_path.glob("*.safetensors"))

    def has_whole_model(self) -> bool:
        """Return whether a best model so far was kept, with all its files: it can be tested."""
        drafts.recover(self.model_path)
        return is_whole(self.model_path)

    def keep_model(self, save: Callable[[Path], None], step: int) -> None:
        """Have ``save`` write the best model so far, with its step: it takes the place of the one before, whole.

        Raises:
            OSError: the disk does not let it.
        """
        with drafts.drafted(self.model_path) as draft:
            save(draft)
            (draft / _STEP).write_text(json.dumps({"step": step}), encoding="utf-8")

    def summary_so_far(self, *, interrupted: bool) -> TrainingSummary:
        """Return what training cost, of a run whose process was killed after it kept a model."""
        place, events = f"{self.model_path.name}/{_STEP}", self.read_metrics()[0]
        if (self.path / place).exists():
            step = self._as(int, self._read_json(place).get("step", 0), place)
        else:  # older versions noted it in the events alone
            step = best_step(events)
        try:
            return summarise(events, step, interrupted=interrupted)
        except ValueError as error:
            raise self._damaged("metrics.jsonl") from error

    def waiting_again(self, ended: Status, now: float) -> Status:
        """Let the model that an ended run kept be tested: that is what is left to do."""
        return replace(super().waiting_again(ended, now), only_test=True, trained=ended.trained)

    def withdrawn(self, waiting: Status, message: str, now: float) -> Status:
        """Leave a run as it was whose test does not begin; a cancel keeps nothing of it."""
        if not waiting.only_test:
            return super().withdrawn(waiting, message, now)
        if self.request() == "cancel":
            return Status(State.CANCELLED, self.on_cancelled(), now)
        ended = replace(waiting, state=State.INTERRUPTED, updated=now, only_test=False)
        return replace(ended, message=self.interrupted_message(ended))

    def on_cancelled(self) -> str:
        """Remove the model, the report and the answers of a cancelled run."""
        drafts.recover(self.model_path)  # it would come back later
        with contextlib.suppress(OSError):
            drafts.discard(self.model_path)
        for name in ("report.json", _ANSWERS):
            (self.path / name).unlink(missing_ok=True)
        return "Cancelled: nothing was kept."

    def interrupted_message(self, status: Status) -> str:
        """Return where training was, and whether a whole model lies there.

        One that was never tested is offered nowhere.
        """
        where = f"at step {status.step:,} of {status.steps:,}" if status.steps else "before training began"
        if status.trained:
            where = "in the test after training"
        ended = (
            f"The training process ended {where} without a word (killed, no memory or disk left, or the machine "
            "went down) and left no tested classifier"
        )
        if not self.has_whole_model():
            return f"{ended}: start the run again."
        test = f"python -m bertdemo test {self.id}"
        return f"{ended}. The best model until then is whole: test it to use it ({test}), or start the run again."

    def report(self) -> Report | None:
        """Return what the run ended with; None while it has not been tested.

        Raises:
            RunError: the report is there and damaged.
        """
        from bertdemo.evaluation.report import Report

        if not (self.path / "report.json").exists():
            return None
        return self._read_record(Report, "report.json")

    def headline(self) -> tuple[float, float, float] | None:
        """Test accuracy, test macro-F1 and seconds of training for the list; None before the test."""
        if not (self.path / "report.json").exists():
            return None
        report = self._read_json("report.json")
        try:
            headline = report["test"]["accuracy"], report["test"]["macro_f1"], report["training"]["seconds"]
        except (KeyError, TypeError) as error:
            raise self._damaged("report.json") from error
        scores: tuple[float, float, float] = self._as(tuple[float, ...], headline, "report.json")
        return scores

    def write_report(self, report: Report) -> None:
        self._write_json("report.json", asdict(report))

    def answers(self) -> Answers | None:
        """Return what the classifier answered when it was tested; None before, and for runs of older versions.

        Raises:
            RunError: the answers are there and damaged, or are not those to the texts of this run.
        """
        from bertdemo.runs.parquet import read_answers

        path = self.path / _ANSWERS
        if not path.exists():
            return None
        try:
            return read_answers(path, self.data_card())
        except (OSError, ValueError, LookupError, TypeError, NotImplementedError) as error:  # pyarrow's are among these
            raise self._damaged(_ANSWERS) from error

    def write_answers(self, answers: Answers) -> None:
        """Keep the logits and labels of validation and test, whole or not at all."""
        from bertdemo.runs.parquet import write_answers

        with storage(self.path), drafts.drafted(self.path / _ANSWERS) as draft:
            write_answers(answers, draft)

    def temperature(self) -> float:
        """Return by which the classifier of this run divides its logits; 1 in runs of older versions.

        Raises:
            RunError: there is no model, or its card is damaged.
        """
        card = f"{self.model_path.name}/classifier.json"
        temperature = self._read_json(card).get("temperature", 1.0)
        if not is_plain(temperature, float) or not 0 < temperature < inf:
            raise self._damaged(card)
        return float(temperature)

    def analysis(self) -> Analysis | None:
        """Return what the answers tell; None before the test, and for runs of older versions.

        Raises:
            RunError: the answers or the model's card are damaged.
        """
        from bertdemo.evaluation.analysis import Analysis

        answers = self.answers()
        if answers is None:
            return None
        return Analysis(answers, self.data_card().label_names, self.temperature(), self.split)

    def versions(self) -> dict[str, Any]:
        """Return libraries, machine and threads that the run was made with; empty before the worker wrote them."""
        return self._read_json("versions.json") if (self.path / "versions.json").exists() else {}

    def write_versions(self, versions: dict[str, Any]) -> None:
        self._write_json("versions.json", versions)
