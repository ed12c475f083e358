from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bertdemo.data.tables.delimited import is_table, read_delimited
from bertdemo.data.tables.headers import is_header
from bertdemo.errors import DataError

LIMIT = 1_000
cells = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def read(text: str) -> tuple[list[str], list[list[str]]]:
    header, rows = read_delimited("a.csv", text, LIMIT)
    return header, list(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_among_texts_that_hold_others(delimiter: str) -> None:
    text = f'text{delimiter}label\n"so, well; a|b"{delimiter}good\n"I\tsee, yes"{delimiter}bad\n'
    assert read(text) == (["text", "label"], [["so, well; a|b", "good"], ["I\tsee, yes", "bad"]])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_end_lines(end: str) -> None:
    assert read(end.join(["text,label", "a,1", "b,2", ""])) == (["text", "label"], [["a", "1"], ["b", "2"]])


def test_a_quoted_text_may_span_lines_and_hold_quotation_marks() -> None:
    assert read('text,label\n"one\ntwo ""three""",x\n')[1] == [['one\ntwo "three"', "x"]]


def test_a_text_that_begins_with_a_quotation_mark_swallows_no_rows() -> None:
    rows = read('label\ttext\nham\t"Win now\nspam\tfoo\nham\tsaid he"\nspam\tbar\n')[1]
    assert [row[1] for row in rows] == ['"Win now', "foo", 'said he"', "bar"]


def test_a_stray_quotation_mark_is_text_where_every_line_is_a_good_row() -> None:
    assert read('text,label\n"never closed,a\n"so" what,b\n')[1] == [['"never closed', "a"], ['"so" what', "b"]]


def test_empty_lines_are_no_rows_and_short_rows_are_filled_up() -> None:
    assert read("text,label\n\na,1\nb\n\n")[1] == [["a", "1"], ["b", ""]]


def test_empty_cells_beyond_the_header_are_dropped() -> None:
    assert read("text,label\na,1,,\nb,2\n")[1] == [["a", "1"], ["b", "2"]]


def test_a_file_without_a_header_keeps_its_first_row() -> None:
    header, rows = read("ham\thi, you\nspam\twin, win\nham\tok\nham\tbye\n")
    assert header == ["column 1", "column 2"]
    assert rows[0] == ["ham", "hi, you"]


def test_a_text_that_comes_again_is_no_name() -> None:
    rows = [[f"so it goes {i}", "ab"[i % 2]] for i in range(20_000)]
    assert not is_header(rows[4], [*rows, rows[4]])


def test_a_usual_name_is_a_header_even_if_it_comes_again_as_a_value() -> None:
    assert read("text,spam\na,spam\nb,spam\nc,ham\n")[0] == ["text", "spam"]


def test_an_unquoted_delimiter_is_named_with_its_row() -> None:
    with pytest.raises(DataError, match=r"row 3: 3 cells where the first row has 2; .* a comma in quotation marks"):
        read("text,label\nfine,a\nwell, no,b\n")


def test_a_wrong_quotation_mark_is_named_with_its_row() -> None:
    with pytest.raises(DataError, match="row 3: a quotation mark is not closed or not doubled"):
        read('text,label\nfine,a\n"never, closed,a\nwell,b\n')


def test_quotation_marks_inside_a_quoted_text_need_not_be_doubled() -> None:
    assert read('text,label\nfine,a\n"not "doubled" in, here",a\nwell,b\n')[1][1] == ['not "doubled" in, here', "a"]


def test_a_text_may_be_longer_than_what_a_csv_reader_usually_takes() -> None:
    long = "word " * 40_000
    for quote in ('"', ""):
        assert read(f"text,label\n{quote}{long}{quote},a\nshort,b\n")[1][0] == [long, "a"]


def test_one_column_is_read_as_one_column() -> None:
    assert read("text\nhello, you\nbye\n")[0] == ["text"]


def test_reading_ends_soon_after_the_limit() -> None:
    assert len(list(read_delimited("a.csv", "text,label\n" + "a,1\n" * 100, 10)[1])) == 11


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=20), st.sampled_from(",;\t|"))
def test_whatever_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *rows])
    header, found = read(content.getvalue())
    assume(header == ["text", "label"])
    assert found == [list(row) for row in rows]


