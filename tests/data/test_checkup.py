from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.checkup import CheckUp, Reason, check_up, clean, share_cut, token_lengths
from bertdemo.data.dataset import NO_LABEL, Dataset, keys, normalise, without_surrogates
from bertdemo.errors import DataError
from bertdemo.models.checkpoints import load_base
from bertdemo.models.encoding import encode
from bertdemo.models.vocabulary import open_tokenizer
from tests.data.strategies import datasets

FILLER = tuple(f"filler number {i}" for i in range(10))
any_text = st.text(alphabet=st.characters(codec=None))


def made_of(*rows: tuple[str, int], names: tuple[str, ...] = ("good", "bad")) -> Dataset:
    return Dataset("made", tuple(text for text, _ in rows), tuple(label for _, label in rows), names)


def filled(*rows: tuple[str, int], names: tuple[str, ...] = ("good", "bad")) -> Dataset:
    """The rows after ten harmless ones, five under each of the first two labels."""
    return made_of(*((text, i % 2) for i, text in enumerate(FILLER)), *rows, names=names)


def reasons(checkup: CheckUp) -> dict[int, Reason]:
    return {removed.row: removed.reason for removed in checkup.removed}


def test_a_clean_data_set_has_no_findings(small_dataset: Dataset) -> None:
    checkup = check_up(small_dataset)
    assert checkup.is_clean
    assert checkup.findings() == ()
    assert clean(small_dataset, checkup) == small_dataset


@pytest.mark.parametrize("blank", ["", "  \t\n", "\u200b\ufeff", "\x00\x07", "\u00a0"])
def test_a_text_that_nobody_can_see_is_empty(blank: str) -> None:
    checkup = check_up(filled((blank, 0)))
    assert checkup.empty == 1
    assert reasons(checkup) == {10: Reason.EMPTY}


def test_a_row_without_a_label_is_left_out() -> None:
    assert reasons(check_up(filled(("what is this", NO_LABEL)))) == {10: Reason.UNLABELLED}


def test_the_first_of_equal_rows_is_kept() -> None:
    checkup = check_up(filled(("Same text", 0), ("same  TEXT", 0)))
    assert (checkup.duplicates, checkup.conflicts) == (1, 0)
    assert reasons(checkup) == {11: Reason.DUPLICATE}
    assert checkup.removed[0].detail == "the same text and label as row 11"


def test_a_text_under_two_labels_is_left_out_everywhere() -> None:
    checkup = check_up(filled(("same text", 0), ("Same text", 1), ("same text", 1)))
    assert (checkup.duplicates, checkup.conflicts) == (0, 3)
    assert set(reasons(checkup).values()) == {Reason.CONFLICT}
    assert [row.detail for row in checkup.removed] == [
        "the same text is “bad” in row 12",
        "the same text is “good” in row 11",
        "the same text is “good” in row 11",
    ]


def test_an_unlabelled_copy_makes_no_conflict() -> None:
    assert reasons(check_up(filled(("same", NO_LABEL), ("same", 0)))) == {10: Reason.UNLABELLED}


def test_equal_first_texts_with_different_second_texts_are_no_duplicates() -> None:
    dataset = Dataset("pairs", ("a",) * 3, (0, 1, 0), ("x", "y"), pairs=("b", "c", "B"))
    assert reasons(check_up(dataset)) == {2: Reason.DUPLICATE}


def test_labels_are_counted_before_and_after_with_examples() -> None:
    good, bad = check_up(filled(("filler number 0", 0), ("x" * 500, 1))).labels
    assert (good.label, good.before, good.after) == ("good", 6, 5)
    assert (bad.label, bad.before, bad.after) == ("bad", 6, 6)
    assert good.examples == ("filler number 0", "filler number 2", "filler number 4")


def test_examples_are_short() -> None:
    label, _ = check_up(made_of(("long " * 300, 0), ("b", 1))).labels
    assert len(label.examples[0]) <= 200
    assert label.examples[0].endswith("…")


