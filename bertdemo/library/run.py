"""A run, one fine-tuning with all that it leaves behind, and ``fine_tune``, which makes one of a data set."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.dataset import Dataset
from bertdemo.errors import DataError, RunError, TrainingError
from bertdemo.library import notebooks
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.runs import records
    from bertdemo.runs.planning import Plan
    from bertdemo.runs.store import Runs
    from bertdemo.training.presets import Preset


def settings_for(home: str | Path | None) -> Settings:
    """Return the settings of the environment, with another home where one is given."""
    settings = Settings.from_environment(os.environ)
    return settings if home is None else replace(settings, home=Path(home).expanduser().resolve())


@dataclass(frozen=True)
class Run:
    """One fine-tuning, kept as a folder in a home: pages and commands show the same run.

    Args:
        id: as pages, ``fine_tune`` and the command ``runs`` name it.
        home: the folder that keeps the runs; None for ``BERTDEMO_HOME`` or ``~/.bertdemo``.

    Raises:
        RunError: there is no such run.

    Example:
        >>> import bertdemo
        >>> bertdemo.Run("starter-sms-spam").status
        'finished'
    """

    id: str
    home: Path | None = None
    _store: Runs | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "home", settings_for(self.home).home)
        self._runs.folder(self.id)

    @cached_property
    def _runs(self) -> Runs:
        from bertdemo.runs.store import Runs

        return self._store or Runs(settings_for(self.home))

    @property
    def name(self) -> str:
        """What people call it."""
        return self._record().name

    @property
    def status(self) -> str:
        """Where it stands: ``queued``, ``starting``, ``training``, ``testing``, or how it ended (``finished``, …)."""
        return self._record().status.state.value

    @property
    def accuracy(self) -> float | None:
        """The share of the test texts that it labels correctly; None before the test."""
        return self._record().accuracy

    @property
    def macro_f1(self) -> float | None:
        """The mean F1 of the labels on the test texts; None before the test."""
        return self._record().macro_f1

    def report(self) -> dict[str, Any]:
        """Return all scores, the same as ``python -m bertdemo report --json`` prints.

        Raises:
            RunError: it has not been tested.

        Example:
            >>> import bertdemo
            >>> bertdemo.Run("starter-sms-spam").report()["test"]["n"]
            453
        """
        from bertdemo.runs.summary import full

        record, report = self._record(), self._runs.report(self.id)
        if report is None:
            raise RunError(f"The run {self.id} is {record.status.state} and has no report: {record.status.message}")
        return full(record, report, self._runs.folder(self.id))

    def events(self) -> list[dict[str, Any]]:
        """Return what training reported so far, oldest first; ``kind`` is started, step, validation or note."""
        return self._runs.metrics(self.id)

    def wait(self, progress: Callable[[str], None] | None = None) -> Run:
        """Wait until the run has ended. Ctrl-C stops the training: the best model so far is kept and tested.

        Args:
            progress: called with a line for the plan, each validation and each note; ``print`` will do.

        Returns:
            The run itself.

        Raises:
            RunError: it cannot be trained as it was asked for.
            TrainingError: it ended without a tested classifier.
            KeyboardInterrupt: Ctrl-C a second time; the run goes on to its end by itself.
        """
        from bertdemo.runs.reporting import News
        from bertdemo.tasks.following import until_ended

        news = News(self._runs.folder(self.id))

        def look(_: records.Run) -> None:
            for line in news.lines():
                if progress is not None:
                    progress(line)

        status = until_ended(self._runs, self.id, look, self._runs.stop).status
        if not status.state.has_model:
            raise (RunError if status.wrong_input else TrainingError)(status.message)
        return self

    def to_notebook(self, file: str | Path) -> Path:
        """Write the steps that made the run as a notebook (``.ipynb``), which makes it again.

        Args:
            file: where to; one that is there is replaced.

        Returns:
            The path of the file.

        Raises:
            RunError: the data of the run are missing or damaged.
            StorageError: the file cannot be written.
        """
        from bertdemo.drafts import drafted
        from bertdemo.library.notebooks import notebook
        from bertdemo.tasks.failures import storage

        path, content = Path(file).expanduser(), notebook(self._runs.folder(self.id))
        with storage(path, "choose another place"), drafted(path) as draft:
            draft.write_text(content, encoding="utf-8")
        return path

    def stop(self) -> None:
        """Ask the training to end now, and to keep and test the best model so far.

        Raises:
            RunError: it has ended.
        """
        self._runs.stop(self.id)

    def _record(self) -> records.Run:
        return self._runs.get(self.id)

    def _repr_html_(self) -> str:
        """Show the report in a notebook, or where the run stands."""
        record = self._record()
        if self._runs.report(self.id) is None:
            return notebooks.paragraph(f"{record.name} ({record.id}, {record.status.state}): {record.status.message}")
        report = self.report()
        rows = [
            (title, f"{report[part]['accuracy']:.4f}", f"{report[part]['macro_f1']:.4f}")
            for title, part in (("test", "test"), ("validation", "validation"), ("bag of words, on test", "baseline"))
        ]
        interval = report["test"]["accuracy_interval"]
        return (
            notebooks.paragraph(f"{record.name} ({record.id}, {record.status.state})")
            + notebooks.paragraph(report["verdict"])
            + notebooks.table(["split", "accuracy", "macro-F1"], rows)
            + notebooks.paragraph(
                f"95 % interval of the test accuracy: {interval['low']:.4f} to {interval['high']:.4f}"
            )
            + notebooks.table(
                ["label", "precision", "recall", "F1", "texts"], map(_label_row, report["test"]["classes"])
            )
            + "".join(
                notebooks.paragraph(line) for line in (*report["data"]["reading"], report["missing"] or "") if line
            )
        )


def _label_row(scores: dict[str, Any]) -> tuple[str, ...]:
    return (
        scores["label"],
        *(f"{scores[name]:.3f}" for name in ("precision", "recall", "f1")),
        f"{scores['support']:,}",
    )


def fine_tune(  # noqa: PLR0913 (all but two by name)
    data: Dataset,
    preset: Preset = "standard",
    *,
    name: str = "",
    home: str | Path | None = None,
    max_train: int | None = None,
    drop_small_labels: bool = False,
    wait: bool = True,
    in_process: bool = False,
    progress: Callable[[str], None] | None = None,
    **recipe: Any,
) -> Run:
    """Fine-tune a classifier, test it once on texts that it never saw, and compare it with a bag of words.

    The run waits in the queue of its home like those of pages and commands, and goes on if this process ends. Ctrl-C
    stops the training: the best model so far is kept and tested.

    Args:
        data: what ``load_data`` returns.
        preset: ``"quick"``, ``"standard"`` or ``"thorough"``: where the settings start.
        name: what people call the run; empty for one made of data, base model and settings.
        home: the folder that keeps the run; None for ``BERTDEMO_HOME`` or ``~/.bertdemo``.
        max_train: at most so many training texts.
        drop_small_labels: leave out labels with fewer than three texts instead of refusing them.
        wait: return when the run has ended; if not, at once (see ``Run.wait``).
        in_process: train in a thread of this process, as for a debugger: slower, and it ends with this process.
        progress: called with a line for the plan, each validation and each note; ``print`` will do.
        recipe: other settings, such as ``epochs=3`` or ``seed=7``; ``python -m bertdemo train --help`` lists them.

    Returns:
        The run; a notebook shows its report.

    Raises:
        DataError, RecipeError, ModelError: data, a setting or the base model cannot be used.
        RunError, TrainingError: the run ended without a tested classifier.

    Example:
        >>> import bertdemo
        >>> bertdemo.fine_tune(bertdemo.load_data("sms_spam"), "quick", max_train=64, max_length=32).status
        'finished'
    """
    from bertdemo.library.in_process import ThreadBackend
    from bertdemo.runs.store import Runs

    planned = _planned(data, preset, recipe, name=name, max_train=max_train, drop_small=drop_small_labels)
    settings = settings_for(home)
    runs = Runs(settings, ThreadBackend(settings, planned) if in_process else None)
    run = Run(runs.submit(planned.split, planned.recipe, planned.name), settings.home, runs)
    return run.wait(progress) if wait else run


def _planned(data: Dataset, preset: Preset, recipe: dict[str, Any], *, drop_small: bool, **about: Any) -> Plan:
    """Find all that can be wrong with data and settings before a run is made."""
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.runs.planning import plan, recipe_of

    if not isinstance(data, Dataset):
        raise DataError(f"A {type(data).__name__} is no data set: open it with bertdemo.load_data first.")
    recipe_of(preset, recipe)
    usable = clean(data, check_up(data), drop_small=drop_small, how_to_drop="pass drop_small_labels=True")
    return plan(usable, preset, recipe, **about)
