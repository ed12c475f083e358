from __future__ import annotations

import bz2
import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bertdemo.data.opening import open_data
from bertdemo.data.reading import FILE_TYPES, read_frame, read_table
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
TABLE = b"text,label\nfirst,good\nsecond,bad\n"
LINES = b'{"text": "first", "label": "good"}\n{"text": "second", "label": "bad"}\n'
CLASSES = {"pos/1.txt": b"Lovely.\n", "pos/2.txt": b"Great stay", "neg/1.txt": b"Awful\nfood.", "neg/2.txt": b""}


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(TABLE, mtime=0)),
        ("a.tsv.gz", gzip.compress(TABLE.replace(b",", b"\t"), mtime=0)),
        ("a.JSONL.GZ", gzip.compress(LINES, mtime=0)),
        ("a.csv.gz", gzip.compress(TABLE[:20], mtime=0) + gzip.compress(TABLE[20:], mtime=0)),
        ("a.csv.bz2", bz2.compress(TABLE)),
        ("a.zip", zipped({"a.csv": TABLE})),
        (
            "a.zip",
            zipped({"data/a.jsonl": LINES, "README.txt": b"about it", "__MACOSX/._a.csv": b"\0", ".DS_Store": b""}),
        ),
        ("a.zip", zipped({"../../a.csv": TABLE})),
        ("a.zip", zipped({"data\\\\a.csv": TABLE, "data\\\\.hidden.csv": TABLE})),
        ("a.zip", zipped({"a.txt": TABLE})),
    ],
)
def test_a_packed_table_is_the_table(name: str, content: bytes) -> None:
    frame = read_table(name, content, LIMITS)
    assert frame.to_numpy().tolist() == [["first", "good"], ["second", "bad"]]


@pytest.mark.parametrize("root", ["", "reviews/", "reviews/data/"])
def test_a_folder_for_each_class_is_a_table(root: str, tmp_path: Path) -> None:
    files = {root + name: data for name, data in CLASSES.items()} | {f"{root}readme.txt": b"no text of a class"}
    for name, data in files.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    frames = [read_table("mine.zip", zipped(files), LIMITS), read_frame(tmp_path / "mine", LIMITS)]
    rows = [["Awful\nfood.", "neg"], ["Great stay", "pos"], ["Lovely.", "pos"], [None, "neg"]]
    for frame in frames:
        assert list(frame.columns) == ["text", "label"]
        assert sorted(frame.to_numpy().tolist(), key=str) == sorted(rows, key=str)
        assert frame.attrs["columns"] == {"text": "text", "label": "label"}


@pytest.mark.parametrize(
    "pattern", ["{split}/{label}/{n}.txt", "corpus/{label}/{split}/{n}.txt", "c-{split}/{label}/{n}"]
)
def test_folders_for_training_and_test_become_a_column(pattern: str) -> None:
    files = {pattern.format(split=split, label=label, n=n): f"{split} {label} {n}".encode()
             for split in ("train", "test") for label in ("sport", "science") for n in (1, 2)}  # fmt: skip
    files |= {"corpus/README": b"about", "train/urls_pos.txt": b"http"}
    frame = read_table("a.zip", zipped(files), LIMITS)
    assert len(frame) == 8
    assert all(text.startswith(f"{part} {label}") for text, label, part in frame.to_numpy().tolist())


def test_texts_without_a_label_have_none() -> None:
    files = CLASSES | {"unsup/1.txt": b"Who knows"}
    frame = read_table("a.zip", zipped(files), LIMITS)
    assert frame[frame["text"] == "Who knows"]["label"].tolist() == [None]


def test_all_texts_of_a_folder_are_in_one_encoding() -> None:
    files = {f"{label}/{n}.txt": f"Proszę o fakturę, {n} kwota się nie zgadza".encode("cp1250")
             for label in "ab" for n in range(9)}  # fmt: skip
    assert "kwota się" in read_table("a.zip", zipped(files), LIMITS)["text"][0]
    assert "się" not in read_table("a.zip", zipped(files), LIMITS, encoding="cp1252")["text"][0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv.gz", gzip.compress(TABLE, mtime=0)[:-9], "cannot be unpacked"),
        ("a.csv.gz", TABLE, "cannot be unpacked"),
        ("a.csv.bz2", TABLE, "cannot be unpacked"),
        ("a.zip", TABLE, "cannot be unpacked"),
        ("a.zip", zipped({"a.csv": TABLE})[:-30], "cannot be unpacked"),
        ("a.zip", zipped({"a.csv": TABLE, "b.csv": TABLE}), "holds 'a.csv', 'b.csv': keep the one table"),
        ("a.zip", zipped({}), "holds no file: keep the one table"),
        ("a.zip", zipped({"a/1.txt": b"x", "a/2.txt": b"y"}), "keep the one table, or a folder"),
        ("a.gz", gzip.compress(TABLE, mtime=0), "unknown kind"),
        ("a.csv.gz.gz", gzip.compress(gzip.compress(TABLE, mtime=0), mtime=0), "unknown kind"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
    ],
)
def test_what_cannot_be_unpacked_gets_one_sentence(name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(name, content, LIMITS)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2", "a.zip"])
def test_what_unpacks_to_more_than_a_file_may_have_is_refused(name: str) -> None:
    large = TABLE + b"text,good\n" * 200_000
    pack: dict[str, Callable[[bytes], bytes]] = {
        "a.csv.gz": gzip.compress,
        "a.csv.bz2": bz2.compress,
        "a.zip": lambda data: zipped({"a.csv": data}),
    }
    content = pack[name](large)
    with pytest.raises(DataError, match="unpacks to more than 1 MB"):
        read_table(name, content, replace(LIMITS, max_file_mb=1))


def test_more_texts_than_rows_are_allowed_are_refused(tmp_path: Path) -> None:
    for name, data in CLASSES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match="more than 3 rows"):
        read_frame(tmp_path, replace(LIMITS, max_rows=3))
    with pytest.raises(DataError, match="more than 3 rows"):
        read_table("a.zip", zipped(CLASSES), replace(LIMITS, max_rows=3))


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    for label in ("a", "b"):
        (tmp_path / "mine" / label).mkdir(parents=True)
        (tmp_path / "mine" / label / "1.txt").write_text(f"text of {label}")
    (tmp_path / "mine" / "a" / "2.txt").symlink_to(tmp_path / "secret.txt")
    assert open_data(str(tmp_path / "mine"), LIMITS).texts == ("text of a", "text of b")


def test_packed_files_can_be_chosen() -> None:
    assert {"gz", "bz2", "zip", "ods"} <= set(FILE_TYPES)
