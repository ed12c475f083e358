"""Files are read in a process with bounds. Bounds are set low here, and the files are small."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import pandas as pd
import psutil
import pytest

from bertdemo.data import bounded
from bertdemo.data.bounded import TableReader
from bertdemo.data.reader_process import from_bytes, to_bytes
from bertdemo.data.reading import make_frame, read_table
from bertdemo.data.tables.cells import sentence_for_any_failure
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
SMALL = b"text,label\nfirst text,good\nsecond text,bad\nthird text,good\n"


@pytest.fixture(scope="module")
def reader() -> Iterator[TableReader]:
    reader = TableReader()
    yield reader
    reader.close()


def large(rows: int) -> bytes:
    return b"text,label\n" + b"".join(b"text number %d of a large table,%d\n" % (row, row % 2) for row in range(rows))


class GoneError(Exception):
    """The visitor has left."""


def test_a_table_is_the_same_as_read_here(reader: TableReader) -> None:
    content = (
        b'{"text": "a\\u00e9\\ud83d\\ude00", "n": 1, "f": 1.5, "b": true, "m": 1}\n{"text": "", "m": "x", "n": null}'
    )
    for typed in (False, True):
        expected = read_table("a.jsonl", content, LIMITS, typed=typed)
        pd.testing.assert_frame_equal(reader.read("a.jsonl", content, LIMITS, typed=typed), expected)


def test_cells_of_every_kind_and_attributes_survive_the_way() -> None:
    zone = timezone(timedelta(hours=2))
    cells = [
        ["text", None, "é😀", "int 3"],
        [1, None, -(2**62), 0],
        [2**80, 1, None, 2],
        [1.5, -0.0, None, 1e300],
        [True, None, False, True],
        ["mixed", 1, True, 1.0],
        [date(2020, 2, 29), None, datetime(1, 1, 1, 2, 3, 4, 5), clock(1, 2, 3)],
        [datetime(2020, 1, 1, tzinfo=zone), pd.Timestamp(2**60 + 1), Decimal("1.10"), "x"],
        [Decimal("1.10"), None, Decimal("2e30"), Decimal(3)],
        [None, None, None, None],
    ]
    frame = pd.DataFrame({f"column {place}": column for place, column in enumerate(cells)}, dtype=object)
    frame.attrs = {"sheet": "Täbelle", "notes": ["one", "two"]}
    back = from_bytes(to_bytes(frame))
    assert back.attrs == frame.attrs
    for place, column in enumerate(cells):
        found = back[f"column {place}"].tolist()
        assert found == column
        assert [type(cell) for cell in found] == [type(cell) for cell in column]


def test_an_error_comes_back_as_its_sentence_and_the_next_file_is_read(reader: TableReader) -> None:
    with pytest.raises(DataError, match=r"a\.csv has a header but no rows: add the rows"):
        reader.read("a.csv", b"text,label\n", LIMITS)
    assert reader.read("a.csv", SMALL, LIMITS).shape == (3, 2)


def test_a_failure_that_no_reader_foresaw_is_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    @sentence_for_any_failure
    def read(name: str) -> str:
        raise AttributeError(f"'list' object has no attribute {name!r}")

    with caplog.at_level("INFO"), pytest.raises(DataError, match=r"a\.xlsx could not be read as \.xlsx.*save it again"):
        read("a.xlsx")
    assert "'list' object has no attribute" in caplog.text


def test_reading_that_takes_too_much_memory_is_ended(reader: TableReader) -> None:
    with pytest.raises(DataError, match=r"a\.csv needs more than 5 MB of memory: save it as CSV .*READ_MEMORY_MB"):
        reader.read("a.csv", large(60_000), replace(LIMITS, read_memory_mb=5))
    assert reader.read("a.csv", SMALL, LIMITS).shape == (3, 2)


def test_reading_that_takes_too_long_is_ended(reader: TableReader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.read("a.csv", SMALL, LIMITS)
    monkeypatch.setattr(bounded, "_LOOK", 0.01)
    with pytest.raises(DataError, match=r"a\.csv takes more than 0 s of work to be read: save it as CSV"):
        reader.read("a.csv", large(150_000), replace(LIMITS, read_seconds=0))


def test_a_process_that_has_ended_is_replaced(reader: TableReader) -> None:
    reader.read("a.csv", SMALL, LIMITS)
    for child in psutil.Process().children():
        child.kill()
        child.wait()
    assert reader.read("a.csv", SMALL, LIMITS).shape == (3, 2)


def test_who_leaves_ends_the_reading() -> None:
    reader = TableReader()

    def leave() -> None:
        raise GoneError

    before = set(psutil.Process().children())
    with pytest.raises(GoneError):
        reader.read("a.csv", SMALL, LIMITS, leave)
    assert not [child for child in psutil.Process().children() if child not in before and child.is_running()]


def test_more_files_than_are_read_at_once_wait_and_can_leave() -> None:
    reader, gone = TableReader(), threading.Event()
    at_work = [threading.Event() for _ in range(bounded._AT_ONCE)]

    def occupy(begun: threading.Event) -> None:
        def waiting() -> None:
            begun.set()
            if gone.is_set():
                raise GoneError

        with pytest.raises(GoneError):
            reader.read("a.csv", large(10), replace(LIMITS, read_seconds=60), lambda: (waiting(), time.sleep(0.05))[0])

    threads = [threading.Thread(target=occupy, args=(begun,)) for begun in at_work]
    for thread in threads:
        thread.start()
    looks = []

    def leave_at_the_third_look() -> None:
        looks.append(1)
        if len(looks) == 3:
            raise GoneError

    try:
        assert all(begun.wait(60) for begun in at_work)
        with pytest.raises(GoneError):
            reader.read("b.csv", SMALL, LIMITS, leave_at_the_third_look)
    finally:
        gone.set()
        for thread in threads:
            thread.join()


def test_empty_cells_take_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bertdemo.data.tables.cells._MOST_CELLS", 1_000)
    first = b"{" + b", ".join(b'"column%d": "a"' % place for place in range(100)) + b"}\n"
    with pytest.raises(DataError, match="more than 1,000 cells in its 100 columns: keep the column of texts"):
        read_table("a.jsonl", first + b'{"column1": "b"}\n' * 50, LIMITS)


def test_a_text_that_is_packed_once_counts_as_often_as_it_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bertdemo.data.tables.cells._IN_MEMORY", 0.01)
    pq, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int32()), ["a long text " * 50])
    content = io.BytesIO()
    pq.write_table(pa.table({"text": texts, "label": ["a", "b"] * 500}), content)
    with pytest.raises(DataError, match="far more text than its size allows"):
        read_table("a.parquet", content.getvalue(), LIMITS)


def test_a_thousand_equal_names_become_distinct() -> None:
    frame = make_frame("a.csv", ["a"] * 1_000, [["x"] * 1_000], LIMITS)
    assert list(frame) == ["a", *(f"a ({number})" for number in range(2, 1_001))]


def test_a_chart_sheet_whose_drawing_is_missing_hides_no_table() -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book, content, damaged = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["text", "label"])
    book.active.append(["a", "b"])
    book.create_chartsheet()
    book.save(content)
    with zipfile.ZipFile(content) as whole, zipfile.ZipFile(damaged, "w") as archive:
        for name in whole.namelist():
            if "drawing" not in name:
                archive.writestr(name, whole.read(name))
    assert read_table("a.xlsx", damaged.getvalue(), LIMITS).shape == (1, 2)
