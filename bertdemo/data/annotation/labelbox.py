"""Labelbox: lines of data rows, with the labels of each project and the classifications in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bertdemo.data.annotation.answers import Answer, Answered, likeliest_question, objects, refuse_addresses, single
from bertdemo.data.layout import Layout, Record, Records
from bertdemo.lines import counted

_KINDS = ("radio_answer", "checklist_answers")  # of answers that can be labels, the likelier first


def wrote(row: Record) -> bool:
    """Return whether a row is a data row with projects."""
    return isinstance(row.get("data_row"), dict) and isinstance(row.get("projects"), dict)


def read(rows: Sequence[Record]) -> Records:
    """Return texts with the answers of annotators; parts of texts that they marked are no labels of the text.

    Raises:
        DataError: the texts are elsewhere, at addresses that the rows only name.
    """
    refuse_addresses("Labelbox", [row["data_row"].get("row_data") for row in rows])
    items = [_item(row) for row in rows]
    answered = Answered({name for item in items for name in item})
    kinds, parts = dict[str, str](), 0
    for row, item in zip(rows, items, strict=True):
        answers = []
        for label in _labels(row):
            made = label.get("annotations")
            held = made if isinstance(made, dict) else {}
            parts += len(objects(held.get("objects")))
            values = dict(_answers(held.get("classifications"), kinds))
            if values:
                answers.append(Answer(values, _person(label)))
        answered.add(item, answers)
    notes = [f"Not read, as they are about parts of texts: {counted(parts, 'annotation')}."] if parts else []
    question = likeliest_question(kinds, _KINDS)
    columns = {"text": "text", **({"label": answered.column(question)} if question else {})}
    return Records(answered.rows, Layout(columns, (*notes, *answered.notes())))


def _item(row: Record) -> Record:
    held = row["data_row"]
    return {name: held[name] for name in ("id", "global_key", "external_id") if name in held} | {
        "text": held.get("row_data")
    }


def _labels(row: Record) -> Iterator[Record]:
    for project in row["projects"].values():
        yield from objects(project.get("labels")) if isinstance(project, dict) else ()


def _answers(classifications: Any, kinds: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield questions with their answers, those asked after an answer as well; the kind of each goes into ``kinds``."""
    for classification in objects(classifications):
        name = str(classification.get("name", classification.get("value")))
        kind = next((kind for kind in (*_KINDS, "text_answer") if kind in classification), "")
        held = classification.get(kind)
        chosen = objects(held if isinstance(held, list) else [held])
        labels = [each.get("name", each.get("value", each.get("content"))) for each in chosen]
        if kind and labels:
            kinds.setdefault(name, kind)
            yield name, single(labels)
        for each in chosen:
            inner: dict[str, str] = {}
            yield from _answers(each.get("classifications"), inner)


def _person(label: Record) -> str:
    details = label.get("label_details")
    return str(details.get("created_by") or "") if isinstance(details, dict) else ""
