"""What training cost, from the events that a run wrote before its process was killed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bertdemo.evaluation.report import TrainingSummary

_Event = dict[str, Any]


def best_step(events: Sequence[_Event]) -> int:
    """Return the step of the best evaluation that was written; 0 if none was."""
    return max((event["step"] for event in _of(events, "validation") if event["is_best"]), default=0)


def summarise(events: Sequence[_Event], best: int, *, interrupted: bool) -> TrainingSummary:
    """Return what the loop would have summed up at the last step that was written.

    Args:
        events: of one training, as ``metrics.read_events`` gives them.
        best: the step whose weights were kept.
        interrupted: training ended before its last step, and nobody asked for that.

    Raises:
        ValueError: the events do not tell of a step of training.
    """
    from bertdemo.evaluation.report import TrainingSummary

    plans, steps, judged = (_of(events, kind) for kind in ("started", "step", "validation"))
    if not plans or not steps:
        raise ValueError("no step of training")
    times = [after["elapsed"] - before["elapsed"] for before, after in pairwise([{"elapsed": 0.0}, *steps])]
    validation_seconds = sum(each["seconds"] for each in judged)
    return TrainingSummary(
        seconds=max(steps[-1]["elapsed"] - validation_seconds, 0.0),
        validation_seconds=validation_seconds,
        steps=steps[-1]["step"],
        planned_steps=plans[-1]["steps"],
        best_step=best,
        samples_per_second=_mean(steps, "samples_per_second", times),
        tokens_per_second=_mean(steps, "tokens_per_second", times),
        device=plans[-1]["device"],
        precision=plans[-1]["precision"],
        peak_memory_mb=max(each["memory_mb"] for each in steps),
        interrupted=interrupted,
    )


def _of(events: Sequence[_Event], kind: str) -> list[_Event]:
    return [event for event in events if event["kind"] == kind]


def _mean(steps: Sequence[_Event], rate: str, times: Sequence[float]) -> float:
    """Return the mean of a rate over time."""
    weights = [max(seconds, 1e-9) for seconds in times]
    return float(sum(step[rate] * weight for step, weight in zip(steps, weights, strict=True)) / sum(weights))
