from __future__ import annotations

import io
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import datasets
import pandas as pd
import pytest

from bertdemo.data import opening
from bertdemo.data.columns import guess_columns
from bertdemo.data.dataset import NO_LABEL, Choices, Columns, Dataset, Source
from bertdemo.data.opening import HubTable, open_data, read_hub
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
    dataset = open_data(str(path), settings, choices=Choices("two", "one"))
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


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Let the Hub answer with these splits or this error."""

    def answer(result: object) -> None:
        def load_dataset(path: str, configuration: str | None = None) -> object:
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(datasets, "load_dataset", load_dataset)

    return answer


def made_of(n: int) -> datasets.Dataset:
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["world", "sport"]),
            "tokens": datasets.List(datasets.Value("int32")),
        }
    )
    rows = {
        "text": [f"text {i}" for i in range(n)],
        "label": [i % 2 for i in range(n)],
        "tokens": [[i] for i in range(n)],
    }
    return datasets.Dataset.from_dict(rows, features=features)


def guessed(table: HubTable) -> Dataset:
    return table.dataset(guess_columns(table.frame))


def test_label_names_of_the_data_set_are_used(hub: Callable[[object], None], settings: Settings) -> None:
    hub({"train": made_of(4)})
    dataset = guessed(read_hub("owner/name", settings))
    assert dataset.texts == ("text 0", "text 1", "text 2", "text 3")
    assert [dataset.label_names[label] for label in dataset.labels] == ["world", "sport"] * 2
    assert dataset.source is not None
    assert dataset.source.url == "https://huggingface.co/datasets/owner/name"


def test_published_splits_are_read_and_kept_apart(hub: Callable[[object], None], settings: Settings) -> None:
    hub({"unsupervised": made_of(9), "test": made_of(2), "train": made_of(4), "validation_matched": made_of(3)})
    dataset = guessed(read_hub("owner/name", settings))
    assert dataset.parts == ("train",) * 4 + ("validation",) * 3 + ("test",) * 2
    assert dataset.notes == ("Not read of owner/name: 'unsupervised'.",)
    assert dataset.source is not None
    assert "The splits 'train', 'validation_matched', 'test' of owner/name, 9 rows" in dataset.source.description


def test_a_split_of_other_columns_is_not_read_and_named(hub: Callable[[object], None], settings: Settings) -> None:
    hub({"train": made_of(4), "test": made_of(2).remove_columns("label")})
    table = read_hub("owner/name", settings)
    assert (len(table.frame), guessed(table).parts) == (4, None)
    assert guessed(table).notes == ("Not read of owner/name: 'test'.",)


def test_each_split_gives_its_share_of_a_random_part(hub: Callable[[object], None], settings: Settings) -> None:
    hub({"train": made_of(800), "test": made_of(200)})
    parts = guessed(read_hub("owner/name", replace(settings, max_rows=100))).parts
    assert parts == ("train",) * 80 + ("test",) * 20


def test_another_split_can_be_chosen_and_a_missing_one_is_named(
    hub: Callable[[object], None], settings: Settings
) -> None:
    hub({"test": made_of(2), "train": made_of(4)})
    assert len(read_hub("owner/name", settings, split="test").frame) == 2
    with pytest.raises(DataError, match="no split 'dev': choose one of 'test', 'train'"):
        read_hub("owner/name", settings, split="dev")


def test_other_columns_than_the_guessed_ones_can_be_chosen(hub: Callable[[object], None], settings: Settings) -> None:
    rows = {"text": ["a b", "c d"], "title": ["A", "B"], "label": ["x", "y"], "stars": ["one", "two"]}
    hub({"train": datasets.Dataset.from_dict(rows)})
    dataset = read_hub("owner/name", settings).dataset(Columns("title", "stars", "text"))
    assert (dataset.texts, dataset.pairs, dataset.label_names) == (("A", "B"), ("a b", "c d"), ("one", "two"))
    assert dataset.source is not None
    assert dataset.source.title == "owner/name"


def test_hidden_labels_are_missing(hub: Callable[[object], None], settings: Settings) -> None:
    rows = made_of(4).to_dict() | {"label": [0, 1, -1, None]}
    hub({"train": datasets.Dataset.from_dict(rows, features=made_of(1).features)})
    assert guessed(read_hub("owner/name", settings)).labels[2:] == (NO_LABEL, NO_LABEL)


def test_a_random_part_of_a_long_data_set_is_taken_and_said(hub: Callable[[object], None], settings: Settings) -> None:
    hub({"train": made_of(1000)})
    dataset = guessed(read_hub("owner/name", replace(settings, max_rows=100)))
    assert len(dataset) == 100
    assert dataset.texts != tuple(f"text {i}" for i in range(100))
    assert dataset.source is not None
    assert "A random 100 of the 1,000 rows" in dataset.source.description


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' doesn't exist"),
            "There is no data set 'a/b' on the Hub",
        ),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'a/b' is a gated dataset"), "accept its terms at https://"),
        (ConnectionError("Couldn't reach 'a/b'"), "the Hub cannot be reached"),
        (
            ValueError("Config name is missing.\nPlease pick one among the available configs: ['cola', 'sst2']"),
            "'cola', 'sst2'",
        ),
        (RuntimeError("Dataset scripts are no longer supported, but found b.py"), "a program, not data"),
        (datasets.exceptions.DataFilesNotFoundError("No (supported) data files found in a/b"), "is no table"),
        (
            datasets.exceptions.DatasetGenerationCastError(
                "An error occurred while generating the dataset\n\nAll the data files must have the same columns."
            ),
            r"\(All the data files must have the same columns\)",
        ),
    ],
)
def test_each_failure_is_one_sentence(
    hub: Callable[[object], None], settings: Settings, error: Exception, message: str
) -> None:
    hub(error)
    with pytest.raises(DataError, match=message) as caught:
        read_hub("a/b", settings)
    assert "\n" not in str(caught.value)


def test_no_progress_bar_comes_before_the_sentence_where_nobody_watches(
    hub: Callable[[object], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    hub({"train": made_of(4)})
    datasets.enable_progress_bars()
    read_hub("a/b", settings)
    assert datasets.utils.are_progress_bars_disabled()
    datasets.enable_progress_bars()


def test_a_bug_is_not_dressed_up_as_bad_data(hub: Callable[[object], None], settings: Settings) -> None:
    hub(RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        read_hub("a/b", settings)


def test_offline_mode_fails_at_once_without_a_copy(settings: Settings) -> None:
    with pytest.raises(DataError, match=r"the Hub cannot be reached while HF_HUB_OFFLINE is set: unset it.*built-in"):
        read_hub("nobody/has-this", settings)


def test_no_network_fails_at_once(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    with pytest.raises(DataError, match="HF_HUB_OFFLINE=1"):
        read_hub("owner/name", settings)


@pytest.mark.parametrize("name", ["../secret", "a/b/c", "/etc", "", "a b/c", "-x/y", "owner/"])
def test_only_names_of_the_hub_are_accepted(name: str, settings: Settings) -> None:
    with pytest.raises(DataError, match="write it as owner/name"):
        read_hub(name, settings)


def test_a_folder_that_looks_like_a_name_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="write it as owner/name"):
        read_hub("owner/name", settings)


@pytest.fixture
def copy_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the real library reads whatever data set of the Hub is asked for."""
    folder, read = tmp_path / "copy", datasets.load_dataset
    folder.mkdir()
    monkeypatch.setattr(datasets, "load_dataset", lambda _, configuration=None: read(str(folder), configuration))
    return folder


def test_the_real_library_reads_the_files_of_a_data_set(copy_of: Path, settings: Settings) -> None:
    (copy_of / "train.csv").write_text("text,label\nhello there,good\nbye now,bad\n", encoding="utf-8")
    dataset = guessed(read_hub("owner/reviews", settings))
    assert (dataset.name, dataset.texts) == ("owner/reviews", ("hello there", "bye now"))
    assert dataset.label_names == ("bad", "good")


def test_the_real_library_finding_no_files_gets_a_sentence(copy_of: Path, settings: Settings) -> None:
    assert not list(copy_of.iterdir())
    with pytest.raises(DataError, match="is no table of texts and labels"):
        read_hub("owner/reviews", settings)


def test_the_real_library_finding_different_columns_gets_the_reason(copy_of: Path, settings: Settings) -> None:
    (copy_of / "a.csv").write_text("text,label\nhello there,good\n", encoding="utf-8")
    (copy_of / "b.csv").write_text("words,kind\nbye now,bad\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"\(Schema at index 1 was different\)") as caught:
        read_hub("owner/reviews", settings)
    assert "\n" not in str(caught.value)
