from __future__ import annotations

import contextlib
import errno
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertdemo.data.dataset import Dataset, Source, Split
from bertdemo.errors import DataError, RunError, StorageError
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.parquet import card_of, read_split, write_split
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.records import State, Status
from bertdemo.training.events import Noted
from bertdemo.training.recipe import Recipe
from tests.runs.conftest import RecordingBackend
from tests.runs.fakes import fake_report

FILES_OF_A_RUN = ("recipe.json", "data.json", "status.json")


def test_a_new_folder_holds_what_the_worker_needs(make_folder, small_split):
    folder = make_folder("minilm-l6")
    assert folder.split() == small_split
    assert folder.recipe() == Recipe(base="minilm-l6")
    assert folder.data_card() == card_of(small_split)
    assert (folder.name(), folder.created(), folder.status().state) == ("a name", 1000.0, State.QUEUED)


def test_source_pairs_and_extras_survive(tmp_path, small_dataset):
    source = Source("Title", "What it is", "CC0", "https://example.org")
    extras = {"text": ("web", "") * 30, "part": ("a", "b") * 30}  # names of columns of ours
    pairs = tuple(text.upper() for text in small_dataset.texts)
    split = Split(replace(small_dataset, pairs=pairs, source=source, extras=extras), (0, 1), (2,), (3,), seed=1)
    assert RunFolder.create(tmp_path / "r", split, Recipe(), "", 0.0).split() == split


rows = st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.integers(-1, 1)), max_size=12)


@given(rows=rows, data=st.data())
def test_any_split_comes_back_as_it_was_row_order_included(tmp_path_factory, rows, data):
    dataset = Dataset("d", tuple(text for text, _ in rows), tuple(label for _, label in rows), ("a", "b"))
    order = data.draw(st.permutations(range(len(rows))))
    cuts = sorted(data.draw(st.tuples(*[st.integers(0, len(rows))] * 3)))
    split = Split(dataset, *(tuple(order[a:b]) for a, b in zip([0, *cuts], cuts, strict=False)), seed=3)
    path = tmp_path_factory.getbasetemp() / "any.parquet"
    write_split(split, path)
    assert read_split(path, card_of(split), 3, None) == split


def test_half_a_character_is_refused_in_one_sentence_and_leaves_nothing(tmp_path, small_dataset):
    broken = replace(small_dataset, texts=("\ud83d", *small_dataset.texts[1:]))
    with pytest.raises(DataError, match="surrogate"):
        RunFolder.create(tmp_path / "runs" / "r", Split(broken, (0,), (1,), (2,), 0), Recipe(), "", 0.0)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_disk_that_fills_while_a_run_is_made_leaves_nothing(tmp_path, small_split, monkeypatch):
    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="disk is full"):
        RunFolder.create(tmp_path / "runs" / "r", small_split, Recipe(), "", 0.0)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_failed_replace_keeps_the_old_status_and_no_draft(make_folder, monkeypatch):
    folder = make_folder()

    def read_only(self: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system")

    before = sorted(folder.path.iterdir())
    monkeypatch.setattr(Path, "replace", read_only)
    with pytest.raises(StorageError, match="BERTDEMO_HOME"):
        folder.write_status(Status(State.TRAINING, "x", 1.0))
    assert folder.status().state is State.QUEUED
    assert sorted(folder.path.iterdir()) == before


def test_every_status_comes_back(make_folder):
    folder = make_folder()
    for state in State:
        status = Status(state, "ein Satz, 一句话", 12.5, 3, 10, 7.5, wrong_input=True)
        folder.write_status(status)
        assert folder.status() == status


@pytest.mark.parametrize("name", FILES_OF_A_RUN)
@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"state": "singing"}', "\x00\xff"])
def test_a_damaged_file_is_one_error_that_names_it(make_folder, name, content):
    folder = make_folder()
    (folder.path / name).unlink()
    if content is not None:
        (folder.path / name).write_text(content)
    with pytest.raises(RunError, match=r"damaged|does not know") as caught:
        {"recipe.json": folder.recipe, "data.json": folder.data_card, "status.json": folder.status}[name]()
    assert "\n" not in str(caught.value)


ODD_VALUES = [None, True, "now", -1, 1.5, 10**400, float("nan"), float("inf"), [], ["a"], {}, {"a": 1}]
odd = st.sampled_from(ODD_VALUES) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


def mangled(content, data):
    """``content`` with one thing in it, at any depth, replaced, removed or added to."""
    if isinstance(content, dict | list) and content and data.draw(st.booleans(), "deeper"):
        key = data.draw(st.sampled_from(sorted(content) if isinstance(content, dict) else range(len(content))))
        copy = content.copy()
        if isinstance(content, dict) and data.draw(st.integers(0, 5), "0 removes it") == 0:
            del copy[key]
        else:
            copy[key] = mangled(content[key], data)
        return copy
    return data.draw(odd)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_split):
    """A folder that has all its files."""
    folder = RunFolder.create(tmp_path_factory.mktemp("home") / "runs" / "r", small_split, Recipe(), "", 1.0)
    folder.write_report(fake_report())
    folder.write_status(Status(State.TRAINING, "Training.", 1.0, 3, 10, 5.0))
    folder.write_request("stop")  # a cancel would take the report away
    folder.write_versions({"python": "3"})
    folder.append(Noted(1, "hello"), 2.0)
    return folder


