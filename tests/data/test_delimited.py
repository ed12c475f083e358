from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bertdemo.data.delimited import read_delimited
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
