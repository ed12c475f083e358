"""Kili: assets with the labels of annotators and reviewers, each of which answers jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bertdemo.data.annotation.answers import Answer, Answered, likeliest_question, objects, refuse_addresses, single
from bertdemo.data.layout import Layout, Record, Records
from bertdemo.lines import counted

_COUNTING = ("DEFAULT", "REVIEW", None)  # and not PREDICTION, INFERENCE, AUTOSAVE
_KINDS = ("categories",)


def wrote(row: Record) -> bool:
    """Return whether a row is an asset with answers to jobs, or one to be labelled."""
    if not isinstance(row.get("content"), str) or not ("labels" in row or "latestLabel" in row):
        return False
    if row.get("labels") or row.get("latestLabel"):
        return any("jsonResponse" in label for label in _labels(row))
    return "externalId" in row


def read(assets: Sequence[Record]) -> Records:
    """Return texts with the categories of each job: a reviewer's, otherwise those that annotators submitted last.

    Raises:
        DataError: the texts are elsewhere, at addresses that the assets only name.
    """
    refuse_addresses("Kili", [asset["content"] for asset in assets])
    items = [_item(asset) for asset in assets]
    answered = Answered({name for item in items for name in item})
    kinds, unused = dict[str, str](), 0
    for asset, item in zip(assets, items, strict=True):
        labels = _labels(asset)
        unused += sum(label.get("labelType") not in _COUNTING for label in labels)
        values = ((dict(_answers(label.get("jsonResponse"), kinds)), label) for label in _counting(labels))
        answered.add(item, [Answer(found, _person(label)) for found, label in values if found])
    notes = [f"Not counted, as predictions or drafts in Kili: {counted(unused, 'label')}."] if unused else []
    label = likeliest_question(kinds, _KINDS)
    columns = {"text": "content", **({"label": answered.column(label)} if label else {})}
    return Records(answered.rows, Layout(columns, (*notes, *answered.notes())))


def _labels(asset: Record) -> list[Record]:
    return objects(asset.get("labels")) or objects([asset.get("latestLabel")])


def _item(asset: Record) -> Record:
    metadata = asset.get("jsonMetadata")
    named = {name: asset[name] for name in ("externalId", "status", "content") if name in asset}
    return {**(metadata if isinstance(metadata, dict) else {}), **named}


def _counting(labels: Sequence[Record]) -> list[Record]:
    """Return the last review, or the latest label of each annotator."""
    kept = [x for x in labels if x.get("labelType") in _COUNTING and x.get("isLatestLabelForUser") is not False]
    reviews = [label for label in kept if label.get("labelType") == "REVIEW"]
    return [max(reviews, key=lambda label: str(label.get("createdAt")))] if reviews else kept


def _answers(response: Any, kinds: dict[str, str]) -> Iterator[tuple[str, Any]]:
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
            yield from _answers(held.get("children"), inner)
            for category in categories:
                yield from _answers(category.get("children"), inner)


def _person(label: Record) -> str:
    author = label.get("author")
    return str(author.get("email") or author.get("id") or "") if isinstance(author, dict) else ""
