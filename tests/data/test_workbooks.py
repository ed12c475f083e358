from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.reading import read_table
from bertdemo.data.tables.cells import safe_csv
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
HEADER = ("text", "label")
ROWS = [("The parcel never came in May", "bad"), ("A lovely lamp, thank you", "good"), ("It broke after a day", "bad")]
MORE = [("Nobody answers the telephone", "bad"), ("Quick and friendly help", "good")]


def saved(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def workbook(*sheets: Sequence[Sequence[object]], titles: Sequence[str] = ("Jan", "Feb", "Mar")) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in zip(titles, sheets, strict=False):
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    return book


def cells(content: bytes, name: str = "a.xlsx") -> list[list[str | None]]:
    return read_table(name, content, LIMITS).to_numpy().tolist()


def rows_of(*rows: Sequence[str]) -> list[list[str]]:
    return [list(row) for row in rows]


def test_sheets_of_the_same_columns_are_read_together_in_their_order() -> None:
    swapped = [("Label", "Text"), *((label, text) for text, label in MORE)]
    frame = read_table("a.xlsx", saved(workbook([HEADER, *ROWS[:1]], [HEADER, *ROWS[1:]], swapped)), LIMITS)
    assert frame.to_numpy().tolist() == rows_of(*ROWS, *MORE)
    assert frame.attrs["notes"] == ["Sheets of the same columns were read together: 'Jan', 'Feb', 'Mar'."]


def test_a_sheet_of_other_columns_is_named_and_not_read() -> None:
    frame = read_table(
        "a.xlsx", saved(workbook([HEADER, *ROWS], [("who", "when"), ("Ann", "May"), ("Bob", "June")])), LIMITS
    )
    assert frame.to_numpy().tolist() == rows_of(*ROWS)
    assert frame.attrs["notes"] == ["Sheets with other columns were not read: 'Feb'."]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_never_read(state: str) -> None:
    book = workbook([HEADER, *ROWS], [HEADER, *MORE * 9])
    book["Feb"].sheet_state = state
    frame = read_table("a.xlsx", saved(book), LIMITS)
    assert frame.to_numpy().tolist() == rows_of(*ROWS)
    assert frame.attrs["notes"] == []


@pytest.mark.parametrize("merged", [None, "A1:B1", "A1:C1"])
@pytest.mark.parametrize("above", [[("Answers of May",)], [("Answers of May",), (), ("by Ann",)]])
def test_titles_above_the_header_are_left_out_with_a_note(merged: str | None, above: list[tuple[str, ...]]) -> None:
    book = workbook([*above, HEADER, *ROWS])
    if merged:
        book["Jan"].merge_cells(merged)
    frame = read_table("a.xlsx", saved(book), LIMITS)
    assert list(frame.columns) == ["text", "label"]
    assert frame.to_numpy().tolist() == rows_of(*ROWS)
    assert "Rows above the table were left out" in frame.attrs["notes"][0]


def test_a_merged_cell_stands_in_each_row_that_it_covers() -> None:
    book = workbook([("label", "text"), ("bad", "one text"), (None, "two texts"), ("good", "three"), (None, "four")])
    book["Jan"].merge_cells("A2:A3")
    assert cells(saved(book)) == [["bad", "one text"], ["bad", "two texts"], ["good", "three"], [None, "four"]]


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (1, None, "1"), (1.0, None, "1"), (0.1 + 0.2, None, "0.3"), (0.25, "0%", "25%"), (0.256, "0.0%", "25.6%"),
        (7, "000", "007"), (3.5, "0.00", "3.50"), (True, None, "TRUE"), (date(2026, 5, 4), None, "2026-05-04"),
        (datetime(2026, 5, 4, 10, 30), None, "2026-05-04 10:30:00"), (time(9, 5), None, "09:05:00"),
        ("007", None, "007"),
    ],
)  # fmt: skip
def test_cells_are_as_a_person_sees_them(value: object, pattern: str | None, shown: str) -> None:
    book = workbook([HEADER, ("a text", value), ("another text", value)])
    if pattern:
        for row in (2, 3):
            book["Jan"].cell(row, 2).number_format = pattern
    assert [label for _, label in cells(saved(book))] == [shown, shown]


def test_a_workbook_without_a_header_keeps_its_first_row() -> None:
    assert cells(saved(workbook([*ROWS, *MORE, *ROWS]))) == rows_of(*ROWS, *MORE, *ROWS)


