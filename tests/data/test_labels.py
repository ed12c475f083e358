"""Labels as people and tools write them, and the one label that is read for each row."""

from __future__ import annotations

import pandas as pd
import pytest

from bertdemo.data.dataset import NO_LABEL, Choices, Columns, Dataset, LabelRules
from bertdemo.data.labels import label_key
from bertdemo.data.reading import as_trained, label_table, to_dataset
from bertdemo.errors import DataError


def read(cells: list[str | None], rules: LabelRules | None = None) -> Dataset:
    texts = [f"text {i}" for i in range(len(cells))]
    return to_dataset(pd.DataFrame({"text": texts, "label": cells}, dtype=object), Columns("text", "label"), "a", rules)


def labels_of(dataset: Dataset) -> list[str | None]:
    return [None if label == NO_LABEL else dataset.label_names[label] for label in dataset.labels]


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (['["pos"]', '["neg"]', "[]"], ["pos", "neg", None]),
        (["['pos']", "['neg']", "[]"], ["pos", "neg", None]),
        (['{"choices": ["pos"]}', '{"choices": ["neg"]}', "{}"], ["pos", "neg", None]),
        (['[{"choices": ["pos"]}]', '[{"label": "neg"}]', '[{"value": {"choices": ["neg"]}}]'], ["pos", "neg", "neg"]),
        (["[1]", "[0]", '[""]'], ["1", "0", None]),
        (['{"POS": 1.0, "NEG": 0.0}', '{"POS": 0.0, "NEG": 1.0}'], ["POS", "NEG"]),
        (["<python>", "<java>"], ["python", "java"]),
        (["Food, drinks", "Home, garden", "Food, drinks"], ["Food, drinks", "Home, garden", "Food, drinks"]),
        (["1,5", "1", "5", "2,5"], ["1,5", "1", "5", "2,5"]),
        (["News | Sport", "Arts | Film"], ["News | Sport", "Arts | Film"]),
        (["Home|Garden", "Home|Other", "Work|Other"], ["Home|Garden", "Home|Other", "Work|Other"]),
        (["n", "a", "N/A"], ["n", "a", None]),
        (["pos|", "neg", "pos"], ["pos", "neg", "pos"]),
        (["pos|pos", "neg", "pos"], ["pos", "neg", "pos"]),
        (["c", "c++", "c#"], ["c", "c++", "c#"]),
        (["off - topic", "off", "on - air"], ["off - topic", "off", "on - air"]),
    ],
)
def test_one_label_is_read_from_whatever_it_is_wrapped_in(cells: list[str], labels: list[str | None]) -> None:
    assert labels_of(read(cells)) == labels


@pytest.mark.parametrize(
    "several",
    [
        '["pos", "neg"]', "['pos' 'neg']", '{"choices": ["pos", "neg"]}', "pos|neg", "pos;neg", "pos, neg", "pos/neg",
        "{'pos', 'neg'}", "{pos,neg}", '{"pos",neg}', "<pos><neg>", "pos neg", "Pos ; NEG", "pos - neg",
    ],
)  # fmt: skip
def test_several_labels_in_a_row_are_never_a_class_of_their_own(several: str) -> None:
    cells: list[str | None] = ["pos", "neg", several, "pos", "neg"]
    left_out = read(cells)
    assert labels_of(left_out) == ["pos", "neg", None, "pos", "neg"]
    assert "1 row with several labels, such as “pos” and “neg”: left out." in left_out.notes
    assert left_out.offers is not None
    assert left_out.offers.several == ("neg", "pos")
    assert labels_of(read(cells, LabelRules(several="first")))[2] == "pos"
    assert labels_of(read(cells, LabelRules(several="NEG"))) == ["not neg", "neg", "neg", "not neg", "neg"]


def test_labels_that_never_stand_alone_are_told_by_standing_in_other_rows() -> None:
    cells: list[str | None] = ["joy, pride", "joy, fear", "fear, pride", "pride, fear"]
    with pytest.raises(
        DataError, match="Without the 4 rows with several labels, such as “joy” and “pride”, fewer than two"
    ):
        read(cells)
    assert labels_of(read(cells, LabelRules(several="fear"))) == ["not fear", "fear", "fear", "fear"]


def test_underscores_part_labels_only_where_every_name_with_one_falls_apart() -> None:
    cells: list[str | None] = ["abusive", "hateful", "rude", "abusive_hateful", "rude_abusive", "hateful_rude"]
    assert labels_of(read(cells)) == ["abusive", "hateful", "rude", None, None, None]
    names: list[str | None] = [*cells, "not_hateful"]
    assert labels_of(read(names)) == names


def test_a_label_that_only_stands_beside_others_is_one_too() -> None:
    assert labels_of(read(["a;b", "a;c", "b", "a"])) == [None, None, "b", "a"]
    assert labels_of(read(["a;b", "a;c", "b", "a"], LabelRules(several="c"))) == ["not c", "c", "not c", "not c"]


