from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bertdemo.data import opening
from bertdemo.data.dataset import Source
from bertdemo.data.opening import HubTable, open_data
from bertdemo.errors import DataError
from bertdemo.settings import Settings


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What would have been asked of the Hub: names and configurations."""
    asked: list[tuple[str, object]] = []
    frame = pd.DataFrame({"text": ["a text", "another"], "label": ["x", "y"]}, dtype=object)
    a_table = HubTable(frame, Source("a table", "Two rows.", "none", ""))

    def read_hub(name: str, settings: Settings, *, configuration: str | None = None) -> HubTable:
        asked.append((name, configuration))
        return a_table

    monkeypatch.setattr(opening, "read_hub", read_hub)
    return asked


def test_a_built_in_name_opens_the_built_in_data_set(settings: Settings) -> None:
    assert open_data("sms_spam", settings).name == "sms_spam"


def test_a_file_is_opened_with_the_given_columns(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.csv"
    path.write_text("one,two,three\nx,some text,p\ny,more text,q\n")
    dataset = open_data(str(path), settings, text_column="two", label_column="one")
    assert (dataset.texts, dataset.label_names) == (("some text", "more text"), ("x", "y"))


def test_a_file_is_opened_in_the_given_encoding(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\nzła łąka,p\ndobra łąka,q\n", encoding="cp852")
    assert open_data(str(path), settings, encoding="cp852").texts == ("zła łąka", "dobra łąka")
    with pytest.raises(DataError, match="There is no encoding 'klingon'"):
        open_data(str(path), settings, encoding="klingon")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("owner/name", ("owner/name", None)),
        ("hub:name", ("name", None)),
        ("hub:owner/name", ("owner/name", None)),
        ("nyu-mll/glue:sst2", ("nyu-mll/glue", "sst2")),
    ],
)
def test_names_of_the_hub_are_asked_there(
    opened: list[tuple[str, object]], settings: Settings, name: str, asked: tuple[str, object]
) -> None:
    open_data(name, settings)
    assert opened == [asked]


@pytest.mark.parametrize(
    "name", ["imdb", "missing.csv", "folder/missing.csv", "", "a/b/c", "x" * 5000, "a\0b", "hub:../x"]
)
def test_anything_else_is_answered_with_what_exists(
    opened: list[tuple[str, object]], settings: Settings, name: str
) -> None:
    with pytest.raises(DataError, match="sms_spam, airline_sentiment"):
        open_data(name, settings)
    assert opened == []


def test_a_folder_is_refused_at_once_and_nothing_is_asked_of_a_library(
    opened: list[tuple[str, object]], settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "train.csv").write_text("text,label\nhello there,good\nbye now,bad\n", encoding="utf-8")
    with pytest.raises(DataError, match="is a folder: name a file in it, or a Hub data set"):
        open_data(str(tmp_path), settings)
    assert opened == []
