"""Which annotation tool wrote these rows, and what they mean; and the tools whose rows hold their labels plainly.

doccano: lists of labels in JSON, joined with "#" in CSV; in older exports under "annotations". Prodigy: tasks that were
accepted, rejected or ignored, with a label or with options. spaCy and its relatives: an object of true and false (1 and
0) for each label, or objects with a label. Clouds: manifests of SageMaker Ground Truth, JSON lines of Vertex AI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from bertdemo.data.annotation import answers, argilla
from bertdemo.data.annotation.answers import single
from bertdemo.data.tables.cells import Layout, Record, Records
from bertdemo.errors import DataError
from bertdemo.lines import counted

_SAMPLE = 1_000  # rows that must all be of the tool
_Read = Callable[[Sequence[Record]], Records]


def is_task(row: Any) -> bool:
    """Return whether one row by itself is of an annotation tool."""
    return isinstance(row, dict) and any(wrote(row) for wrote, _ in _TOOLS)


def as_examples(found: Records) -> Records:
    """Return rows as their tool means them, or as they are if it is none of the known ones."""
    sample = found.rows[:_SAMPLE]
    for wrote, read in _TOOLS:
        if sample and all(map(wrote, sample)):
            known, meant = found.layout, read(found.rows)
            columns = {**known.columns, **meant.layout.columns}
            return Records(meant.rows, Layout(columns, (*known.notes, *meant.layout.notes)))
    return found


def table_as_examples(header: Sequence[str], rows: Iterable[Sequence[Any]], max_rows: int) -> Records | None:
    """Return rows of a table of columns as their tool means them; None if it is none of the known ones.

    The rows are gone over only if the header is of a tool.
    """
    for wrote, wrote_row, read in _TABLES:
        if wrote(header) and len(set(header)) == len(header):
            records = [dict(zip(header, row, strict=False)) for row in islice(rows, max_rows + 1)]
            return read(records) if wrote_row is None or all(map(wrote_row, records)) else Records(records)
    return None


_CSV = {"id", "text", "label", "Comments"}


def wrote_doccano(row: Record) -> bool:
    """Return whether a row is a text with labels of its parts, or of version 1 of the export, with annotations."""
    return isinstance(row.get("text"), str) and (_has_parts(row) or _is_old(row))


def wrote_doccano_table(columns: Sequence[str]) -> bool:
    """Return whether a CSV with these columns joins labels with "#"."""
    return set(columns) >= _CSV


def read_doccano(rows: Sequence[Record]) -> Records:
    """Return texts with their labels; labels of parts of texts are none of the text."""
    parts = sum(map(_has_parts, rows))
    notes = (f"Without a label, as only parts of them are labelled: {counted(parts, 'text')}.",)
    return Records(
        [_doccano_example(row) for row in rows], Layout({"text": "text", "label": "label"}, notes if parts else ())
    )


def read_doccano_table(rows: Sequence[Record]) -> Records:
    """Return rows with joined labels as a list, if each of them stands somewhere by itself ("C#" is one label)."""
    alone = {row["label"] for row in rows if row["label"] and "#" not in row["label"]}
    for row in rows:
        joined = (row["label"] or "").split("#")
        if len(joined) > 1 and alone.issuperset(joined):
            row["label"] = joined
    return Records(list(rows), Layout({"text": "text", "label": "label"}))


def _doccano_example(row: Record) -> Record:
    if _has_parts(row):
        return {**row, "label": None}
    if not _is_old(row):
        return row
    labels = list(dict.fromkeys(str(annotation["label"]) for annotation in row["annotations"]))
    return {**{name: value for name, value in row.items() if name != "annotations"}, "label": single(labels)}


def _has_parts(row: Record) -> bool:
    labels = row.get("label")
    return (
        isinstance(labels, list)
        and len(labels) > 0
        and all(
            isinstance(label, list) and len(label) == 3 and all(str(place).isdigit() for place in label[:2])
            for label in labels
        )
    )


def _is_old(row: Record) -> bool:
    held = row.get("annotations")
    return isinstance(held, list) and all(
        isinstance(a, dict) and "label" in a and "start_offset" not in a for a in held
    )


_ANSWERS = {"accept", "reject", "ignore"}
_LABEL = "label"
_OPAQUE = re.compile(r"(option|opt|choice|label|class|id)?[\W_]*\d+|[a-z]|(?=.*\d)[0-9a-f-]{8,}", re.IGNORECASE)


def wrote_prodigy(row: Record) -> bool:
    """Return whether a row is an answered task."""
    return str(row.get("answer")) in _ANSWERS and ("accept" in row or _LABEL in row or "_task_hash" in row)


def wrote_prodigy_columns(columns: Sequence[str]) -> bool:
    """Return whether a table with these columns may be of answered tasks."""
    return {"answer", _LABEL} <= set(columns)


def read_prodigy(tasks: Sequence[Record]) -> Records:
    """Return tasks with the label that was accepted; a task that was rejected or ignored has none.

    Where the whole file is about one label, a text for which it was rejected is an example of its absence.
    """
    if not any("accept" in task or task.get(_LABEL) for task in tasks):
        rows = [{**task, "answer": None if task["answer"] == "ignore" else task["answer"]} for task in tasks]
        return Records(rows, Layout({"label": "answer"}))  # accepting and rejecting is the whole answer
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
    rows = [{**_prodigy_kept(task, binary), _LABEL: _prodigy_label(task, binary)} for task in tasks]
    return Records(rows, Layout({"label": _LABEL}, tuple(notes)))


def _prodigy_label(task: Record, binary: str | None) -> Any:
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


def _prodigy_kept(task: Record, binary: str | None) -> Record:
    """Leave out what repeats in each row and says nothing about the text, and answers that have become labels."""
    out = ("options", "config", "accept", *(("answer",) if binary is not None else ()))
    return {name: value for name, value in task.items() if name not in out}


_NAMES = ("cats", "label", "labels", "categories", "classes")
_MARKS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def wrote_categories(row: Record) -> bool:
    """Return whether a row holds a text with such an object, or with a list of objects that name a label each."""
    return isinstance(row.get("text"), str) and _categories_key(row) is not None


def read_categories(rows: Sequence[Record]) -> Records:
    """Return rows with the labels that hold, one as itself and several as a list."""
    name = _categories_key(rows[0]) or ""
    return Records([{**row, name: _holding(row.get(name))} for row in rows], Layout({"label": name}))


def _categories_key(row: Record) -> str | None:
    return next((name for name in _NAMES if _are_marks(row.get(name)) or _are_named(row.get(name))), None)


def _are_marks(value: Any) -> bool:
    return isinstance(value, dict) and len(value) > 1 and all(str(mark).casefold() in _MARKS for mark in value.values())


def _are_named(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(_label_of, value))


def _label_of(entry: Any) -> str | None:
    """Return the label that an object names, unless it is about a part of the text."""
    if not isinstance(entry, dict) or "start" in entry or "start_offset" in entry:
        return None
    return next((entry[key] for key in ("label", "name") if isinstance(entry.get(key), str)), None)


def _holding(held: Any) -> Any:
    if _are_marks(held):
        return single([label for label, mark in held.items() if _MARKS[str(mark).casefold()]])
    return single(list(map(_label_of, held))) if _are_named(held) else held


_METADATA = "-metadata"


def wrote_manifest(row: Record) -> bool:
    """Return whether a row is a line of a manifest, with a text or a reference and the answer of a job."""
    return ("source" in row or "source-ref" in row) and bool(_jobs(row))


def read_manifest(lines: Sequence[Record]) -> Records:
    """Return texts with the names of their classes instead of their numbers.

    Raises:
        DataError: the texts are elsewhere, in files that the manifest only names.
    """
    if not any("source" in line for line in lines):
        raise DataError(
            "The manifest only names files that hold the texts (source-ref): write each text into its line, as source."
        )
    jobs = list(dict.fromkeys(job for line in lines for job in _jobs(line)))
    rows = []
    for line in lines:
        held = {name: value for name, value in line.items() if not name.endswith(_METADATA)}
        rows.append({**held, **{job: _class_name(line[f"{job}{_METADATA}"]) for job in _jobs(line)}})
    columns = {"text": "source", **({"label": jobs[0]} if len(jobs) == 1 else {})}
    return Records(rows, Layout(columns))


def wrote_vertex(row: Record) -> bool:
    """Return whether a row is an example for text classification in Vertex AI."""
    return "textContent" in row and ("classificationAnnotation" in row or "classificationAnnotations" in row)


def read_vertex(lines: Sequence[Record]) -> Records:
    """Return texts with the display names of their labels."""
    rows = []
    for line in lines:
        one, many = line.get("classificationAnnotation"), line.get("classificationAnnotations")
        held = many if isinstance(many, list) else [] if one is None else [one]
        labels = [annotation.get("displayName") for annotation in held if isinstance(annotation, dict)]
        rest = {name: value for name, value in line.items() if not name.startswith("classificationAnnotation")}
        rows.append({**rest, "label": single(labels)})
    return Records(rows, Layout({"text": "textContent", "label": "label"}))


def _jobs(line: Record) -> list[str]:
    described = (name for name, value in line.items() if name.endswith(_METADATA) and isinstance(value, dict))
    return [name.removesuffix(_METADATA) for name in described]


def _class_name(metadata: Record) -> Any:
    """Return the class or, of a job with several labels, the list of classes; None where the job failed."""
    several = metadata.get("class-map")
    if isinstance(several, dict):
        return single(list(several.values()))
    return metadata.get("class-name")


# Whether a row is of the tool → what its rows mean; the more particular first.
_TOOLS: tuple[tuple[Callable[[Record], bool], _Read], ...] = (
    (answers.wrote_studio_task, answers.read_studio_tasks),
    (answers.wrote_studio_short, answers.read_studio_short),
    (argilla.wrote, argilla.read),
    (wrote_prodigy, read_prodigy),
    (wrote_manifest, read_manifest),
    (wrote_vertex, read_vertex),
    (answers.wrote_labelbox, answers.read_labelbox),
    (answers.wrote_kili, answers.read_kili),
    (wrote_doccano, read_doccano),
    (wrote_categories, read_categories),
)
# The same of tables of columns, by the names of these; the rows that say otherwise are of no tool.
_TABLES: tuple[tuple[Callable[[Sequence[str]], bool], Callable[[Record], bool] | None, _Read], ...] = (
    (answers.wrote_studio_short, None, answers.read_studio_short),
    (argilla.wrote_columns, None, argilla.read),
    (wrote_doccano_table, None, read_doccano_table),
    (wrote_prodigy_columns, wrote_prodigy, read_prodigy),
)