def read_all(folder: RunFolder) -> None:
    """Every reading method, with what its type promises used as a screen would."""
    folder.request(), folder.name()
    readers = [folder.recipe, folder.data_card, folder.created, folder.split, folder.status, folder.report]
    for read in (*readers, folder.headline, folder.versions, folder.log, folder.read_metrics):
        with contextlib.suppress(RunError):
            read()
    with contextlib.suppress(RunError):
        status = folder.status()
        assert time.gmtime(status.updated)
        assert isinstance(status.message, str)
    with contextlib.suppress(RunError):
        assert time.gmtime(folder.created())


@pytest.mark.parametrize(
    "name", ["status.json", "recipe.json", "data.json", "report.json", "request.json", "versions.json", "metrics.jsonl"]
)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_file_only_run_errors_come_out(whole, name, data):
    path, status = whole.path / name, whole.status()
    before = path.read_bytes()
    try:
        path.write_text(json.dumps(mangled(json.loads(before), data)) + "\n")
        read_all(whole)
        Runs(Settings(whole.path.parents[1]), RecordingBackend()).list()
    finally:
        path.write_bytes(before)
        whole.write_status(status)  # a list buries what seems dead


@pytest.mark.parametrize("name", [*FILES_OF_A_RUN, "report.json", "log.txt", "metrics.jsonl", "data.parquet"])
def test_a_folder_in_the_place_of_a_file_is_a_damaged_run(whole, tmp_path, name):
    folder = RunFolder(Path(shutil.copytree(whole.path, tmp_path / "r")))
    (folder.path / name).unlink(missing_ok=True)
    (folder.path / name).mkdir()
    read_all(folder)


def test_json_nested_without_end_is_a_damaged_run(whole, tmp_path):
    folder = RunFolder(Path(shutil.copytree(whole.path, tmp_path / "r")))
    for path in folder.path.glob("*.json*"):
        path.write_text("[" * 100_000 + "\n")
    read_all(folder)


def test_texts_that_were_changed_afterwards_are_noticed(make_folder, small_split):
    folder = make_folder()
    other = replace(small_split.dataset, texts=("changed", *small_split.dataset.texts[1:]))
    write_split(replace(small_split, dataset=other), folder.path / "data.parquet")
    with pytest.raises(RunError, match=r"data\.parquet"):
        folder.split()


def test_a_parquet_file_cut_short_is_a_damaged_run(make_folder):
    folder = make_folder()
    path = folder.path / "data.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RunError, match="damaged"):
        folder.split()


def test_a_copied_folder_is_the_same_run(make_folder, tmp_path, small_split):
    folder = make_folder()
    folder.append(Noted(1, "hello"), 2.0)
    copy = RunFolder(Path(shutil.copytree(folder.path, tmp_path / "elsewhere" / folder.id)))
    folder.remove()
    assert (copy.split(), copy.name(), copy.created()) == (small_split, "a name", 1000.0)
    assert copy.read_metrics()[0][0]["message"] == "hello"


@given(name=st.text())
def test_a_name_becomes_one_line_or_is_refused(tmp_path_factory, name):
    folder = RunFolder(tmp_path_factory.getbasetemp())
    try:
        folder.write_name(name)
    except RunError:
        assert len(name) > 120 or not any(c.isprintable() and not c.isspace() for c in name)
    else:
        assert len(folder.name().splitlines()) == 1
        assert 0 < len(folder.name()) <= 120


@pytest.mark.parametrize(("data_name", "expected"), [("x" * 300, "x" * 120), ("\n", "r"), ("a\tb.csv", "a b.csv")])
def test_a_run_without_a_name_is_called_after_its_data(tmp_path, small_split, data_name, expected):
    split = replace(small_split, dataset=replace(small_split.dataset, name=data_name))
    assert RunFolder.create(tmp_path / "r", split, Recipe(), "", 0.0).name() == expected


def test_a_cancel_is_not_taken_back_by_a_stop_nor_renewed(make_folder):
    folder = make_folder()
    assert folder.request() is None
    folder.write_request("stop")
    folder.write_request("cancel")
    asked = folder.asked()
    folder.write_request("stop")
    folder.write_request("cancel")
    assert folder.asked() == asked
    assert folder.request() == "cancel"


def test_an_unreadable_request_is_no_request(make_folder):
    folder = make_folder()
    (folder.path / "request.json").write_text("{")
    assert folder.request() is None


def test_the_log_gives_its_last_lines(make_folder):
    folder = make_folder()
    assert folder.log() == ""
    folder.log_path.write_bytes(b"".join(b"line %d\n" % i for i in range(10_000)) + b"caf\xe9")
    assert folder.log(3) == "line 9998\nline 9999\ncaf�"


def test_a_removed_folder_is_gone_at_once_and_whole(make_folder):
    folder = make_folder()
    folder.remove()
    assert not folder.exists()
    assert list(folder.path.parent.iterdir()) == []


def test_versions_are_empty_until_the_worker_wrote_them(make_folder):
    folder = make_folder()
    assert folder.versions() == {}
    folder.write_versions({"python": "3.11"})
    assert folder.versions() == {"python": "3.11"}


def test_what_is_written_is_plain_json(make_folder):
    folder = make_folder()
    for name in FILES_OF_A_RUN:
        assert isinstance(json.loads((folder.path / name).read_text("utf-8")), dict)
