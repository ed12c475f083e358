"""What watching costs, and how good the remaining time is: both in one training of SMS with the default recipe.

``python -m benchmarks.watching`` trains three times, each in a process of its own, writing metrics and status to a
real run folder as a run does. *cost* is the CPU time of all reports and of asking for a stop,
against that of training; *estimate* is the remaining time shown at a tenth of the steps against what it then took.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.sitting import figures, idle_backend

ROUNDS = 3


def main() -> None:
    if sys.argv[1:] == ["once"]:
        print(json.dumps(measure()))
        return
    from bertdemo.tasks.local import WORKER_ENVIRONMENT

    rounds = [figures("watching", "once", **WORKER_ENVIRONMENT) for _ in range(ROUNDS)]
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        print(f"{name:<34}{statistics.median(values):>8.1%}   {', '.join(f'{value:.1%}' for value in values)}")


class Meter:
    """Adds up the CPU time of the calling thread inside the functions it wraps."""

    seconds = 0.0

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            started = time.thread_time()
            try:
                return work(*arguments)
            finally:
                self.seconds += time.thread_time() - started

        return wrapped


def measure() -> dict[str, float]:
    from benchmarks.accuracy import prepared, recipe_of
    from bertdemo.runs.reporting import Reporter
    from bertdemo.tasks.worker import StatusWriter
    from bertdemo.training.events import Stepped
    from bertdemo.training.loading import load_for_training
    from bertdemo.training.loop import train
    from bertdemo.training.recipe import Recipe

    split, meter, steps = prepared(), Meter(), []
    recipe = recipe_of(split, Recipe.seed)
    with tempfile.TemporaryDirectory() as home:
        folder = a_run(Path(home), split, recipe)
        writer = StatusWriter(folder)
        reporter = Reporter(folder, writer)

        def report(event: object) -> None:
            if isinstance(event, Stepped):
                steps.append(event)
            reporter(event)

        classifier = load_for_training(recipe, split.dataset.label_names)
        started = time.process_time()
        train(classifier, split, recipe, meter.timed(report), meter.timed(folder.request), lambda _: None)
        spent = time.process_time() - started
        tenth = steps[len(steps) // 10]
        took = steps[-1].elapsed - tenth.elapsed + steps[-1].remaining  # the last evaluation is still to come
    return {"cost": meter.seconds / spent, "estimate off by": abs(tenth.remaining - took) / took}


def a_run(home: Path, split: Any, recipe: Any):
    """Return the folder of a run that nobody works on."""
    from bertdemo.runs.store import Runs
    from bertdemo.settings import Settings

    runs = Runs(Settings(home=home), backend=idle_backend())
    return runs.folder(runs.submit(split, recipe, "watched"))


if __name__ == "__main__":
    main()
