"""Argilla: records with responses of annotators and suggestions of models, in the forms of versions 1 and 2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from bertdemo.data.annotation.answers import Answer, Answered
from bertdemo.data.tables.cells import Layout, Record, Records
from bertdemo.lines import counted

_RESPONSES, _SUGGESTION = ".responses", ".suggestion"
_USED = ("submitted", None)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


def wrote_columns(columns: Iterable[str]) -> bool:
    """Return whether a table with these columns holds flattened records (version 2)."""
    names = set(columns)
    suggested = any(name.endswith(_SUGGESTION) and f"{name}.score" in names for name in names)
    return suggested or any(name.endswith(_RESPONSES) for name in names)


def wrote(row: Record) -> bool:
    """Return whether a row is a record of any version."""
    nested = isinstance(row.get("fields"), dict) and isinstance(row.get("responses"), dict | list)
    return nested or wrote_columns(row) or _is_feedback(row) or row.keys() >= {"prediction", "annotation", "status"}


def read(records: Sequence[Record]) -> Records:
    """Return records with what annotators submitted; what was discarded or is a draft is no label.

    Suggestions are labels where nobody answered anything in the whole file, which a note says.
    """
    flat = [_flat(record) for record in records]
    asked = (name for row in flat for name in row if name.endswith((_RESPONSES, _SUGGESTION)))
    questions = list(dict.fromkeys(name.removesuffix(_RESPONSES).removesuffix(_SUGGESTION) for name in asked))
    answered, unused = Answered({name for row in flat for name in row if _RESPONSES not in name}), 0
    for row in flat:
        answers, left = _answers(row, questions)
        unused += left
        item = {name: value for name, value in row.items() if _RESPONSES not in name}
        answered.add(item, answers)
    label = _label_question(answered.rows, {question: answered.column(question) for question in questions})
    notes = answered.notes()
    if unused:
        notes.append(f"Not counted, as discarded or not submitted in Argilla: {counted(unused, 'response')}.")
    columns = {"label": answered.column(label)} if label else {}
    if label and all(row.get(columns["label"]) in (None, []) for row in answered.rows):
        columns["label"] = f"{label}{_SUGGESTION}"
        notes.append("Nobody answered in Argilla: the labels are suggestions of a model.")
    elif any(isinstance(record.get("responses"), dict) for record in records):
        notes.append("This form of Argilla's export does not say which responses were discarded; all of them count.")
    fields = {tuple(record["fields"]) for record in records if isinstance(record.get("fields"), dict)}
    if len(fields) == 1 and len(names := fields.pop()) == 1:
        columns["text"] = names[0]
    return Records(answered.rows, Layout(columns, tuple(notes)))


def _flat(record: Record) -> Record:
    """Return the flattened form of version 2 of a record in another form."""
    if isinstance(record.get("fields"), dict):
        return _unnested(record)
    if "annotation" in record and not wrote_columns(record):
        return _text_classification(record)
    flat: Record = {}
    for name, value in record.items():
        if f"{name}-suggestion" in record:
            flat.update(_responses(name, value))
        else:
            flat[name.replace("-suggestion", _SUGGESTION)] = value
    return flat


def _unnested(record: Record) -> Record:
    flat: Record = {key: record[key] for key in ("id", "status") if key in record}
    metadata = record.get("metadata")
    flat.update({**record["fields"], **(metadata if isinstance(metadata, dict) else {})})
    responses = record.get("responses")
    for question, held in responses.items() if isinstance(responses, dict) else ():
        flat.update(_responses(question, held))
    suggestions = record.get("suggestions")
    for question, suggested in suggestions.items() if isinstance(suggestions, dict) else ():
        flat[f"{question}{_SUGGESTION}"] = suggested.get("value") if isinstance(suggested, dict) else suggested
    return flat


def _text_classification(record: Record) -> Record:
    """Return a record of version 1 for text classification, which has one annotation and the predictions of a model."""
    inputs = record.get("inputs")
    texts = {key: value for key, value in (inputs.items() if isinstance(inputs, dict) else ()) if key not in record}
    kept = {key: value for key, value in record.items() if key not in ("inputs", "annotation", "prediction")}
    label = "label" if "label" not in record else "annotation"
    return {**kept, **texts, f"{label}{_RESPONSES}": [record["annotation"]]}


def _is_feedback(row: Record) -> bool:
    return any(f"{name}-suggestion" in row and isinstance(value, list | dict | None) for name, value in row.items())


def _responses(question: str, held: Any) -> Record:
    """Return responses to a question, a list of objects or (as ``datasets`` keeps such a list) an object of lists."""
    if isinstance(held, dict):
        lists = {key: value if isinstance(value, list) else [value] for key, value in held.items()}
        held = [dict(zip(lists, row, strict=True)) for row in zip_longest(*lists.values())]
    responses = [response for response in (held if isinstance(held, list) else []) if isinstance(response, dict)]
    columns = (("", "value"), (".users", "user_id"), (".status", "status"))
    return {f"{question}{_RESPONSES}{end}": [response.get(key) for response in responses] for end, key in columns}


def _answers(row: Record, questions: Sequence[str]) -> tuple[list[Answer], int]:
    """Return submitted answers by annotator, and how many responses were not."""
    by_person: dict[str, Record] = {}
    unused, discarded = 0, str(row.get("status")).casefold() == "discarded"
    for question in questions:
        values, users, statuses = (_cells(row.get(f"{question}{_RESPONSES}{end}")) for end in ("", ".users", ".status"))
        for place, (value, user, status) in enumerate(
            zip_longest(values, users[: len(values)], statuses[: len(values)])
        ):
            if status not in _USED or discarded:
                unused += 1
            elif value is not None:
                by_person.setdefault(str(user or place), {})[question] = value
    named = any(row.get(f"{question}{_RESPONSES}.users") for question in questions)
    return [Answer(values, person if named else "") for person, values in by_person.items()], unused


def _cells(held: Any) -> list[Any]:
    """Return a list, also one written into a CSV as JSON or as numpy prints it: ['pos' 'neg']."""
    if isinstance(held, str) and held:
        try:
            held = json.loads(held)
        except (ValueError, RecursionError):
            held = [single or double for single, double in _QUOTED.findall(held)] if held.startswith("[") else [held]
    return held if isinstance(held, list) else [] if held in (None, "") else [held]


def _label_question(rows: Sequence[Record], questions: Mapping[str, str]) -> str | None:
    """Return the question (name → column) whose answers are labels.

    Not ranked, not about parts, and not written freely.
    """
    if len(questions) == 1:
        return next(iter(questions))
    choices = []
    for question, column in questions.items():
        values = [str(row[column]) for row in rows if row.get(column) is not None]
        if values and "{" not in values[0] and len(set(values)) <= max(2, len(values) / 2):
            choices.append(question)
    return choices[0] if len(choices) == 1 else None
