"""Answers of one or more annotators to the same text → rows with labels: Label Studio, Labelbox and Kili.

Label Studio: the full JSON export (tasks), and the short ones (JSON_MIN, CSV, TSV) with a row an annotation. Labelbox:
lines of data rows, with the labels of each project and the classifications in them. Kili: assets with the labels of
annotators and reviewers, each of which answers jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from bertdemo.data.tables.cells import Layout, Record, Records
from bertdemo.errors import DataError
from bertdemo.lines import counted

_ADDRESS = re.compile(r"(?:\w+://|assets/)\S+")


@dataclass(frozen=True)
class Answer:
    """What one annotator answered, question → value; who it was ("" if nobody knows)."""

    values: Record
    annotator: str = ""


@dataclass
class Answered:
    """Rows that grow text by text, with the number of texts whose annotators disagree.

    ``fields`` are the names that the texts bring along; an answer to a question of such a name gets another.
    """

    fields: Set[str]
    rows: list[Record] = field(default_factory=list)
    disputed: int = 0

    def add(self, item: Record, answers: Sequence[Answer]) -> None:
        """Add a row for a text that nobody answered or on which all agree, otherwise one for each answer."""
        different = {json.dumps(answer.values, sort_keys=True, default=str) for answer in answers}
        if len(different) > 1:
            self.disputed += 1
            self.rows.extend(self._row(item, answer) for answer in answers)
            return
        who = ", ".join(dict.fromkeys(answer.annotator for answer in answers if answer.annotator))
        self.rows.append(self._row(item, Answer(answers[0].values if answers else {}, who)))

    def column(self, question: str) -> str:
        """Return the name of the column with the answers to a question."""
        return f"{question} (answer)" if question in self.fields else question

    def notes(self) -> list[str]:
        """Return a sentence if texts stand more than once."""
        if not self.disputed:
            return []
        texts = counted(self.disputed, "text")
        return [f"Annotators disagree about {texts}: there is a row for each of their answers."]

    def records(self, text: str | None, question: str | None, notes: Sequence[str]) -> Records:
        """Return the rows, with the column of texts and that of the answers to the question that are labels."""
        columns = {"text": text, "label": self.column(question) if question else None}
        named = {role: name for role, name in columns.items() if name}
        return Records(self.rows, Layout(named, (*notes, *self.notes())))

    def _row(self, item: Record, answer: Answer) -> Record:
        values = {self.column(question): value for question, value in answer.values.items()}
        return {**item, **values, **({self.column("annotator"): answer.annotator} if answer.annotator else {})}


def single(values: list[Any]) -> Any:
    """Return a list of one label as that label; another as it is."""
    return values[0] if len(values) == 1 else values


def objects(held: Any) -> list[Record]:
    """Return the objects in a list; none in anything else."""
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def likeliest_question(kinds: Mapping[str, str], order: Sequence[str]) -> str | None:
    """Return the only question (name → kind of its answers) of the first kind in ``order`` that there is."""
    for kind in order:
        names = [name for name, its in kinds.items() if its == kind]
        if names:
            return names[0] if len(names) == 1 else None
    return None


def refuse_addresses(tool: str, texts: Sequence[Any]) -> None:
    """Refuse texts that are addresses of files: the files are not here.

    Raises:
        DataError: all of them are.
    """
    if all(text is None or _ADDRESS.fullmatch(str(text)) for text in texts):
        raise DataError(
            f"The export of {tool} only names files that hold the texts: write each text into its row, or export again "
            "with the texts."
        )


_SHORT = {"annotator", "annotation_id"}
_OF_THE_TOOL = {*_SHORT, "id", "lead_time", "created_at", "updated_at", "agreement"}
_STUDIO_KINDS = ("choices", "taxonomy", "rating", "pairwise")  # of answers that can be labels, the likelier first
_PLACES = {"start", "end", "startOffset", "x", "points"}  # an answer about a part of the text has one


def wrote_studio_task(row: Record) -> bool:
    """Return whether a row is a task: texts under "data", answers under "annotations"."""
    answered = "annotations" in row or "completions" in row
    return isinstance(row.get("data"), dict) and (answered or row.keys() <= {"id", "data", "meta", "predictions"})


def wrote_studio_short(columns: Iterable[str]) -> bool:
    """Return whether a table with these columns is a short export."""
    return set(columns) >= _SHORT


def read_studio_tasks(tasks: Sequence[Record]) -> Records:
    """Return texts with the answers of annotators; what a model predicted and what was skipped is no label."""
    answered = Answered({"id", *(name for task in tasks for name in task["data"])})
    kinds, aims, cancelled, parts = dict[str, str](), set[str](), 0, 0
    for task in tasks:
        answers: list[Answer] = []
        for annotation in _studio_counting(task):
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
                answers.append(Answer(values, _studio_person(annotation.get("completed_by"))))
        answered.add({**({"id": task["id"]} if "id" in task else {}), **task["data"]}, answers)
    notes = [
        *([f"Not counted, as skipped in Label Studio: {counted(cancelled, 'annotation')}."] if cancelled else []),
        *([f"Not read, as they are about parts of texts: {counted(parts, 'annotation')}."] if parts else []),
    ]
    return answered.records(_text_column(tasks, aims), likeliest_question(kinds, _STUDIO_KINDS), notes)


def read_studio_short(rows: Sequence[Record]) -> Records:
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
    """Return an answer as the short exports write it: {"choices": […]}, [{"rating": 4}], or the same as text."""
    if isinstance(value, str) and value.startswith(('{"choices"', '[{"rating"', '[{"taxonomy"', '[{"choices"')):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict):
        value = [value]
    held = objects(value)
    if not held or len(held) < len(value) or any(_PLACES & each.keys() for each in held):
        return value
    labels = [label for each in held for kind in _STUDIO_KINDS if kind in each for label in _studio_labels(kind, each)]
    return single(labels) if labels else value


def _studio_counting(task: Record) -> list[Record]:
    """Return the annotations that somebody marked as the truth, otherwise all."""
    kept = objects(task.get("annotations", task.get("completions")))  # their name before version 1.0
    return [each for each in kept if each.get("ground_truth") and not each.get("was_cancelled")] or kept


def _is_part(result: Record) -> bool:
    value = result.get("value")
    return not isinstance(value, dict) or bool(_PLACES & value.keys()) or "item_index" in result


def _merged(results: Sequence[Record]) -> Record:
    values: dict[str, list[Any]] = {}
    for result in results:
        kind = str(result.get("type"))
        values.setdefault(str(result.get("from_name")), []).extend(_studio_labels(kind, result["value"]))
    return {name: single(labels) for name, labels in values.items() if labels}


def _studio_labels(kind: str, value: Record) -> list[Any]:
    held = value.get(kind, value.get("text") if kind == "textarea" else value.get("selected"))
    if held is None:
        return []
    listed = held if isinstance(held, list) else [held]
    return [" / ".join(map(str, path)) if isinstance(path, list) else path for path in listed]


def _studio_person(completed_by: Any) -> str:
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


_BOX_KINDS = ("radio_answer", "checklist_answers")  # of answers that can be labels, the likelier first


def wrote_labelbox(row: Record) -> bool:
    """Return whether a row is a data row with projects."""
    return isinstance(row.get("data_row"), dict) and isinstance(row.get("projects"), dict)


def read_labelbox(rows: Sequence[Record]) -> Records:
    """Return texts with the answers of annotators; parts of texts that they marked are no labels of the text.

    Raises:
        DataError: the texts are elsewhere, at addresses that the rows only name.
    """
    refuse_addresses("Labelbox", [row["data_row"].get("row_data") for row in rows])
    items = [_box_item(row) for row in rows]
    answered = Answered({name for item in items for name in item})
    kinds, parts = dict[str, str](), 0
    for row, item in zip(rows, items, strict=True):
        answers = []
        for label in _box_labels(row):
            made = label.get("annotations")
            held = made if isinstance(made, dict) else {}
            parts += len(objects(held.get("objects")))
            values = dict(_box_answers(held.get("classifications"), kinds))
            if values:
                answers.append(Answer(values, _box_person(label)))
        answered.add(item, answers)
    notes = [f"Not read, as they are about parts of texts: {counted(parts, 'annotation')}."] if parts else []
    return answered.records("text", likeliest_question(kinds, _BOX_KINDS), notes)


def _box_item(row: Record) -> Record:
    held = row["data_row"]
    return {name: held[name] for name in ("id", "global_key", "external_id") if name in held} | {
        "text": held.get("row_data")
    }


def _box_labels(row: Record) -> Iterator[Record]:
    for project in row["projects"].values():
        yield from objects(project.get("labels")) if isinstance(project, dict) else ()


def _box_answers(classifications: Any, kinds: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield questions with their answers, those asked after an answer as well; the kind of each goes into ``kinds``."""
    for classification in objects(classifications):
        name = str(classification.get("name", classification.get("value")))
        kind = next((kind for kind in (*_BOX_KINDS, "text_answer") if kind in classification), "")
        held = classification.get(kind)
        chosen = objects(held if isinstance(held, list) else [held])
        labels = [each.get("name", each.get("value", each.get("content"))) for each in chosen]
        if kind and labels:
            kinds.setdefault(name, kind)
            yield name, single(labels)
        for each in chosen:
            inner: dict[str, str] = {}
            yield from _box_answers(each.get("classifications"), inner)


