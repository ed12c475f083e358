"""Published parts (train, validation, test) are kept, and no text for testing is ever trained on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bertdemo.data.checkup import Reason, check_up, clean
from bertdemo.data.columns import guess_columns
from bertdemo.data.dataset import NO_LABEL, Dataset
from bertdemo.data.reading import to_dataset
from bertdemo.data.splitting import FRACTIONS, split, training_texts
from bertdemo.errors import DataError
from bertdemo.runs.folder import RunFolder
from bertdemo.training.recipe import Recipe

N = 90


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