@given(st.text(alphabet=st.sampled_from('ab",;\t|\n\r" '), min_size=1, max_size=60))
def test_any_text_becomes_a_rectangle_or_a_sentence(text: str) -> None:
    assume(text.strip())
    try:
        header, rows = read(text)
    except DataError:
        return
    assert {len(row) for row in rows} <= {len(header)}


# What may go wrong in a table of texts and labels, each kind with the rows that are right.
SUBJECTS = ("The parcel", "My invoice", "The courier", "Your hotline", "The lamp", "Our order", "A refund")
ENDS = ("never came in May", "was charged twice", "is late again", "was very friendly", "broke soon", "looks lovely")
PLAIN = [(f"{SUBJECTS[i % 7]} {ENDS[i % 6]} number {i}", ("billing", "delivery", "praise")[i % 3]) for i in range(42)]
COMMAS = [(f"{text}, sadly" if i % 4 == 0 else text, label) for i, (text, label) in enumerate(PLAIN)]
BREAKS = [
    (f'Hello,\n{text}\n\n"so" what; or|not' if i % 5 == 0 else text, label) for i, (text, label) in enumerate(PLAIN)
]
LONE = [
    (f'"{text}' if i % 5 == 0 else f'{text}"' if i % 5 == 1 else text, label) for i, (text, label) in enumerate(PLAIN)
]
BROKEN = [(text.replace(" ", "\n", 1), label) for text, label in PLAIN]
NAIVE = [(f'She said "{text}" and left', label) for text, label in COMMAS]
QUOTED = [(f'Mr {i} said: "{text}"', label) for i, (text, label) in enumerate(PLAIN)]
MARKED = [(f'"{text}"' if i == 9 else text, label) for i, (text, label) in enumerate(PLAIN)]
LISTS = [(", ...", "1")] + [
    ((text if i % 2 else text.lower())[: 2 + i * 5 % 30], ("1", "2", "1, 2", "2, 3, 1", "3")[i % 5])
    for i, (text, _) in enumerate(PLAIN)
]
QUOTATIONS = [
    (f'"{text}" said "she"' if i % 7 == 0 else f'"Oh" {text}' if i % 7 < 4 else text, label)
    for i, (text, label) in enumerate(PLAIN)
]
EACH = [(f"{text} or {i * i}, sadly for {i + 3}", label) for i, (text, label) in enumerate(PLAIN)]
OPEN = [*((f"{t} {i}", lab, "") for i in range(2) for t, lab in PLAIN), ("A", "b", "c")]
OPEN[50] = ("Tgf", "not_known", "")
HEADER, NAMES = ("text", "label"), ("Nr", "Satz", "Art")


def written(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, **options: Any) -> str:
    content = io.StringIO(newline="")
    csv.writer(content, **{"lineterminator": "\n", **options}).writerows([header, *rows] if header else rows)
    return content.getvalue()


def joined(rows: Sequence[Sequence[str]], delimiter: str, header: Sequence[str] = HEADER, end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in ([header, *rows] if header else rows)) + end