def _box_person(label: Record) -> str:
    details = label.get("label_details")
    return str(details.get("created_by") or "") if isinstance(details, dict) else ""


_COUNTING = ("DEFAULT", "REVIEW", None)  # and not PREDICTION, INFERENCE, AUTOSAVE
_KILI_KINDS = ("categories",)


def wrote_kili(row: Record) -> bool:
    """Return whether a row is an asset with answers to jobs, or one to be labelled."""
    if not isinstance(row.get("content"), str) or not ("labels" in row or "latestLabel" in row):
        return False
    if row.get("labels") or row.get("latestLabel"):
        return any("jsonResponse" in label for label in _kili_labels(row))
    return "externalId" in row


def read_kili(assets: Sequence[Record]) -> Records:
    """Return texts with the categories of each job: a reviewer's, otherwise those that annotators submitted last.

    Raises:
        DataError: the texts are elsewhere, at addresses that the assets only name.
    """
    refuse_addresses("Kili", [asset["content"] for asset in assets])
    items = [_kili_item(asset) for asset in assets]
    answered = Answered({name for item in items for name in item})
    kinds, unused = dict[str, str](), 0
    for asset, item in zip(assets, items, strict=True):
        labels = _kili_labels(asset)
        unused += sum(label.get("labelType") not in _COUNTING for label in labels)
        values = ((dict(_kili_answers(label.get("jsonResponse"), kinds)), label) for label in _kili_counting(labels))
        answered.add(item, [Answer(found, _kili_person(label)) for found, label in values if found])
    notes = [f"Not counted, as predictions or drafts in Kili: {counted(unused, 'label')}."] if unused else []
    return answered.records("content", likeliest_question(kinds, _KILI_KINDS), notes)


