from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bertdemo.data.catalog import load_built_in
from bertdemo.data.checkup import Reason, check_up, clean
from bertdemo.data.columns import guess_columns
from bertdemo.data.dataset import NO_LABEL, Dataset, Split, keys
from bertdemo.data.reading import to_dataset
from bertdemo.data.splitting import FRACTIONS, split, training_texts
from bertdemo.errors import DataError
from bertdemo.runs.folder import RunFolder
from bertdemo.training.recipe import Recipe
from tests.data.strategies import clean_datasets, datasets

PARTS = ("train", "validation", "test")
N = 90


def attempt(dataset: Dataset, **options: int) -> Split:
    """A split, or the next example where the data are too few for one."""
    try:
        return split(dataset, **options)
    except DataError:
        assume(False)
        raise


@given(datasets(min_rows=15), st.integers(0, 5))
def test_the_same_text_never_stands_in_two_parts_even_of_uncleaned_data(dataset: Dataset, seed: int) -> None:
    result = attempt(dataset, seed=seed)
    train, validation, test = (set(keys(result.part(part))) for part in PARTS)
    assert not train & validation
    assert not train & test
    assert not validation & test


@given(datasets(min_rows=15), st.integers(0, 5))
def test_every_labelled_row_is_in_one_part(dataset: Dataset, seed: int) -> None:
    result = attempt(dataset, seed=seed)
    labelled = [row for row, label in enumerate(dataset.labels) if label != NO_LABEL]
    assert sorted(result.train + result.validation + result.test) == labelled


@given(clean_datasets(), st.integers(0, 5))
def test_a_label_with_three_texts_is_in_all_parts(dataset: Dataset, seed: int) -> None:
    result = split(dataset, seed=seed)
    for part in PARTS:
        assert set(result.part(part).labels) == set(range(len(dataset.label_names)))


@given(datasets(labelled=True, min_rows=15), st.integers(1, 30))
def test_a_smaller_train_part_keeps_its_size_its_labels_and_the_other_parts(dataset: Dataset, limit: int) -> None:
    whole = attempt(dataset, seed=1)
    labels = Counter(whole.part("train").labels)
    if limit < len(labels):
        with pytest.raises(DataError, match="allow at least"):
            split(dataset, seed=1, max_train=limit)
        return
    part = split(dataset, seed=1, max_train=limit)
    assert len(part.train) == min(limit, len(whole.train))
    assert set(part.train) <= set(whole.train)
    assert set(part.part("train").labels) == set(labels)
    assert (part.validation, part.test) == (whole.validation, whole.test)


