"""The files that a person takes away: the table as it came, and columns of predictions that replace nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.reading import read_table
from bertdemo.jobs.results import added_names
from bertdemo.settings import Settings
from tests.jobs.conftest import TEXT, table

pytestmark = pytest.mark.usefixtures("small_chunks")
RISKY = ["=1+1", "+cmd", "-x", "@SUM(A1)", "\tx", "\rx", "\n=1"]
CELLS = [*RISKY, "-5.2", "+7", "1e-3", "-1,000.50", "plain", "a;=1+1", None]


def result(jobs, run_id, kind, frame):
    return jobs.result(jobs.submit(run_id, frame, TEXT, "x.csv"), kind)


def test_cells_come_back_in_every_format(jobs, run_id):
    frame = table(len(CELLS), odd=CELLS)
    parquet = pd.read_parquet(result(jobs, run_id, "parquet", frame))
    assert parquet["odd"].astype(object).where(parquet["odd"].notna(), None).tolist() == CELLS
    lines = result(jobs, run_id, "jsonl", frame).read_text("utf-8").split("\n")[:-1]
    assert [json.loads(line)["odd"] for line in lines] == CELLS
    assert [json.loads(line)["text"] for line in lines] == frame["text"].tolist()


def test_a_column_in_single_precision_keeps_its_digits(jobs, run_id):
    numbers = [16_777_213.0, 12_345_679.0, 0.1]  # the first two need eight digits
    frame = table(3).assign(number=pd.Series(numbers, dtype="float32"))
    lines = result(jobs, run_id, "jsonl", frame).read_text("utf-8").splitlines()
    assert [json.loads(line)["number"] for line in lines] == numbers
    assert pd.read_csv(result(jobs, run_id, "csv", frame))["number"].tolist() == numbers


def test_no_cell_of_a_csv_is_a_formula_and_numbers_stay_numbers(jobs, run_id):
    frame = table(len(CELLS), **{"=odd": CELLS})
    with result(jobs, run_id, "csv", frame).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[2] == "'=odd"
    assert [row[2] for row in rows] == [*(f"'{cell}" for cell in RISKY), *CELLS[len(RISKY) : -1], ""]


def test_a_text_is_one_cell_wherever_a_semicolon_separates_cells(jobs, run_id):
    path = result(jobs, run_id, "csv", table(1, odd=["a;=1+1"]))
    assert '"a;=1+1"' in path.read_text("utf-8")


def test_probabilities_are_the_same_in_every_format(jobs, run_id):
    names = ["confidence", "prob_praise", "prob_complaint"]
    parquet = pd.read_parquet(result(jobs, run_id, "parquet", table(9)))
    text = pd.read_csv(result(jobs, run_id, "csv", table(9)))
    lines = pd.read_json(result(jobs, run_id, "jsonl", table(9)), lines=True)
    for other in (text, lines):
        pd.testing.assert_frame_equal(other[names], parquet[names], check_dtype=False, atol=1e-6)
        assert other["predicted_label"].fillna("").tolist() == parquet["predicted_label"].fillna("").tolist()


def test_a_csv_can_be_read_and_predicted_again(jobs, run_id):
    once = result(jobs, run_id, "csv", table(9))
    frame = read_table("once.csv", once.read_bytes(), Settings(once.parent))
    twice = pd.read_parquet(result(jobs, run_id, "parquet", frame))
    assert list(twice.columns) == [*frame.columns, *(f"{name} (2)" for name in frame.columns[2:])]
    assert twice["predicted_label"].tolist() == twice["predicted_label (2)"].tolist()


def test_numbers_of_the_table_are_numbers_in_the_result(jobs, run_id):
    lines = b'{"text": "good", "n": 1, "yes": true, "huge": 1}\n{"text": "bad", "n": null, "yes": false, "huge": 1e3}\n'
    frame = read_table("a.jsonl", lines, Settings(Path("unused")), typed=True)
    written = [json.loads(line) for line in result(jobs, run_id, "jsonl", frame).read_text("utf-8").splitlines()]
    assert [[row["n"], row["yes"], row["huge"]] for row in written] == [[1, True, 1.0], [None, False, 1000.0]]


def test_a_number_beyond_64_bits_makes_texts_of_its_column(jobs, run_id):
    frame = table(2, odd=[10**30, 1])
    assert pd.read_parquet(result(jobs, run_id, "parquet", frame))["odd"].tolist() == [str(10**30), "1"]


def test_the_result_is_made_once(jobs, run_id):
    job_id = jobs.submit(run_id, table(3), TEXT, "x.csv")
    first = jobs.result(job_id, "csv").stat().st_mtime_ns
    assert jobs.result(job_id, "csv").stat().st_mtime_ns == first
    assert not list(jobs.folder(job_id).path.glob(".result*"))


NAMES = st.sampled_from(["predicted_label", "confidence", "confidence (2)", "prob_a", "prob_a (2)", "text", "x"])


@given(st.lists(NAMES, unique=True), st.lists(st.sampled_from(["a", "a (2)", "b", ""]), unique=True))
def test_no_column_is_ever_replaced(taken, labels):
    added = added_names(taken, labels)
    assert len(added) == 3 + len(labels)
    assert len({*taken, *added}) == len(taken) + len(added)
    for name, plain in zip(
        added, ["predicted_label", "confidence", *(f"prob_{label}" for label in labels), "unknown_share"], strict=True
    ):
        assert name.startswith(plain)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=6))
def test_a_quoted_csv_gives_back_what_was_written(texts):
    from bertdemo.jobs.results import _safe

    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerow([_safe(text) for text in texts])
    (row,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    assert [cell.removeprefix("'") for cell in row] == [text.removeprefix("'") for text in texts]
