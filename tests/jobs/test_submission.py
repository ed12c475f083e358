"""What is found out before a job is made."""

from __future__ import annotations

import pandas as pd
import pytest

from bertdemo.jobs.records import JobColumns
from bertdemo.jobs.store import as_table, chunk_rows, fingerprint
from tests.jobs.conftest import TEXT, table


def of(frame, columns=TEXT, run="r", model="m", exact=False):
    return fingerprint(as_table(frame), columns, run, model, exact)


def test_equal_tables_have_equal_fingerprints_and_others_do_not():
    assert of(table(3000)) == of(table(3000).copy())
    changed = table(3000)
    changed.loc[2999, "text"] = "else"
    others = [
        changed, table(3000).iloc[::-1], table(3000).rename(columns={"id": "no"}), table(3000)[["text", "id"]],
    ]  # fmt: skip
    found = {of(table(3000)), *map(of, others)}
    found |= {of(table(3000), JobColumns("id")), of(table(3000), run="s"), of(table(3000), model="n")}
    found |= {of(table(3000), exact=True)}
    assert len(found) == 9


def test_an_empty_cell_is_no_empty_text():
    assert of(pd.DataFrame({"text": ["", "a"]}, dtype=object)) != of(pd.DataFrame({"text": [None, "a"]}, dtype=object))


@pytest.mark.parametrize(("length", "rows"), [(1, 1024), (130, 1000), (1300, 100), (20_000, 64)])
def test_the_longer_the_texts_the_fewer_at_a_time(length, rows):
    frame = pd.DataFrame({"text": ["x" * length] * 300}, dtype=object)
    assert chunk_rows(as_table(frame), TEXT) == pytest.approx(rows, rel=0.05)