def _kili_labels(asset: Record) -> list[Record]:
    return objects(asset.get("labels")) or objects([asset.get("latestLabel")])


def _kili_item(asset: Record) -> Record:
    metadata = asset.get("jsonMetadata")
    named = {name: asset[name] for name in ("externalId", "status", "content") if name in asset}
    return {**(metadata if isinstance(metadata, dict) else {}), **named}


def _kili_counting(labels: Sequence[Record]) -> list[Record]:
    """Return the last review, or the latest label of each annotator."""
    kept = [x for x in labels if x.get("labelType") in _COUNTING and x.get("isLatestLabelForUser") is not False]
    reviews = [label for label in kept if label.get("labelType") == "REVIEW"]
    return [max(reviews, key=lambda label: str(label.get("createdAt")))] if reviews else kept


def _kili_answers(response: Any, kinds: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield jobs with the categories chosen in them, those asked after a category as well.

    Jobs at the top are ``kinds``.
    """
    if isinstance(response, str):
        try:
            response = json.loads(response)
        except (ValueError, RecursionError):
            return
    for job, held in response.items() if isinstance(response, dict) else ():
        categories = objects(held.get("categories")) if isinstance(held, dict) else []
        names = [category["name"] for category in categories if "name" in category]
        if names:
            kinds.setdefault(str(job), "categories")
            yield str(job), single(names)
            inner: dict[str, str] = {}
            yield from _kili_answers(held.get("children"), inner)
            for category in categories:
                yield from _kili_answers(category.get("children"), inner)


def _kili_person(label: Record) -> str:
    author = label.get("author")
    return str(author.get("email") or author.get("id") or "") if isinstance(author, dict) else ""
