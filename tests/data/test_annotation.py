"""What annotation tools write, in small exports as each tool lays them out."""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import operator
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bertdemo.data.dataset import Choices
from bertdemo.data.reading import label_table, read_table
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
Pairs = list[tuple[str, str | None]]


def read(rows: list[dict[str, Any]] | str, name: str = "a.jsonl") -> pd.DataFrame:
    content = rows if isinstance(rows, str) else "\n".join(json.dumps(row) for row in rows)
    return read_table(name, content.encode(), LIMITS)


def pairs(frame: pd.DataFrame, text: str = "text", label: str | None = None) -> Pairs:
    label = label or frame.attrs["columns"]["label"]
    cells = zip(frame[text], frame[label], strict=True)
    return [(words, None if pd.isna(name) else name) for words, name in cells]


def notes(frame: pd.DataFrame) -> str:
    return " ".join(frame.attrs.get("notes", []))


def choice(*names: str, question: str = "mood", **more: Any) -> dict[str, Any]:
    return {"from_name": question, "to_name": "text", "type": "choices", "value": {"choices": list(names), **more}}


def task(number: int, text: str, *annotations: list[dict[str, Any]] | dict[str, Any], **data: Any) -> dict[str, Any]:
    described = [
        annotation if isinstance(annotation, dict) else {"id": who, "completed_by": who, "result": annotation}
        for who, annotation in enumerate(annotations, start=1)
    ]
    predicted = [{"result": [choice("guess")], "score": 0.9}]
    return {"id": number, "data": {"text": text, **data}, "annotations": described, "predictions": predicted}


def test_label_studio_labels_are_what_people_answered_and_agreed_on() -> None:
    frame = read(
        [
            task(1, "one", [choice("Good")], source="web"),
            task(2, "agreed", [choice("Bad")], [choice("Bad")]),
            task(3, "both", [choice("Good", "Bad")]),
            task(4, "skipped", {"was_cancelled": True, "completed_by": 1, "result": [choice("Good")]}),
            task(5, "no answer", []),
            task(6, "nobody"),
            task(7, "a part", [choice("Good", start=0, end=3)]),
        ]
    )
    assert pairs(frame) == [
        *(("one", "Good"), ("agreed", "Bad"), ("both", '["Good", "Bad"]'), ("skipped", None), ("no answer", None)),
        *(("nobody", None), ("a part", None)),
    ]
    assert frame.attrs["columns"] == {"text": "text", "label": "mood"}
    assert "skipped in Label Studio: 1 annotation." in notes(frame)
    assert "parts of texts: 1 annotation." in notes(frame)


def test_label_studio_annotators_who_disagree_have_a_row_each() -> None:
    frame = read([task(1, "a", [choice("Good")], [choice("Bad")], [choice("Good")]), task(2, "b", [choice("Bad")])])
    assert pairs(frame) == [("a", "Good"), ("a", "Bad"), ("a", "Good"), ("b", "Bad")]
    assert list(frame["annotator"]) == ["1", "2", "3", "1"]
    assert "disagree about 1 text:" in notes(frame)


def test_label_studio_ground_truth_wins_over_other_annotations() -> None:
    truth = {"completed_by": {"email": "ann@example.org"}, "ground_truth": True, "result": [choice("Bad")]}
    frame = read([task(1, "a", [choice("Good")], truth)])
    assert pairs(frame) == [("a", "Bad")]
    assert list(frame["annotator"]) == ["ann@example.org"]


