"""Label Studio: the full JSON export (tasks), and the short ones (JSON_MIN, CSV, TSV) with a row an annotation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bertdemo.data.annotation.answers import Answer, Answered, likeliest_question, objects, single
from bertdemo.data.layout import Layout, Record, Records
from bertdemo.lines import counted

_SHORT = {"annotator", "annotation_id"}
_OF_THE_TOOL = {*_SHORT, "id", "lead_time", "created_at", "updated_at", "agreement"}
_KINDS = ("choices", "taxonomy", "rating", "pairwise")  # of answers that can be labels, the likelier first
_PLACES = {"start", "end", "startOffset", "x", "points"}  # an answer about a part of the text has one


def wrote_task(row: Record) -> bool:
    """Return whether a row is a task: texts under "data", answers under "annotations"."""
    answered = "annotations" in row or "completions" in row
    return isinstance(row.get("data"), dict) and (answered or row.keys() <= {"id", "data", "meta", "predictions"})


def wrote_short(columns: Iterable[str]) -> bool:
    """Return whether a table with these columns is a short export."""
    return set(columns) >= _SHORT


def read_tasks(tasks: Sequence[Record]) -> Records:
    """Return texts with the answers of annotators; what a model predicted and what was skipped is no label."""
    answered = Answered({"id", *(name for task in tasks for name in task["data"])})
    kinds, aims, cancelled, parts = dict[str, str](), set[str](), 0, 0
    for task in tasks:
        answers: list[Answer] = []
        for annotation in _counting(_annotations(task)):
            if annotation.get("was_cancelled"):
                cancelled += 1
                continue
            results = objects(annotation.get("result"))
            whole = [result for result in results if not _is_part(result)]
            parts += len(results) - len(whole)
            kinds.update({str(result.get("from_name")): str(result.get("type")) for result in whole})
            aims.update(str(result.get("to_name")) for result in whole)
            values = _merged(whole)
            if values:
                answers.append(Answer(values, _person(annotation.get("completed_by"))))
        answered.add({**({"id": task["id"]} if "id" in task else {}), **task["data"]}, answers)
    notes = [
        *([f"Not counted, as skipped in Label Studio: {counted(cancelled, 'annotation')}."] if cancelled else []),
        *([f"Not read, as they are about parts of texts: {counted(parts, 'annotation')}."] if parts else []),
        *answered.notes(),
    ]
    label = likeliest_question(kinds, _KINDS)
    columns = {"text": _text_column(tasks, aims), "label": answered.column(label) if label else None}
    return Records(answered.rows, Layout({role: name for role, name in columns.items() if name}, tuple(notes)))


def read_short(rows: Sequence[Record]) -> Records:
    """Return the rows with their answers as plain labels, lists of labels or numbers."""
    plain = [{name: short_answer(value) for name, value in row.items()} for row in rows]
    asked = list(dict.fromkeys(name for row in rows for name in _between(list(row))))
    names = list(dict.fromkeys(name for row in rows for name in row if name not in _OF_THE_TOOL))
    if len(asked) != 1 and len(names) == 2:  # a text and a question: the answers repeat, or are shorter
        asked = sorted(names, key=lambda name: (name == "text", *_variety(row.get(name) for row in plain)))[:1]
    columns = {"label": asked[0]} if len(asked) == 1 else {}
    texts = [name for name in names if name not in asked]
    return Records(plain, Layout({**columns, **({"text": texts[0]} if columns and len(texts) == 1 else {})}))


def _variety(values: Iterable[Any]) -> tuple[int, int]:
    distinct = {str(value) for value in values if value}
    return len(distinct), sum(map(len, distinct))


def short_answer(value: Any) -> Any:
    """An answer as the short exports write it: {"choices": […]}, [{"rating": 4}], or the same as text in a CSV."""
    if isinstance(value, str) and value.startswith(('{"choices"', '[{"rating"', '[{"taxonomy"', '[{"choices"')):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict):
        value = [value]
    if (
        isinstance(value, list)
        and value
        and all(isinstance(held, dict) and not _PLACES & held.keys() for held in value)
    ):
        labels = [label for held in value for kind in _KINDS if kind in held for label in _labels(kind, held)]
        return single(labels) if labels else value
    return value


def _annotations(task: Record) -> Any:
    return task.get("annotations", task.get("completions"))  # their name before version 1.0


def _counting(annotations: Any) -> Iterator[Record]:
    """Yield those that somebody marked as the truth, otherwise all."""
    kept = objects(annotations)
    truth = [
        annotation for annotation in kept if annotation.get("ground_truth") and not annotation.get("was_cancelled")
    ]
    yield from truth or kept


def _is_part(result: Record) -> bool:
    value = result.get("value")
    return not isinstance(value, dict) or bool(_PLACES & value.keys()) or "item_index" in result


def _merged(results: Sequence[Record]) -> Record:
    values: dict[str, list[Any]] = {}
    for result in results:
        kind = str(result.get("type"))
        values.setdefault(str(result.get("from_name")), []).extend(_labels(kind, result["value"]))
    return {name: single(labels) for name, labels in values.items() if labels}


def _labels(kind: str, value: Record) -> list[Any]:
    held = value.get(kind, value.get("text") if kind == "textarea" else value.get("selected"))
    if held is None:
        return []
    listed = held if isinstance(held, list) else [held]
    return [" / ".join(map(str, path)) if isinstance(path, list) else path for path in listed]


def _person(completed_by: Any) -> str:
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    return "" if completed_by is None else str(completed_by)


def _text_column(tasks: Sequence[Record], aims: set[str]) -> str | None:
    names = list(
        dict.fromkeys(name for task in tasks for name, value in task["data"].items() if isinstance(value, str))
    )
    aimed = [name for name in names if name in aims]
    return next((only[0] for only in (names, aimed) if len(only) == 1), None)


def _between(names: list[str]) -> list[str]:
    """Return questions stand between the id of the task and the annotator, but in a CSV, whose columns are sorted."""
    if "id" not in names or "annotator" not in names or names == sorted(names):
        return []
    return names[names.index("id") + 1 : names.index("annotator")]
