"""From the metrics of a run (one dict an event) to the rows that its charts draw."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bertdemo.charts.palette import BATCH, LOSSES, SCORES

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.runs.folder import RunFolder

Event = dict[str, Any]
_Row = TypeVar("_Row")
_KEYS = ("macro_f1", "accuracy")  # in the order of SCORES
_MOST_POINTS = 500  # more dots than pixels help nobody


@dataclass(frozen=True)
class Curves:
    """What the charts of one run draw, and the last event of each kind."""

    losses: pd.DataFrame  # step, loss, series
    scores: pd.DataFrame  # step, score (per cent), series
    rates: pd.DataFrame  # step, learning_rate
    started: Event
    step: Event
    validation: Event
    notes: tuple[Event, ...]


def smooth(values: Sequence[float], half_life: float) -> list[float]:
    """Return an exponential moving average: a weight halves every ``half_life`` values; its start is corrected.

    A value that is not finite is left out of the average. Correction as in Kingma & Ba (2015), eq. 3.
    """
    decay = 0.5 ** (1.0 / half_life)
    total = weight = 0.0
    smoothed = []
    for value in values:
        if math.isfinite(value):
            total, weight = decay * total + (1 - decay) * value, decay * weight + (1 - decay)
        smoothed.append(total / weight if weight else math.nan)
    return smoothed


def thin(rows: Sequence[_Row], most: int = _MOST_POINTS) -> list[_Row]:
    """Keep at most ``most`` of the rows, evenly spaced, the last one among them."""
    if len(rows) <= most:
        return list(rows)
    stride = math.ceil(len(rows) / most)
    return list(rows[::-stride])[::-1]


class Followed:
    """The curves of one run, by any number of sessions; each look reads only what was written since the last."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._offset = 0
        self._events: list[Event] = []
        self._curves = curves_of([])

    def look(self) -> Curves:
        """Return the curves as of now."""
        with self._lock:
            if self._size() < self._offset:  # another run has taken this folder
                self._offset, self._events, self._curves = 0, [], curves_of([])
            new, self._offset = self._folder.read_metrics(self._offset)
            if new:
                self._events += new
                self._curves = curves_of(self._events)
            return self._curves

    def _size(self) -> int:
        try:
            return (self._folder.path / "metrics.jsonl").stat().st_size
        except FileNotFoundError:
            return 0


def curves_of(metrics: Sequence[Event]) -> Curves:
    """Return the rows of all live charts of one run."""
    import pandas as pd

    steps = [event for event in metrics if event["kind"] == "step"]
    checks = [event for event in metrics if event["kind"] == "validation"]
    started = _last(metrics, "started")
    drawn, checked = thin(steps), thin(checks)
    scores = [(e["step"], 100 * e[key], name) for name, key in zip(SCORES, _KEYS, strict=True) for e in checked]
    rates = [(event["step"], event["learning_rate"]) for event in drawn]
    return Curves(
        losses=pd.DataFrame(
            _losses(steps, checked, started.get("steps", len(steps))), columns=["step", "loss", "series"]
        ),
        scores=pd.DataFrame(scores, columns=["step", "score", "series"]),
        rates=pd.DataFrame(rates, columns=["step", "learning_rate"]),
        started=started,
        step=_last(steps, "step"),
        validation=_last(checks, "validation"),
        notes=tuple(event for event in metrics if event["kind"] == "note"),
    )


def _losses(steps: list[Event], checks: list[Event], planned: int) -> list[tuple[int, float, str]]:
    average = smooth([event["loss"] for event in steps], half_life=max(2.0, planned / 80))
    drawn = thin([(event["step"], event["loss"], mean) for event, mean in zip(steps, average, strict=True)])
    rows = [(step, loss, BATCH) for step, loss, _ in drawn]
    rows += [(step, mean, LOSSES[0]) for step, _, mean in drawn]
    return rows + [(event["step"], event["loss"], LOSSES[1]) for event in checks]


def _last(events: Iterable[Event], kind: str) -> Event:
    return next((event for event in reversed(list(events)) if event["kind"] == kind), {})