def test_many_combinations_of_few_labels_are_labels() -> None:
    cells: list[str | None] = [f'["{a}", "{b}"]' for a in "abcdef" for b in "ghijklm"] + list("abcdefghijklm")
    assert len(read(cells).label_names) == 13


def test_an_unknown_label_to_learn_alone_is_answered_with_those_there_are() -> None:
    with pytest.raises(DataError, match="no label 'joy': choose one of 'neg', 'pos', or leave-out or first"):
        read(["pos", "neg", "pos|neg"], LabelRules(several="joy"))


@pytest.mark.parametrize(
    ("spellings", "winner"),
    [
        (["spam", "spam", "Spam", "SPAM "], "spam"),
        (["Spam", "Spam", "spam"], "Spam"),
        (["very good", "very  good", "very\u00a0good", "very good\u200b", "\ufeffvery good"], "very good"),
        (["café", "cafe\u0301"], "café"),
        (["ｓｐａｍ", "spam", "spam"], "spam"),
        (["1", "1.0", "01", "1"], "1"),
        (["-1", "-1.0", "−1"], "-1"),
        (["true", "TRUE", "True", "true"], "true"),
        (["non-toxic", "non‑toxic", "non-toxic"], "non-toxic"),
        (["iyi", "İyi", "iyi"], "iyi"),
        (["don't know", "don’t know", "don't know"], "don't know"),
    ],
)
def test_spellings_of_one_label_are_one_unless_they_are_to_be_kept_apart(spellings: list[str], winner: str) -> None:
    cells: list[str | None] = [*spellings, "other"]
    merged = read(cells)
    assert labels_of(merged) == [winner] * len(spellings) + ["other"]
    assert any("are read as one label" in note and f"“{winner}”" in note for note in merged.notes)
    apart = read(cells, LabelRules(merge=False))
    assert len(apart.label_names) > 2
    assert any("are kept apart" in note for note in apart.notes)
    assert apart.offers is not None
    assert apart.offers.merge


@pytest.mark.parametrize(("one", "other"), [("1", "10"), ("-1", "1"), ("0.5", "5"), ("a b", "ab"), ("c", "c++")])
def test_different_labels_stay_different(one: str, other: str) -> None:
    assert label_key(one) != label_key(other)


@pytest.mark.parametrize(
    "blank",
    ["n/a", "N/A", "NA", "?", "-", "--", "\\N", "#N/A", "null", "NULL", "nan", "NaN", "<NA>", "unlabeled", "\u200b"],
)
def test_what_says_that_there_is_no_label_is_none_and_said(blank: str) -> None:
    dataset = read(["pos", "neg", blank, "pos", None])
    assert labels_of(dataset) == ["pos", "neg", None, "pos", None]
    assert blank == "\u200b" or dataset.notes == (f"“{blank}” (1 row): read as “no label”.",)
    kept = read(["pos", "neg", blank, "pos", None], LabelRules(no_label=()))
    assert labels_of(kept)[2] == (None if blank == "\u200b" else blank)


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (["FAVOR", "AGAINST", "NONE"] * 4, True),
        (["racism", "sexism", "none"] * 4, True),
        (["Favor", "Against", "None"] * 4, True),
        (["pos", "neg", "None"] * 4, False),
        (["0", "1", "None"] * 4, False),
        (["pos", "neg"] * 60 + ["none"], False),
        (["hate", "none"] * 6, True),
        (["1. hate", "2. threat", "none"] * 4, True),
        (["+", "-", "0"] * 4, True),
        (["yes", "-"] * 6, True),
    ],
)
def test_none_and_the_like_are_labels_where_they_stand_among_labels(cells: list[str | None], kept: bool) -> None:
    dataset = read(cells)
    assert (None not in labels_of(dataset)) is kept
    assert any(("kept as a label" if kept else "read as “no label”") in note for note in dataset.notes)


def test_a_person_says_which_values_mean_no_label() -> None:
    dataset = read(["pos", "neg", "Unsure", "n/a"] * 3, LabelRules(no_label=("unsure",)))
    assert dataset.label_names == ("n/a", "neg", "pos")
    assert dataset.offers is not None
    assert set(dataset.offers.no_label) == {"Unsure", "n/a"}
    assert dataset.offers.blank == ("Unsure",)


