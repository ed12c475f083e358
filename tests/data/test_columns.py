from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bertdemo.data.checkup import MIN_ROWS, check_up, clean
from bertdemo.data.column_cells import label_problem
from bertdemo.data.columns import extra_columns, guess_columns, is_usual_name
from bertdemo.data.dataset import Columns, Dataset
from bertdemo.data.reading import to_dataset
from bertdemo.data.splitting import split
from bertdemo.errors import DataError, DoubtfulLabelError
from tests.data import schemas
from tests.data.strategies import clean_datasets

TEXTS = tuple(f"a sentence with the number {i} in it" for i in range(60))
LABELS = ("good", "bad", "fine") * 20
IDS = tuple(f"id{i}" for i in range(60))
NUMBERS = tuple(str(i / 7) for i in range(60))
N = 60
COLUMNS = {
    "text": tuple(f"a sentence with the number {i} in it" for i in range(N)),
    "label": ("good", "bad", "fine") * 20,
}


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


@pytest.mark.parametrize(("text", "label", "columns"), schemas.schemas())
def test_the_columns_of_corpora_and_tools_are_those_that_a_careful_person_takes(
    text: str, label: str, columns: str
) -> None:
    found = guess_columns(schemas.table(columns))
    assert (f"{found.text}+{found.pair}" if found.pair else found.text, found.label_columns) == (text, (label,))


@pytest.mark.parametrize(
    ("columns", "candidates"),
    [
        ("text:text sentiment:words topic:topics", ("sentiment", "topic")),
        ("text:text sentiment_label:words topic_label:topics", ("sentiment_label", "topic_label")),
        ("text:text a:words b:topics", ("a", "b")),
        ("text:text a:words b:topics c:coded", ("a", "b", "c")),
        ("text:text level_1:words level_2:topics", ("level_1", "level_2")),
        ("text:text author:people year:few", ("author", "year")),
        ("texto:text estereotipo:two odio:words", ("odio", "estereotipo")),
        ("text:text a:words b:topics c:words d:topics e:words", ("a", "b", "c", "d", "e")),
        ("text:text offensive:flag funny:other_flag", ("offensive", "funny")),
    ],
)
def test_columns_that_are_equally_plausible_are_asked_about(columns: str, candidates: tuple[str, ...]) -> None:
    with pytest.raises(DoubtfulLabelError, match="choose one of them") as asked:
        guess_columns(schemas.table(columns))
    assert asked.value.candidates == candidates
    assert guess_columns(schemas.table(columns), label=candidates[1]).label == candidates[1]


@pytest.mark.parametrize(
    "column", ["annotator:people", "session:few", "split:split", "worker_id:few", "is_train:flag", "date:few"]
)
def test_what_is_about_the_row_is_never_a_label_even_if_there_is_nothing_else(column: str) -> None:
    with pytest.raises(DataError, match="No column looks like labels"):
        guess_columns(schemas.table(f"text:text {column}"))


@pytest.mark.parametrize(
    ("columns", "flags"),
    [
        ("id:id comment:text billing:flag delivery:flag praise:flag", ("billing", "delivery", "praise")),
        ("comment_text:text toxic:flag obscene:flag insult:flag", ("toxic", "obscene", "insult")),
        ("text:text id:id author:people subreddit:topics rater_id:few unclear:truth anger:flag joy:flag fear:flag",
         ("anger", "joy", "fear")),
        ("Tweet:text HS:flag TR:flag AG:flag", ("HS", "TR", "AG")),
        ("text:text joy:flag fear:holed anger:flag", ("joy", "fear", "anger")),
    ],
)  # fmt: skip
def test_columns_of_flags_are_labels_together(columns: str, flags: tuple[str, ...]) -> None:
    assert guess_columns(schemas.table(columns)).flags == flags


def test_the_columns_of_several_raters_are_read_together_unless_there_is_a_final_label() -> None:
    raters = "text:text rater_1:words rater_2:words rater_3:words"
    assert guess_columns(schemas.table(raters)).raters == ("rater_1", "rater_2", "rater_3")
    assert guess_columns(schemas.table(f"{raters} gold:words")).label_columns == ("gold",)


