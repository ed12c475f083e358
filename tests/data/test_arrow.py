"""Parquet, Arrow and Feather files, and the folders that ``save_to_disk`` writes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from bertdemo.data.dataset import Choices
from bertdemo.data.opening import open_data
from bertdemo.data.reading import read_frame, read_table
from bertdemo.data.tables import cells
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
TEXTS = ["one", "two", "three"]
CLASS = {"names": ["neg", "pos"], "_type": "ClassLabel"}


def table(labels: Any, feature: Any = None) -> pa.Table:
    made = pa.table({"text": TEXTS, "label": labels})
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": feature}
    return (
        made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}) if feature else made
    )


def parquet(made: pa.Table, **options: Any) -> bytes:
    content = io.BytesIO()
    pa.parquet.write_table(made, content, **options)
    return content.getvalue()


def stream(made: pa.Table) -> bytes:
    content = io.BytesIO()
    with pa.ipc.new_stream(content, made.schema) as writer:
        writer.write_table(made)
    return content.getvalue()


def feather(made: pa.Table) -> bytes:
    content = io.BytesIO()
    pa.feather.write_feather(made, content)
    return content.getvalue()


def labels(frame: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(cell) else cell for cell in frame["label"]]


@pytest.mark.parametrize(("name", "write"), [("a.parquet", parquet), ("a.arrow", stream), ("a.feather", feather)])
@pytest.mark.parametrize(
    ("values", "feature", "expected"),
    [
        ([0, 1, -1], CLASS, ["neg", "pos", None]),
        (pa.array([0, 1, None], pa.int8()), CLASS, ["neg", "pos", None]),
        ([0, 1, 7], CLASS, ["neg", "pos", None]),
        ([[0], [1, 0], []], {"feature": CLASS, "_type": "List"}, ['["neg"]', '["pos", "neg"]', "[]"]),
        ([[0], [1, 0], []], {"feature": CLASS, "length": -1, "_type": "Sequence"}, ['["neg"]', '["pos", "neg"]', "[]"]),
        ([[0], [1, 0], []], [CLASS], ['["neg"]', '["pos", "neg"]', "[]"]),
        (['"1"', '["x"]', None], {"_type": "Json"}, ["1", '["x"]', None]),
        ([0, 1, 2], {"names": "nonsense", "_type": "ClassLabel"}, ["0", "1", "2"]),
        ([0, 1, 2], None, ["0", "1", "2"]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), None, ["x", "y", "x"]),
        (pa.array(["x", "y", None], pa.large_string()), None, ["x", "y", None]),
        (pa.array([b"x", b"y", None], pa.large_binary()), None, ["x", "y", None]),
    ],
)
def test_labels_are_the_names_of_their_classes(
    name: str, write: Callable[[pa.Table], bytes], values: Any, feature: Any, expected: list[str | None]
) -> None:
    frame = read_table(name, write(table(values, feature)), LIMITS)
    assert list(frame["text"]) == TEXTS
    assert labels(frame) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", parquet(table(pa.array([10**13, 0, 1], pa.timestamp("s")))), "dates out of range"),
        ("a.parquet", parquet(table([1, 2, 3])).replace(b"label", b"l\xffbel"), "names that are no UTF-8"),
        ("a.arrow", stream(table([1, 2, 3]))[:200], "not a readable Arrow or Feather file"),
        ("a.feather", b"rubbish" * 9, "not a readable Arrow or Feather file"),
        ("a.arrow", b"", "not a readable Arrow or Feather file"),
        ("a.arrow", stream(table([1, 2, 3]).slice(0, 0)), "no rows"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(name, content, LIMITS)


@pytest.mark.parametrize(("name", "write"), [("a.parquet", parquet), ("a.arrow", stream)])
def test_a_text_that_repeats_counts_each_time(
    name: str, write: Callable[[pa.Table], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_MAX_EXPANSION", 1)
    repeated = pa.array(["x" * 2**17] * 9).dictionary_encode()
    with pytest.raises(DataError, match="unpacks to 1 MB, too much"):
        read_table(name, write(pa.table({"text": repeated, "label": ["a"] * 9})), LIMITS)


def test_argilla_in_parquet_is_read_like_its_json() -> None:
    columns = {"text": TEXTS[:2], "mood.responses": [["pos"], None], "mood.responses.status": [["submitted"], None]}
    frame = read_table("a.parquet", parquet(pa.table({**columns, "mood.suggestion": [0, 1]})), LIMITS)
    assert [None if pd.isna(cell) else cell for cell in frame["mood"]] == ["pos", None]
    assert frame.attrs["columns"] == {"label": "mood"}


def save(folder: Path, *shards: pa.Table) -> None:
    folder.mkdir(parents=True)
    for number, shard in enumerate(shards):
        (folder / f"data-{number}.arrow").write_bytes(stream(shard))
    files = [{"filename": f"data-{number}.arrow"} for number in range(len(shards))]
    (folder / "state.json").write_text(json.dumps({"_data_files": files}))


def save_splits(folder: Path, *splits: str) -> None:
    for split in splits:
        save(folder / split, table([0, 1, -1], CLASS))
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": splits}))


def test_a_saved_data_set_has_the_rows_of_all_its_shards(tmp_path: Path) -> None:
    save(tmp_path / "saved", table([0, 1, 0], CLASS), table([1, 1, 0], CLASS))
    frame = read_frame(tmp_path / "saved", LIMITS)
    assert list(frame["text"]) == TEXTS * 2
    assert labels(frame) == ["neg", "pos", "neg", "pos", "pos", "neg"]
    with pytest.raises(DataError, match="more than 5 rows"):
        read_frame(tmp_path / "saved", replace(LIMITS, max_rows=5))


def test_saved_splits_are_named_in_a_column(tmp_path: Path) -> None:
    save_splits(tmp_path / "saved", "train", "test")
    frame = read_frame(tmp_path / "saved", LIMITS)
    assert list(frame["split"]) == ["train"] * 3 + ["test"] * 3
    assert frame.attrs["columns"] == {"split": "split"}
    dataset = open_data(str(tmp_path / "saved"), LIMITS, choices=Choices("text", "label"))
    assert (dataset.name, dataset.label_names) == ("saved", ("neg", "pos"))


def test_what_the_library_saves_is_read(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value, disable_progress_bars

    disable_progress_bars()
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    made = Dataset.from_dict({"text": TEXTS, "label": [0, 1, -1]}, features=features)
    DatasetDict(train=made, test=made).save_to_disk(tmp_path / "saved", num_shards={"train": 2, "test": 1})
    frame = read_frame(tmp_path / "saved", LIMITS)
    assert list(frame["text"]) == TEXTS * 2
    assert labels(frame) == ["neg", "pos", None] * 2


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("train/state.json", '{"_data_files": [{"filename": "../../secret"}]}', "outside of the folder"),
        ("dataset_dict.json", '{"splits": [".."]}', "outside of the folder"),
        ("dataset_dict.json", '{"splits": ["other"]}', "no readable state.json"),
        ("train/state.json", '{"_data_files": [{"filename": "gone"}]}', "lacks its part gone"),
        ("train/state.json", '{"_data_files": []}', "empty data set"),
        (
            "train/state.json",
            '{"_data_files": [{"filename": "data-0.arrow"}], "_indices_data_files": [{"filename": "indices.arrow"}]}',
            "chooses its rows by an index",
        ),
        ("train/state.json", "[1]", "no readable state.json"),
        ("train/data-0.arrow", "rubbish", "not a readable Arrow"),
    ],
)
def test_a_damaged_saved_data_set_is_one_sentence(tmp_path: Path, file: str, content: str, message: str) -> None:
    save_splits(tmp_path / "saved", "train", "test")
    (tmp_path / "saved" / file).write_text(content)
    with pytest.raises(DataError, match=message):
        read_frame(tmp_path / "saved", LIMITS)


def test_saved_splits_with_other_columns_are_refused(tmp_path: Path) -> None:
    save_splits(tmp_path / "saved", "train", "test")
    (tmp_path / "saved/test/data-0.arrow").write_bytes(stream(pa.table({"text": TEXTS})))
    with pytest.raises(DataError, match="different columns"):
        read_frame(tmp_path / "saved", LIMITS)


def test_the_number_of_a_class_without_a_name_is_no_label_and_said() -> None:
    names = {"names": ["neg", "pos"], "_type": "ClassLabel"}
    frame = read_table("a.parquet", parquet(table([0, 7, -1], names)), LIMITS)
    assert labels(frame) == ["neg", None, None]
    assert frame.attrs["notes"] == ["Numbers of classes that have no name were read as no label: 1 row."]
