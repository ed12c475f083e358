"""``fine_tune``: a data set → a run, checked, split, calibrated and reported as on the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.dataset import Dataset
from bertdemo.errors import DataError
from bertdemo.library.run import Run, settings_for

if TYPE_CHECKING:
    from bertdemo.runs.planning import Plan
    from bertdemo.training.presets import Preset


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
