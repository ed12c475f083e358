"""Prodigy: tasks that were accepted, rejected or ignored, with a label or with options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bertdemo.data.annotation.answers import single
from bertdemo.data.layout import Layout, Record, Records
from bertdemo.lines import counted

_ANSWERS = {"accept", "reject", "ignore"}
_LABEL = "label"
_OPAQUE = re.compile(r"(option|opt|choice|label|class|id)?[\W_]*\d+|[a-z]|(?=.*\d)[0-9a-f-]{8,}", re.IGNORECASE)


def wrote(row: Record) -> bool:
    """Return whether a row is an answered task."""
    return str(row.get("answer")) in _ANSWERS and ("accept" in row or _LABEL in row or "_task_hash" in row)


def wrote_columns(columns: Sequence[str]) -> bool:
    """Return whether a table with these columns may be of answered tasks."""
    return {"answer", _LABEL} <= set(columns)


def read(tasks: Sequence[Record]) -> Records:
    """Return tasks with the label that was accepted; a task that was rejected or ignored has none.

    Where the whole file is about one label, a text for which it was rejected is an example of its absence.
    """
    if not any("accept" in task or task.get(_LABEL) for task in tasks):
        return _answers_alone(tasks)
    asked = {str(task[_LABEL]) for task in tasks if task.get(_LABEL) and "accept" not in task}
    binary = asked.pop() if len(asked) == 1 and not any("accept" in task for task in tasks) else None
    rejected = sum(task["answer"] == "reject" for task in tasks)
    ignored = sum(task["answer"] == "ignore" for task in tasks)
    notes = [f"Without a label, as ignored in Prodigy: {counted(ignored, 'text')}."] if ignored else []
    if rejected and binary is not None:
        texts = counted(rejected, "text")
        notes.append(f"Where {binary!r} was rejected in Prodigy ({texts}), the label is 'not {binary}'.")
    elif rejected:
        notes.append(f"Without a label, as rejected in Prodigy: {counted(rejected, 'text')}.")
    rows = [{**_kept(task, binary), _LABEL: _label(task, binary)} for task in tasks]
    return Records(rows, Layout({"label": _LABEL}, tuple(notes)))


def _answers_alone(tasks: Sequence[Record]) -> Records:
    """Return tasks without a label: accepting and rejecting is the whole answer."""
    rows = [{**task, "answer": None if task["answer"] == "ignore" else task["answer"]} for task in tasks]
    return Records(rows, Layout({"label": "answer"}))


def _label(task: Record, binary: str | None) -> Any:
    if task["answer"] == "reject" and binary is not None:
        return f"not {binary}"
    if task["answer"] != "accept":
        return None
    if "accept" not in task:
        return task.get(_LABEL)
    texts = {
        str(option.get("id")): option.get("text") for option in task.get("options") or [] if isinstance(option, dict)
    }
    chosen = task["accept"] if isinstance(task["accept"], list) else [task["accept"]]
    return single([_option(identifier, texts) for identifier in chosen if identifier is not None])


def _option(identifier: Any, texts: dict[str, Any]) -> Any:
    """Return the text of an option whose id is only a number, a letter or a hash, otherwise the id."""
    text = texts.get(str(identifier))
    return text if _OPAQUE.fullmatch(str(identifier)) and isinstance(text, str) and text else identifier


def _kept(task: Record, binary: str | None) -> Record:
    """Leave out what repeats in each row and says nothing about the text, and answers that have become labels."""
    out = ("options", "config", "accept", *(("answer",) if binary is not None else ()))
    return {name: value for name, value in task.items() if name not in out}