def test_a_label_with_two_texts_is_named_with_the_remedy_and_can_be_left_out() -> None:
    dataset = filled(("one", 2), ("two", 2), ("TWO", 2), names=("good", "bad", "rare"))
    checkup = check_up(dataset)
    assert checkup.too_small == ("rare",)
    with pytest.raises(DataError, match=r"'rare'.*at least 3, or leave"):
        clean(dataset, checkup)
    assert clean(dataset, checkup, drop_small=True).label_names == ("good", "bad")


@pytest.mark.parametrize(("labels", "offered"), [((0,) * 11 + (1,), False), ((0,) * 5 + (1,) * 6 + (2,), True)])
def test_how_to_leave_small_labels_out_is_said_in_the_callers_words_where_enough_would_remain(
    labels: tuple[int, ...], offered: bool
) -> None:
    dataset = Dataset("a", tuple(f"text {i}" for i in range(12)), labels, ("x", "y", "z"))
    found = check_up(dataset)
    assert found.can_drop_small == offered
    with pytest.raises(DataError, match="Too few distinct texts") as refused:
        clean(dataset, found, how_to_drop="tick the box")
    assert str(refused.value).endswith("at least 3, or tick the box." if offered else "at least 3.")


def test_a_label_that_vanishes_is_no_label_any_more() -> None:
    dataset = filled(("", 0), names=("good", "bad", "unused"))
    assert clean(dataset, check_up(dataset)).label_names == ("good", "bad")


def test_label_numbers_follow_the_remaining_names() -> None:
    dataset = Dataset("gap", FILLER, tuple(2 * (i % 2) for i in range(10)), ("a", "gone", "c"))
    cleaned = clean(dataset, check_up(dataset))
    assert cleaned.label_names == ("a", "c")
    assert set(cleaned.labels) == {0, 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [("服务很好，下次再来", True), ("الخدمة كانت سيئة", True), ("Обслуживание ok", True), ("Straße naïve Łódź", False),
     ("好 is the word for good", False), ("👍👍 42", False)],
)  # fmt: skip
def test_texts_in_another_alphabet_are_told_to_want_another_base(text: str, told: bool) -> None:
    dataset = Dataset("a", tuple(f"{text} {i}" for i in range(3_000)), (0, 1) * 1_500, ("x", "y"))
    assert any("not Latin" in finding for finding in check_up(dataset).findings()) == told


@pytest.mark.parametrize(
    ("sizes", "told"),
    [((3,) * 100, True), ((7, 7, 50), True), ((7, 8), False), ((7, 8, 8), False), ((2, 2, 2, 8, 8), False)],
)
def test_labels_of_which_most_have_too_few_texts_to_learn_are_told(sizes: tuple[int, ...], told: bool) -> None:
    labels = tuple(label for label, size in enumerate(sizes) for _ in range(size))
    texts = tuple(f"text {i}" for i in range(len(labels)))
    dataset = Dataset("a", texts, labels, tuple(f"label {i}" for i in range(len(sizes))))
    assert any("fewer than 8 texts" in finding for finding in check_up(dataset).findings()) == told