@given(datasets(labelled=True, min_rows=15), st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(dataset: Dataset, random: object) -> None:
    cleaned = dataset.select(check_up(dataset).kept)
    shuffled = list(range(len(cleaned)))
    random.shuffle(shuffled)
    one, other = attempt(cleaned, seed=3), attempt(cleaned.select(shuffled), seed=3)
    for part in PARTS:
        assert set(keys(one.part(part))) == set(keys(other.part(part)))


def test_the_same_seed_gives_the_same_split_and_another_seed_another(small_dataset: Dataset) -> None:
    assert split(small_dataset, seed=5) == split(small_dataset, seed=5)
    assert split(small_dataset, seed=5).test != split(small_dataset, seed=6).test


def test_a_split_is_the_same_on_every_machine(small_dataset: Dataset) -> None:
    assert split(small_dataset, seed=0).test == (11, 19, 28, 35, 46, 51)


def test_shares_hold_within_every_label() -> None:
    dataset = load_built_in("airline_sentiment")
    cleaned = clean(dataset, check_up(dataset))
    result = split(cleaned, seed=0)
    counts = {part: Counter(result.part(part).labels) for part in PARTS}
    for label, n in Counter(cleaned.labels).items():
        assert counts["test"][label] == pytest.approx(0.1 * n, abs=0.51)
        assert counts["validation"][label] == pytest.approx(0.1 * n, abs=0.51)


def test_a_sample_of_the_train_part_keeps_the_shares_of_the_labels() -> None:
    dataset = load_built_in("sms_spam")
    cleaned = clean(dataset, check_up(dataset))
    whole, part = (Counter(split(cleaned, seed=0, max_train=n).part("train").labels) for n in (None, 1000))
    for label, n in whole.items():
        assert part[label] == pytest.approx(1000 * n / whole.total(), abs=1.01)


def parts_of(result: Split, texts: tuple[str, ...]) -> dict[str, set[str]]:
    """In which parts each text stands."""
    parts = defaultdict(set)
    for part in PARTS:
        for row in getattr(result, part):
            parts[texts[row]].add(part)
    return parts


@given(datasets(min_rows=15), st.integers(0, 5))
def test_a_first_text_never_stands_in_two_parts(dataset: Dataset, seed: int) -> None:
    result = attempt(dataset, seed=seed)
    found = parts_of(result, tuple(key[0] for key in keys(dataset)))
    assert all(len(parts) == 1 for parts in found.values())


def pairs_of(n: int, second_text: str) -> Dataset:
    """Premises with a hypothesis under each of three labels."""
    first = tuple(f"premise {i // 3}" for i in range(n))
    second = tuple(second_text.format(i) for i in range(n))
    return Dataset("nli", first, tuple(i % 3 for i in range(n)), ("a", "b", "c"), second)


def test_pairs_that_share_either_text_stay_together() -> None:
    distinct = pairs_of(300, "hypothesis {}")
    dataset = Dataset(
        "nli",
        distinct.texts + tuple(f"another premise {i}" for i in range(300)),
        distinct.labels * 2,
        distinct.label_names,
        (distinct.pairs or ()) * 2,
    )
    result = split(dataset, seed=0)
    for texts in (dataset.texts, dataset.pairs or ()):
        assert all(len(parts) == 1 for parts in parts_of(result, texts).values())
    assert len(result.train) == pytest.approx(480, abs=20)
    assert len(result.test) == pytest.approx(60, abs=10)


def test_one_answer_to_all_questions_does_not_keep_them_together() -> None:
    dataset = pairs_of(300, "yes")
    result = split(dataset, seed=0)
    assert all(len(parts) == 1 for parts in parts_of(result, dataset.texts).values())
    assert len(result.test) == pytest.approx(30, abs=3)
    assert set(result.part("test").labels) == {0, 1, 2}


def test_a_sample_of_pairs_does_not_depend_on_their_order() -> None:
    dataset = pairs_of(300, "hypothesis {}")
    backwards = dataset.select(range(len(dataset))[::-1])
    one, other = (split(each, seed=0, max_train=50) for each in (dataset, backwards))
    for part in PARTS:
        assert set(keys(one.part(part))) == set(keys(other.part(part)))


def test_a_premise_larger_than_a_part_is_only_trained_on() -> None:
    small = pairs_of(90, "hypothesis {}")
    texts = ("the long one",) * 60 + small.texts
    pairs = tuple(f"other {i}" for i in range(60)) + (small.pairs or ())
    result = split(Dataset("nli", texts, (0, 1, 2) * 50, ("a", "b", "c"), pairs), seed=0)
    assert parts_of(result, texts)["the long one"] == {"train"}


def test_a_single_first_text_is_refused() -> None:
    pairs = tuple(f"hypothesis {i}" for i in range(20))
    with pytest.raises(DataError, match="too few different first texts"):
        split(Dataset("nli", ("one premise",) * 20, (0, 1) * 10, ("no", "yes"), pairs), seed=0)


def test_rows_of_one_text_go_together() -> None:
    texts = tuple(f"text {i % 10}" for i in range(40))
    result = split(Dataset("repeated", texts, (0,) * 40, ("only",)), seed=0)
    parts = defaultdict(set)
    for part in PARTS:
        for text in result.part(part).texts:
            parts[text].add(part)
    assert all(len(found) == 1 for found in parts.values())


def test_other_fractions_are_kept(small_dataset: Dataset) -> None:
    result = split(small_dataset, seed=0, fractions=(0.5, 0.2, 0.3))
    assert (len(result.train), len(result.validation), len(result.test)) == (30, 12, 18)


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (1.0, 0.0, 0.0), (1.2, -0.1, -0.1)])
def test_fractions_that_are_none_are_a_mistake_of_the_caller(
    small_dataset: Dataset, fractions: tuple[float, float, float]
) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        split(small_dataset, seed=0, fractions=fractions)


