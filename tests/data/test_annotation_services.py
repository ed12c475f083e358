"""What the labelling services Labelbox and Kili write, in small exports as their documentation lays them out."""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bertdemo.data.reading import read_table
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))


def read(rows: Any) -> pd.DataFrame:
    return read_table("a.json", json.dumps(rows).encode(), LIMITS)


def labelled(frame: pd.DataFrame) -> list[tuple[str, str | None]]:
    columns = frame.attrs["columns"]
    found = zip(frame[columns["text"]], frame[columns["label"]], strict=True)
    return [(text, None if pd.isna(label) else label) for text, label in found]


def notes(frame: pd.DataFrame) -> str:
    return " ".join(frame.attrs.get("notes", []))


def radio(*names: str, question: str = "mood", asked: list[Any] | None = None) -> dict[str, Any]:
    answers = [{"name": name, "value": name.casefold(), "classifications": asked or []} for name in names]
    answer = {"radio_answer": answers[0]} if len(answers) == 1 else {"checklist_answers": answers}
    return {"feature_id": "f", "name": question, "value": question, **answer}


def labelbox(text: str, *labels: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    made = [
        {
            "label_kind": "Default",
            "id": who,
            "label_details": {"created_by": who, "reviews": []},
            "annotations": {"objects": [], "classifications": answers, "relationships": []},
        }
        for who, answers in labels
    ]
    return {
        "data_row": {"id": "d", "global_key": text, "row_data": text},
        "media_attributes": {"mime_type": "text/plain"},
        "projects": {"p": {"name": "Moods", "labels": made}},
    }


def kili(text: str, *labels: tuple[str, Any], **more: Any) -> dict[str, Any]:
    made = [
        {
            "author": {"email": who, "id": "u"},
            "createdAt": f"2026-01-0{day}",
            "isLatestLabelForUser": True,
            "labelType": "DEFAULT",
            "jsonResponse": response,
            **more,
        }
        for day, (who, response) in enumerate(labels, start=1)
    ]
    return {"id": "a", "content": text, "externalId": text, "jsonMetadata": {"shop": "X"}, "labels": made}


def job(*names: str, **children: Any) -> dict[str, Any]:
    categories = [{"name": name, "confidence": 100} for name in names]
    return {"MOOD": {"categories": categories, **({"children": children} if children else {})}}


def test_labelbox_answers_to_the_question_are_labels_and_disagreements_rows() -> None:
    why = radio("Late", question="why")
    marked = labelbox("both", ("ann", [radio("Good", "Bad", question="topics")]))
    marked["projects"]["p"]["labels"][0]["annotations"]["objects"] = [{"name": "word", "location": {"start": 0}}]
    frame = read(
        [
            labelbox("one", ("ann", [radio("Bad", asked=[why])])),
            labelbox("two", ("ann", [radio("Good")]), ("bob", [radio("Good")])),
            labelbox("disputed", ("ann", [radio("Good")]), ("bob", [radio("Bad")])),
            labelbox("open"),
            marked,
        ]
    )
    assert labelled(frame) == [
        ("one", "Bad"), ("two", "Good"), ("disputed", "Good"), ("disputed", "Bad"), ("open", None), ("both", None),
    ]  # fmt: skip
    assert list(frame["why"])[:2] == ["Late", None]
    assert json.loads(frame["topics"][5]) == ["Good", "Bad"]
    assert "Annotators disagree about 1 text" in notes(frame)
    assert "about parts of texts: 1 annotation" in notes(frame)


def test_kili_reviews_come_first_and_predictions_and_old_labels_do_not_count() -> None:
    reviewed = kili("reviewed", ("ann", job("BAD")), ("rex", job("GOOD")))
    reviewed["labels"][1]["labelType"] = "REVIEW"
    again = kili("again", ("ann", job("BAD")), ("ann", job("GOOD")))
    again["labels"][0]["isLatestLabelForUser"] = False
    latest = {**kili("latest"), "latestLabel": kili("x", ("ann", json.dumps(job("BAD"))))["labels"][0]}
    del latest["labels"]
    frame = read(
        [
            reviewed,
            again,
            latest,
            kili("guessed", ("model", job("BAD")), labelType="PREDICTION"),
            kili("disputed", ("ann", job("GOOD", WHY={"categories": [{"name": "FAST"}]})), ("bob", job("BAD"))),
            kili("open"),
        ]
    )
    assert labelled(frame) == [
        ("reviewed", "GOOD"), ("again", "GOOD"), ("latest", "BAD"), ("guessed", None), ("disputed", "GOOD"),
        ("disputed", "BAD"), ("open", None),
    ]  # fmt: skip
    assert (frame["WHY"][4], frame["annotator"][4], frame["shop"][0]) == ("FAST", "ann", "X")
    assert "predictions or drafts in Kili: 1 label." in notes(frame)


@pytest.mark.parametrize("asset", [labelbox, kili])
def test_exports_that_only_name_files_are_refused(asset: Callable[[str], dict[str, Any]]) -> None:
    with pytest.raises(DataError, match="only names files that hold the texts"):
        read([asset("https://storage.example.org/1.txt"), asset("https://storage.example.org/2.txt")])


def test_rows_with_a_content_and_labels_of_their_own_are_no_assets() -> None:
    rows = [{"content": f"text {i}", "externalId": i, "labels": ["ab"[i % 2]]} for i in range(4)]
    assert list(read(rows)["labels"]) == ['["a"]', '["b"]'] * 2


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, held in items for place in places(held, (*path, key)))]


@pytest.mark.parametrize("damage", [None, 1, "a b", [], [None], {"text": "q"}], ids=repr)
@pytest.mark.parametrize(
    "export",
    [
        [labelbox("a", ("ann", [radio("Good", asked=[radio("Late")])])), labelbox("b", ("bob", [radio("A", "B")]))],
        [kili("a", ("ann", job("GOOD", WHY={"categories": [{"name": "FAST"}]}))), kili("b", ("bob", job("A", "B")))],
    ],
    ids=["labelbox", "kili"],
)
def test_a_damaged_export_is_a_table_or_one_sentence(export: list[dict[str, Any]], damage: Any) -> None:
    for path in places(export)[1:]:
        damaged = copy.deepcopy(export)
        functools.reduce(operator.getitem, path[:-1], damaged)[path[-1]] = damage
        with contextlib.suppress(DataError):  # any other error would be shown as a fault of the app
            assert len(read(damaged)) > 0