def test_what_else_the_labels_could_be_is_told() -> None:
    assert guess_columns(schemas.table("text:text label:words topic:topics lang:lang")).also == ("topic", "lang")
    beside = schemas.table("text:text emotions:words joy:flag fear:flag anger:flag lang:lang")
    assert guess_columns(beside).also == ("joy", "fear", "anger", "lang")


def test_several_columns_of_labels_can_be_named() -> None:
    flags = schemas.table("text:text a:flag b:flag kind:words")
    assert guess_columns(flags, label="a, b").flags == ("a", "b")
    assert guess_columns(schemas.table("text:text ann:words bob:words"), label="ann,bob").raters == ("ann", "bob")


@pytest.mark.parametrize(
    ("columns", "joinable"),
    [
        ("title:title body:long label:words", ("title", "body")),
        ("message:long subject:title label:words", ("subject", "message")),
        ("headline:title text:long label:words", ("headline", "text")),
        ("text:text label:words comment:empty", ()),
        ("text:text clean_text:text label:words", ()),
        ("column_1:words column_2:text column_3:long", ("column_2", "column_3")),
    ],
)
def test_a_title_is_offered_to_join_the_text_after_it(columns: str, joinable: tuple[str, ...]) -> None:
    found = guess_columns(schemas.table(columns))
    assert (found.joinable, found.joined) == (joinable, ())
    if joinable:
        assert guess_columns(schemas.table(columns), join=joinable).text_columns == joinable


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("split", ("train", "dev", "test"), True),
        ("Usage", ("Training", "PublicTest", "PrivateTest"), True),
        ("subset", ("trn", "val", "tst"), True),
        ("part", ("训练集", "测试集", "验证集"), True),
        ("set", ("train", "train", "train"), False),
        ("fold", ("1", "2", "3"), False),
        ("split", ("test", "dev", "test"), False),
        ("where", ("train", "bus", "car"), False),
    ],
)
def test_a_column_of_published_parts_is_found_by_its_values(name: str, values: tuple[str, ...], found: bool) -> None:
    frame = table(text=TEXTS, label=LABELS, **{name: values * 20})
    assert guess_columns(frame).split == (name if found else None)
    assert guess_columns(frame, split="none").split is None


def test_what_the_format_of_a_file_says_of_its_columns_is_obeyed_unless_a_person_names_others() -> None:
    frame = schemas.table("text:text data:text label:words choice:topics")
    frame.attrs["columns"] = {"text": "data", "label": "choice", "pair": "not there"}
    assert guess_columns(frame) == Columns("data", "choice")
    assert guess_columns(frame, text="text", label="label") == Columns("text", "label")


def test_ids_and_numbers_are_neither_texts_nor_labels() -> None:
    frame = table(nr=IDS, value=NUMBERS, remark=TEXTS, kind=LABELS)
    assert guess_columns(frame) == Columns("remark", "kind")


def test_ids_without_a_name_are_no_texts_even_if_they_differ_more() -> None:
    texts = tuple(f"部屋がきれいでした{'。' * (i % 3)}" for i in range(60))
    ids = tuple(f"review{i:09d}q" for i in range(60))
    assert guess_columns(table(a=ids, b=texts, c=LABELS), label="c").text == "b"


def test_a_column_that_is_always_empty_is_passed_over() -> None:
    frame = table(void=(None,) * 60, remark=TEXTS, kind=LABELS)
    assert guess_columns(frame) == Columns("remark", "kind")


@pytest.mark.parametrize(
    ("first", "second"),
    [("premise", "hypothesis"), ("sentence1", "sentence2"), ("text_a", "text_b"), ("Frage", "Antwort"), ("s1", "s2"),
     ("text", "text_b"), ("sentence", "sentence2"), ("claim", "passage")],
)  # fmt: skip
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
        (
            table(text=TEXTS, score=NUMBERS),
            "The column 'score' holds 60 different numbers with fractions and is a measure",
        ),
        (table(value=NUMBERS, kind=LABELS), "No column looks like texts"),
        (table(value=tuple(f'[{{"text": "{text}"}}]' for text in TEXTS), kind=LABELS), "No column looks like texts"),
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


