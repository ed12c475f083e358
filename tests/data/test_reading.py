from __future__ import annotations

import codecs
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.checkup import check_up, clean
from bertdemo.data.columns import guess_columns
from bertdemo.data.dataset import NO_LABEL, Choices, Columns, LabelRules
from bertdemo.data.reading import FILE_TYPES, read_file, read_table, to_dataset
from bertdemo.errors import DataError
from bertdemo.settings import Settings

LIMITS = Settings(home=Path("unused"))
ROWS = [("first text", "good"), ("second text", "bad"), ("third text", "good")]


def as_parquet(frame: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.to_parquet(content)
    return content.getvalue()


def as_excel(frame: pd.DataFrame, **options: object) -> bytes:
    content = io.BytesIO()
    frame.to_excel(content, index=False, **options)
    return content.getvalue()


FRAME = pd.DataFrame(ROWS, columns=["text", "label"])
FILES = {
    "a.csv": b"text,label\nfirst text,good\nsecond text,bad\nthird text,good\n",
    "a.TSV": b"text\tlabel\r\nfirst text\tgood\r\nsecond text\tbad\r\nthird text\tgood\r\n",
    "a.txt": "text;label\nfirst text;good\nsecond text;bad\nthird text;good\n".encode("utf-16"),
    "a.jsonl": "\n".join(json.dumps({"text": t, "label": lab}) for t, lab in ROWS).encode(),
    "a.json": json.dumps([{"text": t, "label": lab} for t, lab in ROWS], indent=1).encode(),
    "a.parquet": as_parquet(FRAME),
    "a.xlsx": as_excel(FRAME),
}


def values(frame: pd.DataFrame, column: str) -> list[str | None]:
    return [None if pd.isna(cell) else cell for cell in frame[column]]


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_gives_the_same_data_set(name: str) -> None:
    frame = read_table(name, FILES[name], LIMITS)
    dataset = to_dataset(frame, guess_columns(frame), "a")
    assert dataset.texts == ("first text", "second text", "third text")
    assert dataset.labels == (1, 0, 1)
    assert dataset.label_names == ("bad", "good")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_lines_is_one_text_a_line_and_has_no_header(end: str) -> None:
    lines = ["I came, I saw, it was closed", 'He said "no, thanks', "", "fine", " ", "late; again", "Never again"]
    frame = read_table("a.txt", end.join(lines).encode(), LIMITS)
    assert list(frame.columns) == ["text"]
    assert values(frame, "text") == [line for line in lines if line.strip()]


def test_cells_stay_as_written_and_only_empty_ones_are_missing() -> None:
    frame = read_table("a.csv", b"text,label\nNA,None\nnull,007\nnan,7\n1e5,NA\n,\n", LIMITS)
    assert values(frame, "text") == ["NA", "null", "nan", "1e5", None]
    assert values(frame, "label") == ["None", "007", "7", "NA", None]


def test_json_numbers_stay_as_written_and_absent_fields_are_missing() -> None:
    content = b'{"text": "a", "label": 1.50}\n{"text": null, "label": 12345678901234567890}\n\n{"label": "x"}'
    frame = read_table("a.jsonl", content, LIMITS)
    assert values(frame, "label") == ["1.50", "12345678901234567890", "x"]
    assert values(frame, "text") == ["a", None, None]


def test_a_typed_table_keeps_numbers_truth_values_and_times() -> None:
    lines = b'{"text": "a", "n": 1, "x": 0.5, "yes": true, "in": {"deep": [1, 2.5]}}\n{"text": "b"}'
    frame = read_table("a.jsonl", lines, LIMITS, typed=True)
    assert frame.to_dict("records") == [
        {"text": "a", "n": 1, "x": 0.5, "yes": True, "in": '{"deep": [1, 2.5]}'},
        {"text": "b", "n": None, "x": None, "yes": None, "in": None},
    ]
    times = pd.DataFrame({"text": ["a", "b"], "at": pd.to_datetime(["2020-01-01", None]), "x": [float("nan"), 2.0]})
    frame = read_table("a.parquet", as_parquet(times), LIMITS, typed=True)
    assert values(frame, "at") == [pd.Timestamp("2020-01-01"), None]
    assert values(frame, "x") == [None, 2.0]


@pytest.mark.parametrize("content", [b"", b"text\n"])
def test_a_table_without_rows_is_not_asked_for_labels(content: bytes) -> None:
    """Predictions read tables, too, and need none."""
    with pytest.raises(DataError) as told:
        read_table("a.csv", content, LIMITS)
    assert "label" not in str(told.value)


def test_a_number_too_long_to_read_is_one_sentence() -> None:
    with pytest.raises(DataError, match="line 1, is not JSON"):
        read_table("a.jsonl", b'{"text": "a", "n": ' + b"9" * 5000 + b"}", LIMITS, typed=True)


def test_whole_numbers_that_parquet_and_excel_keep_as_fractions_are_whole_again() -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c"], "label": [1.0, None, 3.0]})
    for name, content in (("a.parquet", as_parquet(frame)), ("a.xlsx", as_excel(frame))):
        assert values(read_table(name, content, LIMITS), "label") == ["1", None, "3"]


def test_parquet_columns_of_other_types_become_text() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "flag": [True, False], "tags": [["x"], []], "raw": [b"1", None]})
    table = read_table("a.parquet", as_parquet(frame), LIMITS)
    assert values(table, "flag") == ["True", "False"]
    assert values(table, "tags") == ['["x"]', "[]"]
    assert values(table, "raw") == ["1", None]


