"""Further columns of a file, by which a report can tell groups of texts apart."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bertdemo.data.checkup import MIN_ROWS, check_up, clean
from bertdemo.data.columns import extra_columns
from bertdemo.data.dataset import Columns, Dataset
from bertdemo.data.reading import to_dataset
from bertdemo.data.splitting import split
from tests.data.strategies import clean_datasets

N = 60
COLUMNS = {
    "text": tuple(f"a sentence with the number {i} in it" for i in range(N)),
    "label": ("good", "bad", "fine") * 20,
}


def frame(**extras: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame({**COLUMNS, **extras}, dtype=object)


@pytest.mark.parametrize(
    ("column", "divides"),
    [
        (("web", "mail") * 30, True),
        (("web", None, "mail") * 20, True),
        (("web",) * 60, False),
        ((None,) * 60, False),
        (tuple(f"id {i}" for i in range(N)), False),
        (tuple(f"group {i % 30}" for i in range(N)), True),
        (tuple(f"group {i % 31}" for i in range(N)), False),
        ((*("w" * 81,) * 30, *("v",) * 30), False),
    ],
)
def test_a_column_is_kept_if_it_divides_the_rows_into_groups(column: tuple[str | None, ...], divides: bool) -> None:
    dataset = to_dataset(frame(channel=column), Columns("text", "label"), "d")
    assert dataset.extras == ({"channel": tuple(cell or "" for cell in column)} if divides else {})


def test_more_than_fifty_groups_are_no_groups_however_many_the_rows() -> None:
    many = pd.DataFrame({"group": [f"{i % 51}" for i in range(1000)], "half": ["a", "b"] * 500}, dtype=object)
    assert extra_columns(many, []) == ["half"]


def test_the_first_eight_are_kept_and_the_chosen_ones_are_none_of_them() -> None:
    extras = {f"column {i}": ("a", "b") * 30 for i in range(10)}
    dataset = to_dataset(frame(**extras), Columns("text", "label"), "d")
    assert list(dataset.extras) == [f"column {i}" for i in range(8)]


@given(clean_datasets(), st.integers(0, 10))
def test_they_follow_their_texts_through_cleaning_and_splitting(dataset: Dataset, seed: int) -> None:
    assume(len(dataset) >= MIN_ROWS)
    marked = replace(dataset, extras={"mark": tuple(f"of {text}" for text in dataset.texts)})
    parts = split(clean(marked, check_up(marked)), seed=seed)
    for name in ("train", "validation", "test"):
        part = parts.part(name)
        assert part.extras == {"mark": tuple(f"of {text}" for text in part.texts)}
    assert len(parts.train) + len(parts.validation) + len(parts.test) == len(dataset)


@given(clean_datasets())
def test_they_change_neither_fingerprint_nor_split(dataset: Dataset) -> None:
    marked = replace(dataset, extras={"mark": dataset.texts})
    assert marked.fingerprint == dataset.fingerprint
    one, other = split(marked, seed=1), split(dataset, seed=1)
    assert (one.train, one.validation, one.test) == (other.train, other.validation, other.test)


def test_a_column_of_another_length_is_refused(small_dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="same length"):
        replace(small_dataset, extras={"short": ("a",)})
