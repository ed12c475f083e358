from __future__ import annotations

import pandas as pd
import pytest

from bertdemo.data.columns import Columns, guess_columns, is_usual_name, label_problem
from bertdemo.errors import DataError

TEXTS = tuple(f"a sentence with the number {i} in it" for i in range(60))
LABELS = ("good", "bad", "fine") * 20
IDS = tuple(f"id{i}" for i in range(60))
NUMBERS = tuple(str(i / 7) for i in range(60))


def table(**columns: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


@pytest.mark.parametrize(
    ("names", "text", "label"),
    [
        (("text", "label"), "text", "label"),
        (("Label", "Text"), "Text", "Label"),
        (("v2", "v1"), "v2", "v1"),
        (("tweet_text", "airline_sentiment"), "tweet_text", "airline_sentiment"),
        (("review", "stars"), "review", "stars"),
        (("foo", "bar"), None, None),
    ],
)
def test_usual_names_and_looks_agree(names: tuple[str, str], text: str | None, label: str | None) -> None:
    first, second = names
    texts_first = text is None or text == first
    frame = table(**{first: TEXTS, second: LABELS} if texts_first else {first: LABELS, second: TEXTS})
    assert guess_columns(frame) == Columns(text or first, label or second)


def test_ids_and_numbers_are_neither_texts_nor_labels() -> None:
    frame = table(nr=IDS, value=NUMBERS, remark=TEXTS, kind=LABELS)
    assert guess_columns(frame) == Columns("remark", "kind")


def test_a_column_that_is_always_empty_is_passed_over() -> None:
    frame = table(void=(None,) * 60, remark=TEXTS, kind=LABELS)
    assert guess_columns(frame) == Columns("remark", "kind")


@pytest.mark.parametrize(
    ("first", "second"), [("premise", "hypothesis"), ("sentence1", "sentence2"), ("text_a", "text_b")]
)
def test_two_texts_that_belong_together_are_a_pair(first: str, second: str) -> None:
    assert guess_columns(table(**{first: TEXTS, second: TEXTS, "gold": LABELS})) == Columns(first, "gold", second)


def test_what_is_given_is_kept() -> None:
    frame = table(text=TEXTS, title=TEXTS, label=LABELS, kind=LABELS)
    assert guess_columns(frame, text="title", label="kind") == Columns("title", "kind")
    assert guess_columns(frame, pair="title") == Columns("text", "label", "title")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (table(text=TEXTS), "only the column 'text': it needs two columns"),
        (table(text=TEXTS, nr=IDS), "No column looks like labels among 'text', 'nr'"),
        (table(text=TEXTS, label=IDS), "The column 'label' has 60 values in 60 rows and looks like texts or ids"),
        (table(text=TEXTS, label=("a",) * 60), "The column 'label' holds the single label 'a'"),
        (table(text=TEXTS, label=(None,) * 60), "The column 'label' is empty"),
        (table(value=NUMBERS, kind=LABELS), "No column looks like texts"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        guess_columns(frame, label="kind" if "kind" in frame else None)


def test_a_given_column_that_does_not_exist_is_answered_with_those_that_do() -> None:
    with pytest.raises(DataError, match="no column 'txt': choose one of 'text', 'label'"):
        guess_columns(table(text=TEXTS, label=LABELS), text="txt")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (("a", "b"), None),
        (tuple(str(i) for i in range(20)), None),
        (tuple(str(i % 500) for i in range(1000)), None),
        (tuple(str(i) for i in range(21)), "looks like texts or ids"),
        (tuple(str(i % 1001) for i in range(10_000)), "looks like texts or ids, not labels (there can be 1,000)"),
        ((" ", None, ""), "is empty"),
        (("a", " a", None), "single label"),
    ],
)
def test_what_a_column_of_labels_may_hold(values: tuple[str | None, ...], problem: str | None) -> None:
    found = label_problem(pd.Series(values, dtype=object))
    assert found is None if problem is None else problem in (found or "")


@pytest.mark.parametrize(
    ("name", "usual"), [("Text", True), ("LABEL", True), ("v1", True), ("ham", False), ("", False)]
)
def test_usual_names_are_known_in_any_case(name: str, usual: bool) -> None:
    assert is_usual_name(name) is usual