def workbook(**sheets: pd.DataFrame) -> bytes:
    content = io.BytesIO()
    with pd.ExcelWriter(content) as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return content.getvalue()


NOTES = pd.DataFrame({"Notes": ["written in March", "see the second sheet"]})
PEOPLE = pd.DataFrame({"Who": ["Ann", "Bob"], "What": ["wrote", "labelled"]})


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("notes", [NOTES, PEOPLE])
def test_a_sheet_of_notes_before_the_table_is_passed_over_and_the_sheet_named(notes: pd.DataFrame, typed: bool) -> None:
    frame = read_table("a.xlsx", workbook(About=notes, Data=FRAME), LIMITS, typed=typed)
    assert values(frame, "text") == [text for text, _ in ROWS]
    assert to_dataset(frame, Columns("text", "label"), "a.xlsx").name == "a.xlsx, sheet Data"


@pytest.mark.parametrize("typed", [False, True])
def test_the_first_sheet_is_read_where_it_will_do_and_not_named(typed: bool) -> None:
    for content in (as_excel(FRAME), workbook(Data=FRAME, About=PEOPLE), workbook(Data=FRAME, Copy=FRAME[::-1])):
        frame = read_table("a.xlsx", content, LIMITS, typed=typed)
        assert to_dataset(frame, Columns("text", "label"), "a.xlsx").name == "a.xlsx"
        assert values(frame, "text") == [text for text, _ in ROWS]


def test_of_a_longer_sheet_of_one_column_nothing_can_be_learned_but_its_texts_can_be_predicted() -> None:
    content = workbook(Texts=pd.concat([FRAME[["text"]]] * 2), Data=FRAME)
    assert list(read_table("a.xlsx", content, LIMITS).columns) == ["text", "label"]
    assert list(read_table("a.xlsx", content, LIMITS, typed=True).columns) == ["text"]
    one_column = workbook(About=NOTES, Texts=FRAME[["text"]])
    assert list(read_table("a.xlsx", one_column, LIMITS).columns) == ["text"]  # no sheet has two


def test_the_first_sheet_that_holds_something_is_read_without_its_empty_rows() -> None:
    content = io.BytesIO()
    with pd.ExcelWriter(content) as writer:
        pd.DataFrame().to_excel(writer, sheet_name="empty", index=False)
        FRAME.to_excel(writer, sheet_name="data", index=False, startrow=3)
    assert read_table("a.xlsx", content.getvalue(), LIMITS).shape == (3, 2)


def test_repeated_and_empty_column_names_become_distinct() -> None:
    frame = read_table("a.csv", b"text,text,,text (2),label\na,b,c,d,e\n", LIMITS)
    assert list(frame.columns) == ["text", "text (2)", "column 3", "text (2) (2)", "label"]


def test_lone_surrogates_and_nul_become_harmless() -> None:
    frame = read_table("a.jsonl", b'{"text": "a\\ud800b\\u0000c", "label": "x\\udfff"}', LIMITS)
    assert values(frame, "text") == ["a\ufffdbc"]
    assert as_parquet(frame)


def test_labels_are_stripped_and_numbers_come_in_their_order() -> None:
    frame = pd.DataFrame({"text": ["a"] * 6, "label": ["10", " 9", "-1", "2.5", "9 ", None]}, dtype=object)
    dataset = to_dataset(frame, Columns("text", "label"), "a")
    assert dataset.label_names == ("-1", "2.5", "9", "10")
    assert dataset.labels == (3, 2, 0, 1, 2, NO_LABEL)


def test_words_with_numbers_come_in_their_order_too() -> None:
    names = ["10 stars", "2 stars", "1 star", "Zero", "all", "nan", "9" * 5000]
    frame = pd.DataFrame({"text": ["a"] * 7, "label": names}, dtype=object)
    ordered = to_dataset(frame, Columns("text", "label"), "a", LabelRules(no_label=())).label_names
    assert ordered == ("1 star", "2 stars", "10 stars", "9" * 5000, "all", "nan", "Zero")


