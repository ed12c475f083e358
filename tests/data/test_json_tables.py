"""JSON in the shapes in which people, pandas and corpora keep rows."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bertdemo.data.columns import guess_columns
from bertdemo.data.reading import read_table, to_dataset
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
ROWS = [
    *(("The room was lovely", "pos"), ("The meal was awful", "neg"), ("A great day out", "pos")),
    *(("Never again, please", "neg"), ("We will be back", "pos"), ("It was cold and loud", "neg")),
]
RECORDS = [{"text": text, "label": label} for text, label in ROWS]
FRAME = pd.DataFrame(RECORDS)
RENAMED = FRAME.rename(columns={"text": "a", "label": "b"}).set_index(
    pd.Index(["one", "two", "three", "four", "five", "six"])
)
PAIRS = [list(row) for row in ROWS]
BY_LABEL = {"pos": [t for t, label in ROWS if label == "pos"], "neg": [t for t, label in ROWS if label == "neg"]}

# Each holds the rows above.
SHAPES: dict[str, Any] = {
    **{
        f"pandas {orient}": FRAME.to_json(orient=orient) for orient in ("columns", "index", "split", "records", "table")
    },
    **{f"{orient} of others": RENAMED.to_json(orient=orient) for orient in ("columns", "index", "split", "table")},
    "pandas values": FRAME.to_json(orient="values"),
    "pandas lines": FRAME.to_json(orient="records", lines=True),
    "a list a column": FRAME.to_dict(orient="list"),
    "a list under a key": {"version": 1, "labels": ["pos", "neg"], "meta": {"by": "us"}, "data": RECORDS},
    "a list under two keys": {"took": 1, "result": {"total": 6, "rows": RECORDS}},
    "arrays under a key": {"meta": {"n": 6}, "rows": PAIRS},
    "beside a list of classes": {"categories": [{"id": 0, "name": "pos"}], "items": RECORDS},
    "by id": {f"review-{i}": record for i, record in enumerate(RECORDS)},
    "texts to labels": dict(ROWS),
    "labels to texts": BY_LABEL,
    "labels to rows": {label: [{"text": text} for text in texts] for label, texts in BY_LABEL.items()},
    "arrays with a header": [["text", "label"], *PAIRS],
    "an array a line": "\n".join(map(json.dumps, PAIRS)),
    "some rows a line": "\n".join(json.dumps(RECORDS[i : i + 2]) for i in (0, 2, 4)),
    "objects on many lines": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    "a comma a line": "".join(json.dumps(record) + ",\n" for record in RECORDS),
    "a byte order mark": "\ufeff" + "\r\n".join(map(json.dumps, RECORDS)),
    "a search engine": {"hits": {"total": 6, "hits": [{"_id": "1", "_score": 1.0, "_source": r} for r in RECORDS]}},
    "a document store": "\n".join(json.dumps({"_id": {"$oid": "5f"}, **record}) for record in RECORDS),
    "texts in an object": [{"doc": {"text": text, "lang": "en"}, "label": label} for text, label in ROWS],
    "Rasa": {
        "rasa_nlu_data": {
            "common_examples": [{"text": text, "intent": label, "entities": []} for text, label in ROWS],
            "regex_features": [{"name": "zip", "pattern": "[0-9]{5}"}],
            "lookup_tables": [],
        }
    },
    "Snips": {
        label: [{"data": [{"text": text[:3]}, {"text": text[3:]}]} for text in BY_LABEL[label]] for label in BY_LABEL
    },
    "Snips data set": {
        "language": "en",
        "intents": {
            label: {"utterances": [{"data": [{"text": t}]} for t in texts]} for label, texts in BY_LABEL.items()
        },
        "entities": {},
    },
    "columns in splits": {
        name: {"text": [text for text, _ in part], "label": [label for _, label in part]}
        for name, part in (("train", ROWS[:4]), ("test", ROWS[4:]))
    },
    "patterns of tags": {
        "intents": [{"tag": lab, "patterns": texts, "responses": ["ok"]} for lab, texts in BY_LABEL.items()]
    },
    "examples of intents": {
        "intents": [{"intent": lab, "examples": [{"text": t} for t in texts]} for lab, texts in BY_LABEL.items()],
        "entities": [{"entity": "place", "values": [{"type": "synonyms", "value": "room"}]}],
    },
    "utterances beside intents": {
        "intents": [{"name": "pos"}, {"name": "neg"}],
        "utterances": [{"text": text, "intent": label, "entities": []} for text, label in ROWS],
    },
    "labels beside the sentences of each document": [
        {"by": "ann", "sentences": [text for text, _ in part], "labels": [label for _, label in part]}
        for part in (ROWS[:4], ROWS[4:])
    ],
    "examples of labels": {label: {"examples": texts} for label, texts in BY_LABEL.items()},
    "wrapped rows": {"rows": [{"row_idx": i, "row": record} for i, record in enumerate(RECORDS)]},
    "the Hub's viewer": {
        "features": [
            {"name": "text", "type": {"_type": "Value"}},
            {"name": "label", "type": {"names": ["neg", "pos"]}},
        ],
        "rows": [{"row_idx": i, "row": {"text": t, "label": int(lab == "pos")}} for i, (t, lab) in enumerate(ROWS)],
    },
}


def as_bytes(shape: Any) -> bytes:
    return (shape if isinstance(shape, str) else json.dumps(shape)).encode()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("typed", [False, True])
def test_every_shape_gives_the_same_rows(shape: Any, typed: bool) -> None:
    frame = read_table("a.json", as_bytes(shape), LIMITS, typed=typed)
    chosen = frame.attrs.get("columns", {})
    columns = guess_columns(frame, text=chosen.get("text"), label=chosen.get("label"))
    dataset = to_dataset(frame, columns, "a")
    rows = zip(dataset.texts, (dataset.label_names[label] for label in dataset.labels), strict=True)
    assert sorted(rows) == sorted(ROWS)


def test_json_in_a_file_of_another_name_is_read_as_json() -> None:
    assert read_table("a.txt", as_bytes(RECORDS), LIMITS).equals(read_table("a.json", as_bytes(RECORDS), LIMITS))


@pytest.mark.parametrize("first", ["val", "oos_val"])
def test_splits_are_named_in_a_column(first: str) -> None:
    parts = {first: PAIRS[:1], "train": PAIRS[1:4], "oos_train": [["What?", "oos"]], "test": PAIRS[4:]}
    frame = read_table("a.json", as_bytes({"intents": ["pos", "neg"], **parts}), LIMITS)
    assert list(frame["split"]) == ["val", "train", "train", "train", "train", "test", "test"]
    assert frame.attrs["columns"] == {"text": "column 1", "label": "column 2", "split": "split"}
    records = read_table("a.json", as_bytes({"dev": RECORDS[:2], "training": RECORDS[2:]}), LIMITS)
    assert list(records["split"]) == ["dev"] * 2 + ["training"] * 4
    alone = read_table("a.json", as_bytes({"train": RECORDS}), LIMITS)
    assert list(alone.columns) == ["text", "label"]


def test_an_array_of_texts_is_a_column_of_texts() -> None:
    frame = read_table("a.json", b'["one text", "another"]', LIMITS)
    assert list(frame["text"]) == ["one text", "another"]


@pytest.mark.parametrize("row", [{"text": "a b", "label": ["x"], "meta": {"n": [1, 2]}}, {"sentence": "a", "y": 1}])
def test_a_file_of_one_row_is_a_row(row: dict[str, Any]) -> None:
    assert len(read_table("a.jsonl", json.dumps(row).encode(), LIMITS)) == 1


def test_nan_is_missing_and_a_line_break_in_a_string_is_kept() -> None:
    frame = read_table("a.jsonl", b'{"text": "a\nb", "label": NaN}\n{"text": "c", "label": Infinity}', LIMITS)
    assert list(frame["text"]) == ["a\nb", "c"]
    assert [None if pd.isna(cell) else cell for cell in frame["label"]] == [None, "Infinity"]


SQUAD = {"data": [{"title": "T", "paragraphs": [{"context": "C", "qas": [{"question": "q", "id": "1"}]}]}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SQUAD, "questions and passages inside of each other"),
        ({"version": 1, "author": {"name": "x"}, "n": [1, 2, 3]}, "one JSON object with the keys 'version', 'author'"),
        ({"a": 1, "b": 2}, "one JSON object with the keys 'a', 'b'"),
        ({"notes": [{"by": "x"}], "things": [{"of": "y"}]}, "several lists of rows .'notes', 'things'."),
        ([["a", "b"], ["c"]], "row 2: 1 cells where the first row has 2"),
        ([{}, {}], "rows without any field"),
        (str(RECORDS[0]), "as Python prints it"),
        ("\n".join(f'{{"k{i}": 1}}' for i in range(1_001)), "more than 1,000 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(content: Any, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_table("a.json", as_bytes(content), LIMITS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("depth", [300, 990, 5_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"$oid":', "}"), ('{"data": {"text": ', "}}")])
def test_values_deep_inside_of_each_other_are_a_cell_or_a_sentence(depth: int, opened: str, closed: str) -> None:
    deep = opened * depth + "1" + closed * depth
    for content in (f'{{"text": "a", "x": {deep}}}\n' * 2, deep):
        with contextlib.suppress(DataError):
            assert len(read_table("a.json", content.encode(), LIMITS)) > 0