def test_the_findings_are_one_sentence_each() -> None:
    dataset = filled(
        ("", 0), ("x", NO_LABEL), ("filler number 0", 0), ("y", 0), ("y", 1), ("z", 2), names=("a", "b", "c")
    )
    findings = check_up(dataset).findings()
    assert len(findings) == 5  # and few texts under each label
    assert findings[0] == "1 row is left out: the text is empty."
    assert all(sentence.endswith(".") for sentence in findings)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (made_of(("", 0), (" ", 1)), r"No row is usable \(empty text: 2\): correct the file"),
        (made_of(*[("same", 0)] * 20), "All texts are equal"),
        (made_of(*[("same", i % 2) for i in range(20)]), r"No row is usable \(same text under two labels: 20\)"),
        (made_of(*[(f"text {i}", 0) for i in range(20)]), "Only the label 'good'"),
        (made_of(*[(f"text {i}", i % 2) for i in range(8)]), "Only 8 texts are usable"),
        (
            made_of(*[(f"text {i}", i // 2) for i in range(16)], names=tuple("abcdefgh")),
            r"add texts until each label has at least 3\.$",
        ),
        (made_of(*[(f"text {i}", int(i > 50)) for i in range(52)]), r"under 'bad': add texts until .* at least 3\.$"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_a_sentence(dataset: Dataset, message: str) -> None:
    with pytest.raises(DataError, match=message):
        clean(dataset, check_up(dataset), drop_small=True)


@given(datasets())
def test_every_row_is_kept_or_removed_for_one_reason(dataset: Dataset) -> None:
    checkup = check_up(dataset)
    removed = [row.row for row in checkup.removed]
    assert sorted([*checkup.kept, *removed]) == list(range(len(dataset)))
    assert checkup.empty + checkup.unlabelled + checkup.conflicts + checkup.duplicates == len(removed)


@given(datasets())
def test_what_is_kept_has_a_label_and_stands_once(dataset: Dataset) -> None:
    kept = dataset.select(check_up(dataset).kept)
    assert NO_LABEL not in kept.labels
    assert len(set(keys(kept))) == len(kept)


@given(datasets())
def test_checking_what_was_cleaned_finds_nothing(dataset: Dataset) -> None:
    try:
        cleaned = clean(dataset, check_up(dataset), drop_small=True)
    except DataError:
        return
    assert check_up(cleaned).is_clean
    assert set(cleaned.labels) == set(range(len(cleaned.label_names)))


def test_every_text_has_its_tokens_and_the_two_marks_around_them(tiny_base: Path) -> None:
    dataset = Dataset("a", ("", "the room", "the room " * 1000), (0, 0, 0), ("x",))
    assert token_lengths(open_tokenizer(tiny_base / "tokenizer.json"), dataset).tolist() == [2, 4, 2002]


def test_pairs_are_counted_together(tiny_base: Path) -> None:
    dataset = Dataset("a", ("the room",), (0,), ("x",), pairs=("the bed was soft",))
    assert token_lengths(open_tokenizer(tiny_base / "tokenizer.json"), dataset).tolist() == [9]


def test_lengths_agree_with_the_tokenizer_used_in_training(tiny_base: Path, small_dataset: Dataset) -> None:
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=128)
    texts = (*small_dataset.texts, "the room💕💕 was 👍🏽")
    dataset = Dataset("a", texts, (0,) * len(texts), ("x",))
    lengths = token_lengths(open_tokenizer(tiny_base / "tokenizer.json"), dataset)
    assert lengths.tolist() == encode(classifier, texts).lengths


@pytest.mark.parametrize(("limit", "share"), [(1, 1.0), (3, 0.5), (4, 0.25), (5, 0.0)])
def test_the_share_that_is_cut_counts_what_is_longer(limit: int, share: float) -> None:
    assert share_cut(np.array([2, 3, 4, 5]), limit) == share


def test_nothing_is_cut_from_nothing() -> None:
    assert share_cut(np.array([], dtype=np.int64), 128) == 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello World", "hello   world\n"),
        ("ＡＢＣ", "abc"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("non\u00a0breaking", "non breaking"),
        ("nul\x00l", "null"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_differences_of_looks_are_no_differences(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("good", "good!"), ("not good", "good"), ("1.5", "15"), ("好", "坏")])
def test_differences_of_content_stay(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(any_text)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(any_text)
def test_without_surrogates_every_text_can_be_written(text: str) -> None:
    assert without_surrogates(text).encode("utf-8").decode("utf-8") == without_surrogates(text)


def test_a_pair_is_the_same_only_if_both_texts_are() -> None:
    dataset = Dataset("pairs", ("a", "A", "a"), (0, 0, 0), ("x",), pairs=("b", "B", "c"))
    first, second, third = keys(dataset)
    assert first == second != third
