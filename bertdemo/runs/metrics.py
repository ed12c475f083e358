"""``metrics.jsonl``: one line for every event of training, only ever appended to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.tasks.codec import from_json, is_timestamp
from bertdemo.training.events import Event, Noted, Started, Stepped, Validated

if TYPE_CHECKING:
    from bertdemo.runs.folder import RunFolder

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


class News:
    """What happened in a run since somebody last asked; ``from_now`` leaves out what happened before."""

    def __init__(self, folder: RunFolder, *, from_now: bool = False) -> None:
        self._folder = folder
        self._offset = folder.read_metrics()[1] if from_now else 0

    def lines(self) -> Iterator[str]:
        """Yield a line for the plan, each validation and each note."""
        events, self._offset = self._folder.read_metrics(self._offset)
        yield from filter(None, map(describe, events))


def _event(line: bytes) -> dict[str, Any] | None:
    """Return one event; None for a line that a full disk cut in two, which is no reason to hide the others."""
    try:
        event = json.loads(line)
        from_json(_RECORDS[event["kind"]], event)
        sound = is_timestamp(event["time"])
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        return None
    return event if sound else None