def test_label_studio_questions_beside_the_choice_are_columns() -> None:
    stars = {"from_name": "stars", "to_name": "text", "type": "rating", "value": {"rating": 4}}
    topic = {"from_name": "topic", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": [["A", "B"], ["C"]]}}
    why = {"from_name": "why", "to_name": "text", "type": "textarea", "value": {"text": ["because"]}}
    frame = read([task(1, "a", [choice("Good"), stars, topic, why]), task(2, "b", [choice("Bad"), stars])])
    assert pairs(frame) == [("a", "Good"), ("b", "Bad")]
    assert list(frame.iloc[0][["stars", "topic", "why"]]) == ["4", '["A / B", "C"]', "because"]
    only = read([task(1, "a", [stars]), task(2, "b", [stars])])
    assert only.attrs["columns"] == {"text": "text", "label": "stars"}
    two = read([task(1, "a", [choice("Good"), choice("x", question="tone")])])
    assert two.attrs["columns"] == {"text": "text"}  # nobody can tell which of two questions is meant


def test_label_studio_tasks_to_be_annotated_are_texts() -> None:
    for more in ({}, {"annotations": None}, {"predictions": [{"result": [choice("Good")]}]}):
        frame = read([{"id": 1, "data": {"text": "a b"}, **more}, {"id": 2, "data": {"text": "c d"}, **more}])
        assert list(frame["text"]) == ["a b", "c d"]
        assert frame.attrs["columns"] == {"text": "text"}


def test_label_studio_answer_does_not_hide_a_field_of_its_name() -> None:
    frame = read([task(1, "a", [choice("Good")], mood="from the shop"), task(2, "b", [choice("Bad")])])
    assert pairs(frame) == [("a", "Good"), ("b", "Bad")]
    assert frame["mood"][0] == "from the shop"


SHORT = [
    {"text": "one, two", "id": 1, "mood": "Good", "annotator": 1, "annotation_id": 3, "lead_time": 1.5},
    {"text": "b", "id": 2, "mood": {"choices": ["Good", "Bad"]}, "annotator": 1, "annotation_id": 4, "lead_time": 2},
    {"text": "c", "id": 3, "annotator": 1, "annotation_id": 5, "lead_time": 2},
    {"text": "d", "id": 4, "mood": [{"rating": 4}], "annotator": 2, "annotation_id": 6, "lead_time": 9},
    {"text": "e", "id": 5, "mood": [{"taxonomy": [["A", "B"]]}], "annotator": 2, "annotation_id": 7, "lead_time": 9},
]


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.tsv"])
def test_label_studio_short_exports_mix_names_and_objects_in_a_column(name: str) -> None:
    rows = [{key: json.dumps(v) if isinstance(v, dict | list) else v for key, v in row.items()} for row in SHORT]
    table = pd.DataFrame(rows)
    content = json.dumps(SHORT) if name == "a.json" else table.to_csv(index=False, sep="\t" if "tsv" in name else ",")
    frame = read(content, name)
    expected = [("one, two", "Good"), ("b", '["Good", "Bad"]'), ("c", None), ("d", "4"), ("e", "A / B")]
    assert pairs(frame) == expected
    assert frame.attrs["columns"] == {"text": "text", "label": "mood"}


def test_label_studio_few_rows_do_not_make_a_label_of_the_texts() -> None:
    frame = read("annotation_id,annotator,mood,text\n1,1,bad news,a\n2,1,good,a\n", "a.csv")
    assert frame.attrs["columns"] == {"text": "text", "label": "mood"}


def test_label_studio_questions_are_told_from_data_by_their_place() -> None:
    frame = read(json.dumps([{"source": "web", **row} for row in SHORT[:3]]), "a.json")
    assert frame.attrs["columns"] == {"label": "mood"}


def prodigy(text: str, answer: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "answer": answer, "_task_hash": 1, "_input_hash": 2, **more}


def test_prodigy_rejected_and_ignored_texts_are_no_examples_of_the_label() -> None:
    frame = read(
        [
            prodigy("a", "accept", label="X"),
            prodigy("b", "reject", label="X"),
            prodigy("c", "ignore", label="Y"),
            prodigy("d", "accept", label="Y"),
        ]
    )
    assert pairs(frame) == [("a", "X"), ("b", None), ("c", None), ("d", "Y")]
    assert "rejected in Prodigy: 1 text." in notes(frame)
    assert "ignored in Prodigy: 1 text." in notes(frame)


def test_prodigy_rejecting_the_only_label_is_its_absence() -> None:
    frame = read([prodigy("a", "accept", label="SPAM"), prodigy("b", "reject", label="SPAM"), prodigy("c", "ignore")])
    assert pairs(frame) == [("a", "SPAM"), ("b", "not SPAM"), ("c", None)]
    assert "rejected in Prodigy (1 text), the label is 'not SPAM'" in notes(frame)


def test_prodigy_options_are_labels_by_id_or_by_text_where_ids_are_numbers() -> None:
    named = [{"id": "POS", "text": "It is positive"}, {"id": "NEG", "text": "It is negative"}]
    numbered = [{"id": 1, "text": "Positive"}, {"id": -1, "text": "Negative"}]
    frame = read(
        [
            prodigy("a", "accept", options=named, accept=["POS"]),
            prodigy("b", "accept", options=numbered, accept=[-1]),
            prodigy("c", "accept", options=named, accept=["POS", "NEG"]),
            prodigy("d", "accept", options=named, accept=[]),
            prodigy("e", "reject", options=named, accept=["NEG"]),
            prodigy("f", "accept", options=[{"id": "3f2a9c1e", "text": "Mixed"}], accept=["3f2a9c1e"]),
        ]
    )
    expected = [("a", "POS"), ("b", "Negative"), ("c", '["POS", "NEG"]'), ("d", "[]"), ("e", None), ("f", "Mixed")]
    assert pairs(frame) == expected


def test_prodigy_answers_are_labels_where_there_is_nothing_else() -> None:
    frame = read([prodigy("a", "accept"), prodigy("b", "reject"), prodigy("c", "ignore")])
    assert pairs(frame) == [("a", "accept"), ("b", "reject"), ("c", None)]


def test_prodigy_answers_in_a_csv_count_as_well_and_other_answers_do_not() -> None:
    content = "text,label,answer\na,X,accept\nb,Y,reject\nc,Y,accept\n"
    assert pairs(read(content, "a.csv")) == [("a", "X"), ("b", None), ("c", "Y")]
    other = read(content.replace("reject", "perhaps"), "a.csv")
    assert list(other["label"]) == ["X", "Y", "Y"]


def flat(text: str, values: list[Any] | None, statuses: list[str] | None, suggestion: Any = None) -> dict[str, Any]:
    users = None if values is None else [f"u{i}" for i in range(len(values))]
    responses = {"mood.responses": values, "mood.responses.users": users, "mood.responses.status": statuses}
    return {"id": "r", "text": text, **responses, "mood.suggestion": suggestion, "mood.suggestion.score": 0.5}


ARGILLA = [
    flat("a", ["pos"], ["submitted"], 1),
    flat("b", ["pos", "neg"], ["draft", "submitted"], 0),
    flat("c", ["pos"], ["discarded"], 1),
    flat("d", None, None, 1),
    flat("e", ["pos", "neg"], ["submitted", "submitted"]),
]


def test_argilla_responses_come_before_suggestions_and_drafts_do_not_count() -> None:
    frame = read(ARGILLA)
    assert pairs(frame) == [("a", "pos"), ("b", "neg"), ("c", None), ("d", None), ("e", "pos"), ("e", "neg")]
    assert list(frame["annotator"]) == ["u0", "u1", None, None, "u0", "u1"]
    assert "Argilla: 2 responses." in notes(frame)


def test_argilla_discarded_records_have_no_label() -> None:
    frame = read([{**ARGILLA[0], "status": "discarded"}, {**ARGILLA[0], "status": "completed"}])
    assert pairs(frame) == [("a", None), ("a", "pos")]


def test_argilla_suggestions_are_labels_only_where_nobody_answered() -> None:
    frame = read([flat("a", None, None, "pos"), flat("b", None, None, "neg")])
    assert pairs(frame) == [("a", "pos"), ("b", "neg")]
    assert "suggestions of a model" in notes(frame)
    alone = [{"text": t, "mood.suggestion": s, "mood.suggestion.score": 0.5} for t, s in (("a", "pos"), ("b", "neg"))]
    assert pairs(read(alone)) == [("a", "pos"), ("b", "neg")]


def test_argilla_as_csv_has_lists_as_numpy_prints_them() -> None:
    content = (
        "text,mood.responses,mood.responses.status,mood.suggestion\n"
        "a,['pos'],['submitted'],1\nb,\"['pos' 'neg']\",['draft' 'submitted'],0\nc,,,1\n"
    )
    assert pairs(read(content, "a.csv")) == [("a", "pos"), ("b", "neg"), ("c", None)]


def test_argilla_nested_records_say_that_discarded_responses_cannot_be_told() -> None:
    record = {
        "fields": {"review": "a"},
        "metadata": {"shop": "x"},
        "responses": {"mood": [{"value": "pos", "user_id": "u"}]},
        "suggestions": {"mood": {"value": "neg", "score": 0.3}},
        "status": "completed",
    }
    frame = read(json.dumps([record, {**record, "responses": {}}]), "a.json")
    assert pairs(frame, "review") == [("a", "pos"), ("a", None)]
    assert frame.attrs["columns"] == {"text": "review", "label": "mood"}
    assert "does not say which responses were discarded" in notes(frame)


def test_argilla_columns_as_lists_are_its_records() -> None:
    columns = {
        "text": ["a", "b"],
        "mood.responses": [["pos"], ["neg"]],
        "mood.responses.status": [["submitted"], ["draft"]],
    }
    assert pairs(read(json.dumps(columns), "a.json")) == [("a", "pos"), ("b", None)]


def test_argilla_version_1_in_both_of_its_forms() -> None:
    feedback = [
        {"text": "a", "mood": [{"user_id": "u", "value": "pos", "status": "submitted"}], "mood-suggestion": "neg"},
        {"text": "b", "mood": {"user_id": ["u"], "value": ["neg"], "status": ["submitted"]}, "mood-suggestion": None},
        {"text": "c", "mood": [{"user_id": "u", "value": "neg", "status": "discarded"}], "mood-suggestion": "neg"},
    ]
    assert pairs(read(feedback)) == [("a", "pos"), ("b", "neg"), ("c", None)]
    old = {"text": "a", "inputs": {"text": "a"}, "prediction": [{"label": "neg", "score": 1}], "annotation": "pos"}
    records = [
        {**old, "status": "Validated"},
        {**old, "status": "Discarded"},
        {**old, "annotation": None, "status": "x"},
    ]
    assert pairs(read(records)) == [("a", "pos"), ("a", None), ("a", None)]


def test_doccano_has_lists_of_labels_in_json_and_joins_them_in_csv() -> None:
    frame = read([{"id": 1, "text": "a", "label": ["x"], "Comments": []}, {"id": 2, "text": "b", "label": []}])
    assert pairs(frame, label="label") == [("a", '["x"]'), ("b", "[]")]
    table = read("id,text,label,Comments\n1,a,x,\n2,b,x#y,\n3,c,y,\n4,d,C#,\n5,e,,\n", "a.csv")
    assert pairs(table) == [("a", "x"), ("b", '["x", "y"]'), ("c", "y"), ("d", "C#"), ("e", None)]


def test_doccano_labels_of_parts_are_no_labels_of_texts() -> None:
    frame = read(
        [{"id": 1, "text": "Ann wrote", "label": [[0, 3, "PER"]]}, {"id": 2, "text": "b", "label": [[0, 1, "O"]]}]
    )
    assert pairs(frame) == [("Ann wrote", None), ("b", None)]
    assert "only parts of them are labelled: 2 texts." in notes(frame)


def test_doccano_annotations_of_older_versions() -> None:
    rows = [
        {"id": 1, "text": "a", "annotations": [{"label": 2, "user": 1}], "meta": {}},
        {"text": "b", "annotations": []},
    ]
    assert pairs(read(rows)) == [("a", "2"), ("b", "[]")]


def test_ground_truth_manifests_name_the_class_of_a_number() -> None:
    lines = [
        {"source": "a", "job": 0, "job-metadata": {"class-name": "pos", "confidence": 0.9}},
        {"source": "b", "job": 1, "job-metadata": {"class-name": "neg", "confidence": 0.8}},
        {"source": "c", "job": [0, 1], "job-metadata": {"class-map": {"0": "pos", "1": "neg"}}},
        {"source": "d", "job-metadata": {"failure-reason": "no consensus"}},
    ]
    frame = read("\n".join(map(json.dumps, lines)), "output.manifest")
    expected = [("a", "pos"), ("b", "neg"), ("c", '["pos", "neg"]'), ("d", None)]
    assert pairs(frame, "source") == expected
    assert frame.attrs["columns"] == {"text": "source", "label": "job"}


def test_a_manifest_that_only_names_files_is_refused() -> None:
    with pytest.raises(DataError, match="source-ref"):
        read([{"source-ref": "s3://b/a.txt", "job": 0, "job-metadata": {"class-name": "pos"}}])


def test_vertex_ai_examples() -> None:
    rows = [
        {"textContent": "a", "classificationAnnotation": {"displayName": "pos"}},
        {"textContent": "b", "classificationAnnotations": [{"displayName": "pos"}, {"displayName": "neg"}]},
    ]
    assert pairs(read(rows), "textContent") == [("a", "pos"), ("b", '["pos", "neg"]')]


def test_an_object_of_marks_is_the_labels_that_hold() -> None:
    rows = [{"text": t, "cats": cats} for t, cats in [("a", {"P": 1.0, "N": 0.0}), ("b", {"P": False, "N": True})]]
    assert pairs(read(rows)) == [("a", "P"), ("b", "N")]
    assert pairs(read([{"text": "a", "cats": {"P": 1, "N": 1}}])) == [("a", '["P", "N"]')]
    named = [{"text": "a", "labels": [{"label": "P", "score": 1}]}, {"text": "b", "labels": [{"name": "N"}]}]
    assert pairs(read(named)) == [("a", "P"), ("b", "N")]


def test_a_column_called_answer_does_not_make_prodigy_of_a_table() -> None:
    frame = read(
        [{"question": "a?", "passage": "b", "answer": True}, {"question": "c?", "passage": "d", "answer": False}]
    )
    assert "columns" not in frame.attrs
    assert list(frame["answer"]) == ["True", "False"]


EXPORTS: list[list[dict[str, Any]]] = [
    [task(1, "a", [choice("x")], [choice("y", "z")]), task(2, "b", {"completed_by": {"email": "q"}, "result": []})],
    SHORT,
    [prodigy("a", "accept", label="X"), prodigy("b", "reject", options=[{"id": 1, "text": "P"}], accept=[1])],
    ARGILLA[:2],
    [
        {
            "fields": {"text": "a"},
            "metadata": {},
            "responses": {"m": [{"value": "p", "user_id": "u"}]},
            "suggestions": {},
        }
    ],
    [{"text": "b", "mood": {"user_id": ["u"], "value": ["neg"], "status": ["submitted"]}, "mood-suggestion": None}],
    [{"text": "a", "inputs": {"text": "a"}, "prediction": [], "annotation": "pos", "status": "Validated"}],
    [{"id": 1, "text": "a", "label": [[0, 3, "PER"]]}, {"text": "b", "annotations": [{"label": 2, "user": 1}]}],
    [{"source": "a", "job": 0, "job-metadata": {"class-name": "p"}}, {"source": "c", "j-metadata": {"class-map": {}}}],
    [{"textContent": "a", "classificationAnnotations": [{"displayName": "p"}]}],
    [{"text": "a", "cats": {"P": 1.0, "N": 0.0}}, {"text": "a", "labels": [{"label": "P"}]}],
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in items:
        yield from places(held, (*path, key))


@pytest.mark.parametrize("damage", [None, 1, "a b", [], [None], {"text": "q"}], ids=repr)
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: "-".join(list(export[0])[:3]))
def test_a_damaged_export_is_a_table_or_one_sentence(export: list[dict[str, Any]], damage: Any) -> None:
    for path in list(places(export))[1:]:
        damaged = copy.deepcopy(export)
        functools.reduce(operator.getitem, path[:-1], damaged)[path[-1]] = damage
        with contextlib.suppress(DataError):  # any other error would be shown as a fault of the app
            assert len(read(json.dumps(damaged), "a.json")) > 0


def test_a_label_that_was_rejected_is_learned_as_its_absence() -> None:
    tasks = [
        {"text": f"Letter {i}", "label": "SPAM", "answer": ("accept", "reject", "ignore")[i % 3]} for i in range(12)
    ]
    dataset = label_table(read(tasks), "a", Choices())
    assert [dataset.label_names[label] if label >= 0 else None for label in dataset.labels[:3]] == [
        "SPAM",
        "not SPAM",
        None,
    ]


@pytest.mark.parametrize("answer", [{"cats": {"POS": 1.0, "NEG": 0.0}}, {"cats": {"POS": True, "NEG": False}}])
def test_the_tuples_of_spacy_are_rows(answer: dict[str, Any]) -> None:
    rows = [["A fine day", answer], ["A fine night", answer]]
    assert pairs(read(json.dumps(rows), "a.json")) == [("A fine day", "POS"), ("A fine night", "POS")]
