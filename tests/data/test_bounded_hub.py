"""Data sets of the Hub are read in a process with bounds: from a copy that its library keeps, as with no network."""

from __future__ import annotations

import shutil
from pathlib import Path

import datasets
import psutil
import pytest

from bertdemo.data import bounded
from bertdemo.data.bounded import TableReader, read_hub
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))


@pytest.fixture(autouse=True)
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the library keeps a copy of a data set ``owner/name``."""
    source, copies = tmp_path / "train.csv", tmp_path / "home" / "datasets"
    source.write_text("text,label\nfirst text,good\nsecond text,bad\n", encoding="utf-8")
    builder = datasets.load_dataset_builder("csv", data_files={"train": str(source)}, cache_dir=str(copies))
    builder.download_and_prepare()
    copy = copies / "owner___name" / "default" / "0.0.0" / ("a" * 64)
    shutil.move(builder.cache_dir, copy)
    (copy / "csv-train.arrow").rename(copy / "name-train.arrow")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_TOKEN", "a-token")
    return copy


def test_the_table_and_its_source_come_from_a_process_that_ends() -> None:
    seen: dict[psutil.Process, dict[str, str]] = {}
    table = read_hub("owner/name", LIMITS, lambda: seen.update({each: each.environ() for each in _children()}))
    assert table.frame.to_numpy().tolist() == [["first text", "good"], ["second text", "bad"]]
    assert table.frame.attrs == {"opened": {"data": "hub:owner/name"}}
    assert table.source.title == "owner/name"
    assert "The split 'train' of owner/name, 2 rows." in table.source.description
    assert {told["HF_TOKEN"] for told in seen.values()} == {"a-token"}
    assert not any(each.is_running() for each in seen)


def test_what_reads_a_file_is_told_no_token() -> None:
    told: list[bool] = []
    reader = TableReader()
    reader.read(
        "a.csv", b"text,label\na,b\n", LIMITS, lambda: told.extend("HF_TOKEN" in each.environ() for each in _children())
    )
    reader.close()
    assert set(told) == {False}


def test_a_name_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(DataError, match="owner/other is not on this computer, and the Hub cannot be reached"):
        read_hub("owner/other", LIMITS)


@pytest.mark.parametrize(
    ("bound", "sentence"),
    [
        ("_HUB_SECONDS", "takes more than 0 s of work to be read: choose a smaller data set"),
        ("_HUB_MEMORY", "needs more than 0 MB of memory: choose a smaller data set"),
    ],
)
def test_what_takes_too_much_is_ended(monkeypatch: pytest.MonkeyPatch, bound: str, sentence: str) -> None:
    before = set(_children())
    monkeypatch.setattr(bounded, bound, 0)
    with pytest.raises(DataError, match=f"owner/name {sentence}"):
        read_hub("owner/name", LIMITS)
    assert not [each for each in _children() if each not in before]


def _children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "reader_process" in str(each.cmdline())]