def with_part(content: bytes, part: str, data: bytes | None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            if entry.filename != part:
                new.writestr(entry, old.read(entry))
        if data is not None:
            new.writestr(part, data)
    return target.getvalue()


def test_a_chart_sheet_without_its_drawing_is_passed_over() -> None:
    book = workbook([HEADER, *ROWS])
    book.create_chartsheet("Chart")
    content = saved(book)
    assert cells(with_part(content, "xl/chartsheets/_rels/sheet1.xml.rels", None)) == rows_of(*ROWS)


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("xl/workbook.xml", None),
        ("xl/workbook.xml", b"<workbook"),
        ("xl/worksheets/sheet1.xml", b"no xml"),
        ("xl/styles.xml", b"<styleSheet><cellXfs><xf numFmtId='x'/></cellXfs></styleSheet>"),
        ("xl/_rels/workbook.xml.rels", b"<x"),
        ("[Content_Types].xml", b""),
    ],
)
def test_a_damaged_book_is_one_sentence(part: str, data: bytes | None) -> None:
    with pytest.raises(DataError, match="is not a readable Excel workbook"):
        cells(with_part(saved(workbook([HEADER, *ROWS])), part, data))


OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"


def open_document(*sheets: str, start: str = "") -> bytes:
    """A spreadsheet as LibreOffice writes it, as far as a reader needs it."""
    spaces = "".join(f' xmlns:{name}="{OFFICE}{name}:1.0"' for name in ("office", "table", "text", "style"))
    content = (
        f'{start}<office:document-content{spaces}><office:automatic-styles><style:style style:name="h">'
        '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
        f"<office:body><office:spreadsheet>{''.join(sheets)}</office:spreadsheet></office:body></office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", '<?xml version="1.0"?>' + content)
    return target.getvalue()


def ods_sheet(title: str, *rows: str, style: str = "v") -> str:
    return f'<table:table table:name="{title}" table:style-name="{style}">{"".join(rows)}</table:table>'


def ods_row(*texts: str, more: str = "") -> str:
    made = (f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts)
    rest = "<table:table-cell table:number-columns-repeated='16380'/>"
    return f"<table:table-row{more}>{''.join(made)}{rest}</table:table-row>"


def test_an_open_document_is_read_as_it_is_seen() -> None:
    spanned = "<table:table-row><table:table-cell table:number-rows-spanned='2'><text:p>bad</text:p></table:table-cell>"
    covered = "<table:table-row><table:covered-table-cell/>"
    text = "<table:table-cell><office:annotation><text:p>a comment</text:p></office:annotation><text:p>one<text:s/>two"
    text += "</text:p><text:p>three</text:p></table:table-cell></table:table-row>"
    content = open_document(
        ods_sheet("Hidden", *[ods_row("label", "text")] + [ods_row("x", "y")] * 9, style="h"),
        ods_sheet("Data", ods_row("Answers"), ods_row("label", "text"), spanned + text, covered + text,
                  ods_row("good", "four", more=' table:number-rows-repeated="2"'),
                  ods_row(more=' table:number-rows-repeated="1048000"')),
    )  # fmt: skip
    frame = read_table("a.ods", content, LIMITS)
    assert list(frame.columns) == ["label", "text"]
    assert frame.to_numpy().tolist() == [["bad", "one two\nthree"]] * 2 + [["good", "four"]] * 2


@pytest.mark.parametrize(
    "content",
    [b"PK no zip", saved(workbook([HEADER])), open_document("<table:table>")[:-40],
     open_document(start='<!DOCTYPE a [<!ENTITY b "c">]>'), open_document("<table:table")],
)  # fmt: skip
def test_a_damaged_open_document_is_one_sentence(content: bytes) -> None:
    with pytest.raises(DataError, match="is not a readable OpenDocument workbook"):
        read_table("a.ods", content, LIMITS)


def test_sheets_called_train_and_test_become_the_split() -> None:
    book = workbook([HEADER, *ROWS], [("Text ", "label"), *MORE], titles=("train", "Test"))
    frame = read_table("a.xlsx", saved(book), LIMITS)
    assert frame["split"].tolist() == ["train"] * 3 + ["Test"] * 2
    assert frame["text"].tolist() == [text for text, _ in ROWS + MORE]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_a_text_that_would_be_run_gets_an_apostrophe(text):
    [row] = pd.read_csv(io.StringIO(safe_csv(pd.DataFrame({"text": [text]}))), keep_default_na=False)["text"]
    assert row == f"'{text}"


def test_numbers_stay_numbers_and_a_gap_stays_a_gap():
    frame = pd.DataFrame({"score": [-0.5, 1.0], "text": ["fine", None]})
    assert safe_csv(frame) == "score,text\r\n-0.5,fine\r\n1.0,\r\n"


def test_a_carriage_return_in_a_cell_begins_no_row():
    written = safe_csv(pd.DataFrame({"text": ["fine\r=1+1", "next"]}))
    assert list(pd.read_csv(io.StringIO(written))["text"]) == ["fine\r=1+1", "next"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=5))
def test_no_cell_begins_like_a_formula(texts):
    written = pd.read_csv(io.StringIO(safe_csv(pd.DataFrame({"text": texts}))), keep_default_na=False, dtype=str)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in written["text"])