def flags(rows: list[tuple[str | None, ...]]) -> pd.DataFrame:
    table = {"text": [f"text {i}" for i in range(len(rows))]}
    return pd.DataFrame(table | dict(zip("abc", zip(*rows, strict=True), strict=True)), dtype=object)


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("TRUE", "FALSE"), ("x", None), ("1.0", "0.0"), ("Yes", "no")])
def test_a_row_of_flags_has_the_label_of_the_column_that_is_marked(yes: str, no: str | None) -> None:
    frame = flags([(yes, no, no), (no, yes, no), (no, no, no), (yes, yes, no), (no, no, yes)])
    columns = Columns("text", "a", flags=("a", "b", "c"))
    dataset = to_dataset(frame, columns, "a")
    assert labels_of(dataset) == ["a", "b", None, None, "c"]
    marked, several = dataset.notes
    assert marked.endswith("has the one that is marked in it; 1 row without a mark has no label.")
    assert several == "1 row with several labels, such as “a” and “b”: left out."
    alone = to_dataset(frame, columns, "a", LabelRules(several="b"))
    assert labels_of(alone) == ["not b", "b", "not b", "b", "not b"]


def test_the_label_of_several_raters_is_what_most_of_them_say() -> None:
    frame = pd.DataFrame(
        {
            "text": ["one", "two", "three", "four"],
            "rater_1": ["pos", "Neg", "pos", "neg"],
            "rater_2": ["POS", "neg", "neg", "neg"],
            "rater_3": ["neg", None, None, "neg"],
        },
        dtype=object,
    )
    names = ("rater_1", "rater_2", "rater_3")
    dataset = to_dataset(frame, Columns("text", names[0], raters=names), "a")
    assert labels_of(dataset) == ["pos", "neg", None, "neg"]
    assert dataset.notes[-1].endswith("'rater_3' say; 1 row with a tie has none.")


def test_the_majority_of_the_rows_of_a_text_is_offered_and_taken_if_asked_for() -> None:
    votes = [("a", "pos"), ("a", "pos"), ("A ", "neg"), ("b", "pos"), ("b", "neg"), ("c", "neg"), ("c", "neg")]
    frame = pd.DataFrame(votes, columns=["text", "label"], dtype=object)
    as_is = to_dataset(frame, Columns("text", "label"), "a")
    assert as_is.offers is not None
    assert as_is.offers.majority
    assert labels_of(as_is) == [label for _, label in votes]
    taken = to_dataset(frame, Columns("text", "label"), "a", LabelRules(majority=True))
    assert labels_of(taken) == ["pos", "pos", "pos", None, None, "neg", "neg"]
    assert taken.notes == (
        "2 texts with several answers have the label that most of them give; 1 text with a tie has none.",
    )


def test_a_proposal_that_was_rejected_is_no_example() -> None:
    answers = ["accept", "reject", "ignore", "accept"]
    frame = pd.DataFrame({"text": list("abcd"), "label": ["x", "x", "y", "y"], "answer": answers}, dtype=object)
    dataset = to_dataset(frame, Columns("text", "label"), "a")
    assert labels_of(dataset) == ["x", None, None, "y"]
    assert dataset.notes == ("2 rows rejected or ignored in the column 'answer' have no label.",)


def test_notes_of_the_reader_and_columns_go_with_the_data() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}, dtype=object)
    frame.attrs["notes"] = ["Read with tabs."]
    dataset = to_dataset(frame, Columns("text", "label"), "a")
    assert (dataset.notes, dataset.columns) == (("Read with tabs.",), Columns("text", "label"))
    assert dataset.select([0]).notes == dataset.notes


def test_texts_are_predicted_from_the_columns_that_were_trained_on_joined_in_the_same_way() -> None:
    frame = pd.DataFrame({"title": ["A", None], "body": ["one", "two"], "n": [1, 2]}, dtype=object)
    dataset = to_dataset(frame.assign(label=["x", "y"]), Columns("title", "label", joined=("body",)), "a")
    joined, name = as_trained(frame, ("title", "body"))
    assert (dataset.texts, tuple(joined[name])) == (("A\none", "two"), ("A\none", "two"))
    assert list(joined.columns) == ["title", "body", "n", "title + body"]
    assert as_trained(frame, ("body",))[1] == "body"
    assert as_trained(frame, ("abstract",))[1] is None
    assert as_trained(frame, ())[1] is None


def test_a_column_of_questions_that_tells_rows_of_one_text_apart_is_named() -> None:
    reviews = [f"the review number {i // 3} of the soup and the waiter" for i in range(30)]
    questions = ["What of the taste?", "What of the service?", "What of the price?"] * 10
    labels = ["good", "bad", "fine"] * 10
    frame = pd.DataFrame({"review": reviews, "question": questions, "label": labels}, dtype=object)
    told = label_table(frame, "a.csv", Choices()).notes
    assert any("the column 'question' tells apart" in note for note in told)
    paired = label_table(frame, "a.csv", Choices(pair="question"))
    assert not any("tells apart" in note for note in paired.notes)
    raters = frame.rename(columns={"question": "annotator"})
    assert not any("tells apart" in note for note in label_table(raters, "a.csv", Choices()).notes)