WHO = {"g_1": ("A", "B", "C") * 20, "g_2": ("B", "C", "A") * 20}
SAID = ("yes", "no", "no", "yes") * 15


def test_columns_of_who_rated_are_no_labels() -> None:
    people = {f"annotator_{name}": values for name, values in WHO.items()}
    assert guess_columns(table(text=TEXTS, sentiment=SAID, **people)).label_columns == ("sentiment",)
    with pytest.raises(DataError, match="No column looks like labels"):
        guess_columns(table(text=TEXTS, **people))


def test_several_answers_to_one_question_are_asked_about() -> None:
    other = ("yes", "no", "no", "no") * 15
    with pytest.raises(DoubtfulLabelError) as asked:
        guess_columns(
            table(text=TEXTS, hate_comb=SAID, hate_G1=(*SAID[::-1][1:], "no"), hate_G2=other, annotator_G1=WHO["g_1"])
        )
    assert set(asked.value.candidates) == {"hate_comb", "hate_G1", "hate_G2"}


@pytest.mark.parametrize("name", ["final", "agreed", "outcome"])
def test_what_was_made_of_the_answers_of_raters_is_taken_before_them(name: str) -> None:
    second = ("yes", "no", "no", "no") * 15
    found = guess_columns(table(text=TEXTS, rater_1=SAID, rater_2=second, **{name: SAID}))
    assert (found.label_columns, found.raters) == ((name,), ())


@pytest.mark.parametrize(
    "cells",
    [
        ("[0, 1, 0]", "[1, 0, 0]"), ("[0. 1.]", "[1. 0.]"), ("[true, false]", "[false, true]"),
        ("[3, 1, 0, 0]", "[0, 0, 2, 1]"), ("[0.33, 0.0, 0.66, 0.0]", "[1.0, 0.0, 0.0, 0.0]"),
    ],
)  # fmt: skip
def test_lists_with_places_are_no_labels_for_nobody_says_what_these_mean(cells: tuple[str, str]) -> None:
    with pytest.raises(DataError, match="nothing says which label each place means"):
        guess_columns(table(text=TEXTS, label=cells * 30))
    with pytest.raises(DataError, match="The column 'agreed_labels' holds a list with a place for each label"):
        guess_columns(
            table(text=TEXTS, sum_labels=cells * 30, rater1=cells * 30, rater2=cells * 30, agreed_labels=cells * 30)
        )


@pytest.mark.parametrize("cells", [("[0]", "[1]", "[0, 1]"), ("[2, 5]", "[1, 4]"), ("[2, 2, 3]", "[1, 1, 1]")])
def test_lists_of_the_numbers_of_labels_and_of_the_answers_of_raters_are_labels(cells: tuple[str, ...]) -> None:
    assert label_problem(pd.Series(cells)) is None


def test_the_votes_of_a_text_are_no_label() -> None:
    votes = ('{"0": 3, "1": 0}', '{"0": 0, "1": 3}', '{"0": 1, "1": 2}') * 20
    assert guess_columns(table(text=TEXTS, a=("0", "1", "1") * 20, b=votes)).label == "a"
    with pytest.raises(DataError, match="No column looks like labels"):
        guess_columns(table(text=TEXTS, b=votes))
    assert "an object in each row" in (label_problem(pd.Series(votes)) or "")
    assert label_problem(pd.Series(['{"a": 1, "b": 0}', '{"a": 0, "b": 1}'])) is None


def test_columns_of_marks_may_all_be_named_as_labels() -> None:
    marks = {
        f"label_{name}": tuple("1" if i % 3 == k else "0" for i in range(60))
        for k, name in enumerate(("bill", "praise", "way"))
    }
    assert guess_columns(table(text=TEXTS, **marks)).flags == ("label_bill", "label_praise", "label_way")


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