def turned(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [tuple(reversed(row)) for row in rows]


def numbered(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return [(str(i), *row) for i, row in enumerate(rows, 1)]


WRITINGS: dict[str, tuple[str, Sequence[Sequence[str]]]] = {
    "single quotation marks": (written(BREAKS, quotechar="'", delimiter=";"), BREAKS),
    "single quotation marks, no header": (written(BREAKS, (), quotechar="'", delimiter=";"), BREAKS),
    "backslashes": (written(BREAKS, doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL), BREAKS),
    "backslashes of Windows": (written([(t + r" in C:\new\table", lab) for t, lab in COMMAS]),
                               [(t + r" in C:\new\table", lab) for t, lab in COMMAS]),
    "nothing, as databases write it": (written([(t, r"\N" if lab == "praise" else lab) for t, lab in PLAIN]),
                                       [(t, "" if lab == "praise" else lab) for t, lab in PLAIN]),
    "lone quotation marks": (joined(LONE, "\t"), LONE),
    "lone quotation marks and a short row": (joined(LONE, "\t") + "only this\n", [*LONE, ("only this", "")]),
    "lone quotation marks, label first": (joined(turned(LONE), "\t", ("label", "text")), turned(LONE)),
    "marks that are not doubled": (joined([(f'"{t}"', f'"{lab}"') for t, lab in NAIVE], ","), NAIVE),
    "line breaks in quotation marks": (written(BREAKS), BREAKS),
    "line breaks in tab-separated texts": (written(turned(BREAKS), (), delimiter="\t"), turned(BREAKS)),
    "line breaks without quotation marks": (joined(BROKEN, ";", end="\r\n"), BROKEN),
    "Excel's first line": ("sep=;\r\n" + written(COMMAS, delimiter=";", lineterminator="\r\n"), COMMAS),
    "Excel's first line, a tab": ("sep=\t\n" + joined(COMMAS, "\t"), COMMAS),
    "a title": ("Answers of May\n\n" + written(COMMAS), COMMAS),
    "a title with empty cells": ("Answers of May,,\n,,\n" + written([(*r, "x") for r in COMMAS], (*HEADER, "by")),
                                 [(*r, "x") for r in COMMAS]),
    "comments": ("# exported, by Ann\n# in May\n" + written(COMMAS), COMMAS),
    "a header that begins like a comment": (written(COMMAS, ("# text", "label")), COMMAS),
    "texts that begin like comments": (written([("#" + t, lab) for t, lab in COMMAS], ()),
                                       [("#" + t, lab) for t, lab in COMMAS]),
    "a delimiter after each row": (joined([(*r, "") for r in PLAIN], ";", (*HEADER, "")), PLAIN),
    "a delimiter after each row, no header": (joined([(*r, "") for r in PLAIN], ";", ()), PLAIN),
    "commas without quotation marks": (joined(turned(COMMAS), ",", ("label", "text")), turned(COMMAS)),
    "commas without quotation marks, no header": (joined(turned(COMMAS), ",", ()), turned(COMMAS)),
    "commas without quotation marks in the middle": (joined(numbered(COMMAS), ",", ("id", *HEADER)), numbered(COMMAS)),
    "a comma without quotation marks in each text beside an id": (
        joined(numbered(EACH), ",", ("id", *HEADER)), numbered(EACH)),
    "rows that end in a delimiter but for one": (
        joined(OPEN, ";", ()), OPEN),
    "a header in another language, thrice": (
        "".join(written(PLAIN[i : i + 14], ("Satz", "Art")) for i in (0, 14, 28)), PLAIN),
    "rows without texts": (written([*COMMAS, ("", "praise"), ("", "")]), [*COMMAS, ("", "praise"), ("", "")]),
    "a header that is a class": (written(COMMAS, ("customer wrote", "praise")), COMMAS),
    "a first label that never comes again": (written([(PLAIN[0][0][:-2], "odd"), *PLAIN], ()),
                                             [(PLAIN[0][0][:-2], "odd"), *PLAIN]),
    "a header twice": (written(COMMAS[:20]) + written(COMMAS[20:]), COMMAS),
    "names of rows, as R writes them": (joined([HEADER], ",", ()) + joined(numbered(PLAIN), ",", ()), numbered(PLAIN)),
    "a line separator": (written(COMMAS, lineterminator="\u2028"), COMMAS),
    "the end of a file of DOS": (written(COMMAS, lineterminator="\r\n") + "\x1a", COMMAS),
    "numbers as labels": (written([(t, str(len(lab) % 2)) for t, lab in COMMAS], ()),
                          [(t, str(len(lab) % 2)) for t, lab in COMMAS]),
    "quotations of every text": (written([(f'A: "{t}"\nB: "why, {lab}?"', lab) for t, lab in COMMAS]),
                                 [(f'A: "{t}"\nB: "why, {lab}?"', lab) for t, lab in COMMAS]),
    "tabs in every text": (written([(t.replace(" ", "\t", 2), lab) for t, lab in COMMAS]),
                           [(t.replace(" ", "\t", 2), lab) for t, lab in COMMAS]),
    "a header in another language": (written(COMMAS[:5], ("Nachricht", "Kategorie"), delimiter=";"), COMMAS[:5]),
    "a notice above a table without a header": (
        "---- NOTICE ----\nFor research only, of rude texts\n\n" + joined(numbered(PLAIN), "\t", ()), numbered(PLAIN)),
    "a first number that comes again among lists": (
        joined(LISTS, "\t", ()), LISTS),
    "quotations that begin and end a few texts": (joined(QUOTATIONS, "\t", ()), QUOTATIONS),
    "titles with empty cells": ("Title: May;;\nBy: Ann;;\n\n" + written(numbered(COMMAS), NAMES, delimiter=";"),
                                numbered(COMMAS)),
    "lone marks among quoted texts": (
        written(QUOTED, (), delimiter="\t") + joined(LONE[:2], "\t", ()) + written(QUOTED, (), delimiter="\t"),
        [*QUOTED, *LONE[:2], *QUOTED]),
    "texts in marks of their own": (joined(MARKED, "\t"), MARKED),
    "one column": (written([(t,) for t, _ in COMMAS], ("comment",)), [(t,) for t, _ in COMMAS]),
    "one column without a header": ("".join(f"{t}\n" for t, _ in COMMAS), [(t,) for t, _ in COMMAS]),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITINGS)
def test_no_row_is_swallowed_torn_or_merged(kind: str) -> None:
    text, rows = WRITINGS[kind]
    assert [tuple(row) for row in read(text)[1]] == [tuple(row) for row in rows]


@pytest.mark.parametrize("delimiter", ["^", "~", "\x01", "\x1f", "::", ":::", "|||", " ||| ", "||", "¦"])
@pytest.mark.parametrize("header", [HEADER, ()])
def test_delimiters_that_few_use_are_found_where_every_line_has_one(delimiter: str, header: tuple[str, ...]) -> None:
    assert [tuple(row) for row in read(joined(PLAIN, delimiter, header))[1]] == PLAIN


def test_late_quotation_marks_count_in_a_long_file() -> None:
    rows = [(f"{text}, {i}", label) for i in range(100) for text, label in PLAIN]
    late = [*rows, ('Hello,\n"so" what', "praise")]
    assert [tuple(row) for row in read_delimited("a.csv", written(late), 10_000)[1]] == late
    lone = [*((text.replace(",", ""), label) for text, label in rows), ('"never closed', "praise"), ("x", "praise")]
    assert [tuple(row) for row in read_delimited("a.tsv", joined(lone, "\t"), 10_000)[1]] == lone


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Answers of May\n" + written(PLAIN), "Rows above the table were left out: 1 (“Answers of May”)."),
        (
            "Created,2026-01-02\nAuthor,Ann\n" + written(PLAIN),
            "Rows above the table were left out: 2 (“Created 2026-01-02”).",
        ),
        (written(PLAIN, ()), "The first row was read as an example like the others, not as names of columns."),
        (written(PLAIN[:9]) + written(PLAIN[9:]), "Rows that repeat the header were left out: 1."),
        (written(PLAIN) + "only this\n", "Rows with fewer cells than the table has columns: 1, from row 44 on"),
        (
            joined(turned(COMMAS), ",", ("label", "text")),
            "a comma in a text without quotation marks: 11, from row 2 on",
        ),
        (joined([(t, "01"[i % 2]) for i, (t, _) in enumerate(LONE)], "\t"), "can be understood in two ways"),
    ],
)
def test_what_a_person_should_know_is_noted(text: str, note: str) -> None:
    notes: list[str] = []
    read_delimited("a.csv", text, LIMIT, notes)
    assert note in " ".join(notes)


def test_a_usual_table_has_no_notes() -> None:
    notes: list[str] = []
    read_delimited("a.csv", written(BREAKS), LIMIT, notes)
    assert notes == []


def test_a_table_is_no_larger_than_its_file() -> None:
    names = ",".join(["text", "label", *(f"name {i}" for i in range(898))])
    with pytest.raises(DataError, match="names 900 columns and its rows fill few"):
        read_delimited("a.csv", names + "\n" + "x\n" * 9_000, 10_000)


def test_a_class_after_an_at_sign_is_a_column() -> None:
    lines = [f"Profit rose by {i} % this year@{('positive', 'neutral')[i % 2]}" for i in range(10)]
    assert is_table("\n".join(lines))
    assert not is_table("\n".join(f"@airline{i} my flight {i} is late" for i in range(10)))
