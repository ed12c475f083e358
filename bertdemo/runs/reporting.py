"""What becomes of the events of the loop: lines in ``metrics.jsonl`` and a status, at no cost; and who reads them."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from bertdemo.runs.folder import RunFolder
from bertdemo.runs.metrics import as_dict, describe
from bertdemo.tasks.records import State
from bertdemo.tasks.worker import StatusWriter
from bertdemo.training.events import Event, Started, Stepped

SECONDS_A_LINE = 0.5  # at most two lines of steps a second: a long run stays readable and costs nothing

_log = logging.getLogger(__name__)


class Reporter:
    """Takes the events of training.

    Steps between two lines are merged into one; everything else is written at once, as are the first step and
    any whose loss is not a number.
    """

    def __init__(self, folder: RunFolder, writer: StatusWriter, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._writer = writer
        self._clock = clock
        self._steps = 0  # planned
        self._unwritten: list[Stepped] = []
        self._written = -math.inf  # when the last line of steps was written
        self._elapsed = 0.0  # seconds of training at that line
        self.step = 0  # the last one taken

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stepped):
            self._unwritten.append(event)
            self.step = event.step
            if not math.isfinite(event.loss) or self._clock() - self._written >= SECONDS_A_LINE:
                self.flush()
            return
        self.flush()
        self._folder.append(event, self._clock())
        _log.info("%s", describe(as_dict(event)))
        if isinstance(event, Started):
            self._steps = event.steps
            self._say(f"Training on {event.device} in {event.precision}.", 0, None)

    def flush(self) -> None:
        """Write the steps that are still held back; call it when training ends."""
        if not self._unwritten:
            return
        step = merge(self._unwritten, self._elapsed)
        self._unwritten.clear()
        self._written, self._elapsed = self._clock(), step.elapsed
        self._folder.append(step, self._written)
        self._say(f"Training: step {step.step} of {self._steps}.", step.step, step.remaining)

    def _say(self, message: str, step: int, remaining: float | None) -> None:
        self._writer.update(State.TRAINING, message, step=step, steps=self._steps, remaining=remaining)


class News:
    """What happened in a run since somebody last asked; ``from_now`` leaves out what happened before."""

    def __init__(self, folder: RunFolder, *, from_now: bool = False) -> None:
        self._folder = folder
        self._offset = folder.read_metrics()[1] if from_now else 0

    def lines(self) -> Iterator[str]:
        """Yield a line for the plan, each validation and each note."""
        events, self._offset = self._folder.read_metrics(self._offset)
        yield from filter(None, map(describe, events))


def merge(steps: Sequence[Stepped], since: float) -> Stepped:
    """Return one record for several steps: mean loss, largest gradient, rates weighted by the time each step took.

    ``since`` is the elapsed time (s) at the end of the step before the first. A NaN among the losses stays.
    """
    last = steps[-1]
    ends = [since, *(step.elapsed for step in steps)]
    times = [max(end - begin, 1e-9) for begin, end in pairwise(ends)]
    norms = [step.gradient_norm for step in steps]
    return replace(
        last,
        loss=sum(step.loss for step in steps) / len(steps),
        gradient_norm=max(norms) if all(math.isfinite(norm) for norm in norms) else math.nan,
        samples_per_second=_mean([step.samples_per_second for step in steps], times),
        tokens_per_second=_mean([step.tokens_per_second for step in steps], times),
        memory_mb=max(step.memory_mb for step in steps),
    )


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)