def test_a_second_text_column_gives_pairs_with_gaps_as_empty_texts() -> None:
    frame = pd.DataFrame({"q": ["a", "b"], "p": ["c", None], "label": ["x", "y"]}, dtype=object)
    assert to_dataset(frame, Columns("q", "label", "p"), "a").pairs == ("c", "")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns("txt", "label"), "no column 'txt': choose one of 'text', 'label'"),
        (Columns("text", "label", "more"), "no column 'more'"),
        (Columns("text", "text"), "same column was chosen twice"),
    ],
)
def test_columns_that_cannot_be_are_refused(columns: Columns, message: str) -> None:
    with pytest.raises(DataError, match=message):
        to_dataset(FRAME, columns, "a")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"text,label\n", "has a header but no rows"),
        ("a.csv", FILES["a.xlsx"], "an Excel workbook: rename it"),
        ("a.csv", FILES["a.parquet"], "a Parquet file: rename it"),
        ("a.xlsx", FILES["a.csv"], "is text and no workbook: rename it to end in .csv"),
        ("a.xlsx", FILES["a.xlsx"][:-200], "not a readable Excel workbook"),
        ("a.xlsx", as_excel(pd.DataFrame()), "only empty sheets"),
        ("a.parquet", FILES["a.csv"], "not a readable Parquet file"),
        ("a.parquet", FILES["a.parquet"][:-9], "not a readable Parquet file"),
        ("a.jsonl", b'{"text": "a"}\nrubbish\n', "line 2, is not JSON"),
        ("a.jsonl", b'"just a text"\n', "row 1, is not an object"),
        ("a.json", b'[{"text": "a"},]', "not valid JSON near line 1"),
        ("a.json", b"[1, 2]", "row 1, is not an object"),
        ("a.json", b"[]", "no rows"),
        ("a.json", b"[" * 200_000, "not valid JSON"),
        ("a.docx", b"PK", "unknown kind: choose a file that ends in csv, tsv"),
        ("noending", b"text,label", "unknown kind"),
        ("a.csv", b"," * 1_001 + b"\n1,2\n", "1,002 columns"),
    ],
)
def test_bad_files_get_one_sentence(name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_table(name, content, LIMITS)
    assert "\n" not in str(caught.value)


def test_a_50_mb_file_is_refused_with_both_sizes() -> None:
    with pytest.raises(DataError, match=r"50\.0 MB and the limit is 20 MB.*_MAX_FILE_MB.*server\.maxUploadSize"):
        read_table("a.csv", b"x" * 50 * 2**20, LIMITS)


@pytest.mark.parametrize("name", FILES)
def test_too_many_rows_are_refused_with_the_limit(name: str) -> None:
    with pytest.raises(DataError, match="more than 2 rows"):
        read_table(name, FILES[name], replace(LIMITS, max_rows=2))


def test_a_file_that_unpacks_to_too_much_is_refused() -> None:
    frame = pd.DataFrame({"text": ["a" * 30_000] * 2_000, "label": ["x", "y"] * 1_000})
    with pytest.raises(DataError, match="unpacks to"):
        read_table("a.parquet", as_parquet(frame), LIMITS)


def test_a_file_on_disk_is_read_with_given_columns(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("headline,body,kind\nh1,b1,x\nh2,b2,y\n", encoding="utf-8")
    dataset = read_file(path, LIMITS, choices=Choices("headline", "kind", "body"))
    assert (dataset.name, dataset.texts, dataset.pairs) == ("reviews", ("h1", "h2"), ("b1", "b2"))


def test_a_file_that_cannot_be_read_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv cannot be read"):
        read_file(tmp_path / "gone.csv", LIMITS)


def test_what_is_read_can_be_checked_and_cleaned() -> None:
    lines = [f"text number {i},{'ab'[i % 2]}" for i in range(20)]
    frame = read_table("a.csv", "\n".join(["text,label", *lines, "text number 1,b", ","]).encode(), LIMITS)
    dataset = to_dataset(frame, guess_columns(frame), "a")
    assert len(clean(dataset, check_up(dataset))) == 20


@given(st.binary(max_size=200), st.sampled_from(FILE_TYPES))
def test_any_bytes_under_any_name_give_a_table_or_a_sentence(content: bytes, kind: str) -> None:
    try:
        frame = read_table(f"a.{kind}", content, LIMITS)
    except DataError:
        return
    assert all(cell is None or isinstance(cell, str) for column in frame for cell in frame[column])


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
@pytest.mark.parametrize("rest", ["", "\n\r\n", "\ufeff\n"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_file_of_a_byte_order_mark_alone_is_empty(name: str, mark: bytes, rest: str) -> None:
    encoding = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le"}.get(mark, "utf-16-be")
    with pytest.raises(DataError, match="is empty"):
        read_table(name, mark + rest.encode(encoding), LIMITS)


def test_a_workbook_that_states_a_wrong_size_is_read_whole() -> None:
    source, target = io.BytesIO(as_excel(FRAME)), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part, old.read(part).replace(b'<dimension ref="A1:B4"', b'<dimension ref="A1"'))
    assert b'ref="A1"' in zipfile.ZipFile(target).read("xl/worksheets/sheet1.xml")
    assert values(read_table("a.xlsx", target.getvalue(), LIMITS), "text") == [text for text, _ in ROWS]


def test_a_workbook_column_without_a_name_is_kept() -> None:
    frame = pd.DataFrame([("one", "a", None), ("two", "b", "c")], columns=["text", "label", ""])
    assert values(read_table("a.xlsx", as_excel(frame), LIMITS), "column 3") == [None, "c"]
