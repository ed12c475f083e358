"""``metrics.jsonl``: one line for every event of training, only ever appended to; and what these lines say together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.tasks.codec import from_json, is_timestamp
from bertdemo.training.events import Event, Noted, Started, Stepped, Validated

if TYPE_CHECKING:
    from bertdemo.evaluation.report import TrainingSummary

KINDS: dict[type[Event], str] = {Started: "started", Stepped: "step", Validated: "validation", Noted: "note"}
_RECORDS = {kind: record for record, kind in KINDS.items()}


def append_event(path: Path, event: Event, time: float) -> None:
    """Add one line ``{"kind": …, "time": Unix seconds, …fields}``; a loss may be NaN."""
    line = json.dumps({"time": time, **as_dict(event)}, ensure_ascii=False)
    with path.open("ab") as file:
        file.write(line.encode("utf-8") + b"\n")


def as_dict(event: Event) -> dict[str, Any]:
    return {"kind": KINDS[type(event)], **asdict(event)}


def read_events(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the events written since byte ``offset``, and the offset to go on from.

    A last line without its end is still being written, or was cut off: it is left for the next call.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        return [], offset
    complete = content[: content.rfind(b"\n") + 1]
    return [event for line in complete.splitlines() if (event := _event(line))], offset + len(complete)


def describe(event: dict[str, Any]) -> str:
    """Return one line for a log or a terminal; empty for a single step, of which there are too many."""
    match event["kind"]:
        case "started":
            return f"training: {event['steps']} steps on {event['device']} in {event['precision']}"
        case "validation":
            best = " (best)" if event["is_best"] else ""
            scores = f"accuracy {event['accuracy']:.4f}, macro-F1 {event['macro_f1']:.4f}{best}"
            return f"step {event['step']}: validation loss {event['loss']:.4f}, {scores}"
        case "note":
            return f"step {event['step']}: {event['message']}"
    return ""


def _event(line: bytes) -> dict[str, Any] | None:
    """Return one event; None for a line that a full disk cut in two, which is no reason to hide the others."""
    try:
        event = json.loads(line)
        from_json(_RECORDS[event["kind"]], event)
        sound = is_timestamp(event["time"])
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return None
    return event if sound else None


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
