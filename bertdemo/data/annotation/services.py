"""Labelling services of clouds: manifests of SageMaker Ground Truth, JSON lines of Vertex AI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertdemo.data.annotation.answers import single
from bertdemo.data.layout import Layout, Record, Records
from bertdemo.errors import DataError

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