def test_too_few_texts_for_three_parts_are_refused() -> None:
    with pytest.raises(DataError, match="too few texts"):
        split(Dataset("two", ("a", "b"), (0, 0), ("x",)), seed=0)


def test_a_train_part_smaller_than_the_labels_is_refused(small_dataset: Dataset) -> None:
    with pytest.raises(DataError, match="1 training texts cannot hold all 2 labels: allow at least 2"):
        split(small_dataset, seed=0, max_train=1)


def published(pattern: tuple[str, ...], **changed: object) -> Dataset:
    """Ninety texts under three labels; the pattern of parts repeats in each label."""
    parts = tuple(pattern[i // 3 % len(pattern)] for i in range(N))
    texts = tuple(f"text {i}" for i in range(N))
    dataset = Dataset("p", texts, tuple(i % 3 for i in range(N)), ("a", "b", "c"), parts=parts)
    return replace(dataset, **changed)


def rows_of(dataset: Dataset, part: str) -> tuple[int, ...]:
    return tuple(i for i, each in enumerate(dataset.parts or ()) if each == part)


@pytest.mark.parametrize("seed", [0, 7])
def test_complete_parts_are_kept_whatever_the_seed(seed: int) -> None:
    dataset = published(("train", "train", "train", "validation", "test"))
    result = split(dataset, seed=seed)
    assert [result.train, result.validation, result.test] == [
        rows_of(dataset, part) for part in ("train", "validation", "test")
    ]
    assert result.origin == "The published train, validation and test parts are kept."
    assert training_texts(dataset) == len(result.train)


def test_a_missing_validation_part_is_taken_from_train_and_the_test_part_stays() -> None:
    dataset = published(("train", "train", "", "train", "test"))
    result = split(dataset, seed=1)
    assert result.test == rows_of(dataset, "test")
    assert sorted(result.train + result.validation) == sorted(rows_of(dataset, "train") + rows_of(dataset, ""))
    assert Counter(result.part("validation").labels) == {0: 3, 1: 3, 2: 3}
    assert result.origin.endswith("are kept, and validation is taken from train.")
    assert training_texts(dataset) == pytest.approx(len(result.train), abs=2)


def test_where_no_test_part_has_labels_the_published_validation_is_the_test() -> None:
    dataset = published(("train", "train", "validation", "test"))
    hidden = replace(
        dataset,
        labels=tuple(
            NO_LABEL if part == "test" else label for label, part in zip(dataset.labels, dataset.parts, strict=True)
        ),
    )
    result = split(clean(hidden, check_up(hidden)), seed=0)
    assert set(result.part("test").texts) == {dataset.texts[i] for i in rows_of(dataset, "validation")}
    assert result.origin.startswith("No labelled test part is published: the published validation part is the test")


def test_parts_without_training_are_no_split() -> None:
    dataset = published(("validation", "test"))
    assert split(dataset, seed=0).origin == "Too little of the published parts has labels: they are made anew."
    assert len(split(dataset, seed=0).train) == round(FRACTIONS[0] * N)


def test_a_limit_of_training_texts_takes_from_train_alone() -> None:
    dataset = published(("train", "train", "train", "validation", "test"))
    result = split(dataset, seed=0, max_train=9)
    assert (len(result.train), result.test) == (9, rows_of(dataset, "test"))
    assert set(result.train) <= set(rows_of(dataset, "train"))
    assert training_texts(dataset, 9) == 9


def test_a_text_for_testing_that_stands_in_train_too_is_left_out_of_train() -> None:
    texts = (*(f"text {i}" for i in range(N - 4)), "Text 12", "text 9", "text 9", "text 10")
    labels = (*(i % 3 for i in range(N - 4)), 0, 0, 1, 2)
    dataset = published(("train", "train", "train", "validation", "test"), texts=texts, labels=labels)
    assert dataset.parts is not None
    assert [dataset.parts[i] for i in (12, 9, 10)] == ["test", "validation", "validation"]
    parts = (*dataset.parts[:-4], "train", "train", "test", "train")
    checkup = check_up(replace(dataset, parts=parts))
    reasons = {each.row: each.reason for each in checkup.removed}
    # A text in train and test, in train, validation and test under two labels, and in train and validation.
    assert reasons == {N - 4: Reason.HELD_OUT, N - 3: Reason.HELD_OUT, 9: Reason.HELD_OUT, N - 1: Reason.HELD_OUT}
    assert checkup.held_out == 4
    assert any("4 rows are left out: the text stands in a published part" in each for each in checkup.findings())
    assert checkup.removed[-1].detail == "the same text is held out in row 11"


def test_a_label_that_only_held_out_texts_have_is_said() -> None:
    dataset = published(("train", "train", "validation", "test"))
    parts = tuple("test" if label == 2 else part for label, part in zip(dataset.labels, dataset.parts, strict=True))
    findings = check_up(replace(dataset, parts=parts)).findings()
    assert findings == ("No published text for training has the label 'c': it cannot be learned.",)


def frame(parts: list[str | None], labels: list[str | None] | None = None) -> pd.DataFrame:
    n = len(parts)
    given = labels or ["a", "b"] * (n // 2)
    return pd.DataFrame({"text": [f"text {i}" for i in range(n)], "label": given, "split": parts}, dtype=object)


def test_the_parts_of_a_column_are_read_and_are_no_groups_of_a_report() -> None:
    table = frame(["train", "TRAIN", "Dev", "valid.", "Test set", "trn"])
    dataset = to_dataset(table, guess_columns(table), "a")
    assert dataset.parts == ("train", "train", "validation", "validation", "test", "train")
    assert dataset.extras == {}
    assert dataset.select([4, 0]).parts == ("test", "train")


def test_published_rows_without_labels_or_a_part_are_said() -> None:
    table = frame(["train", "train", None, "test", "test", "dev"], ["a", "b", "a", None, None, "b"])
    notes = to_dataset(table, guess_columns(table, split="split"), "a").notes
    assert notes == (
        "The published test part (2 rows) has no labels and cannot be used.",
        "Rows to which the column 'split' gives no part (1) are used for training.",
    )


def test_a_column_that_names_no_parts_is_refused() -> None:
    table = frame(["1", "2"] * 3)
    with pytest.raises(DataError, match="does not say of rows that they are for train and test"):
        to_dataset(table, guess_columns(table, split="split"), "a")


def test_parts_count_for_the_fingerprint_and_their_absence_changes_nothing() -> None:
    dataset = published(("train", "test"))
    assert dataset.fingerprint != replace(dataset, parts=None).fingerprint
    assert dataset.fingerprint != published(("test", "train")).fingerprint


def test_a_run_keeps_the_parts_the_columns_and_what_was_said(tmp_path: Path) -> None:
    table = frame(["train", "train", "train", "dev", "test"] * 12, [f"{i % 2}" for i in range(60)])
    table.attrs["notes"] = ["Read in Latin-1."]
    parts = split(to_dataset(table, guess_columns(table), "a"), seed=3)
    folder = RunFolder.create(tmp_path / "r", parts, Recipe(), "", 0.0)
    card, again = folder.data_card(), folder.split()
    assert (card.text_columns, card.label_columns, card.split_column) == (("text",), ("label",), "split")
    assert (card.notes, card.split_origin) == (("Read in Latin-1.",), parts.origin)
    assert (again.train, again.validation, again.test) == (parts.train, parts.validation, parts.test)
    assert (again.dataset.parts, again.dataset.columns) == (parts.dataset.parts, parts.dataset.columns)
    assert again.origin == parts.origin
