"""What a spreadsheet would run is text; all else stays as it is."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.tables.cells import safe_csv


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
