"""From a report to the rows and sentences on the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bertdemo.evaluation.metrics import score
from bertdemo.ui.report.rows import MOST_LABELS, REST, class_rows, commonest_mistake, confusion_rows, rows_explained


def scores_of(pairs, names):
    return score([a for a, _ in pairs], [b for _, b in pairs], names)


def test_the_commonest_mistake_is_named():
    scores = scores_of([(0, 0), (0, 1), (0, 1), (1, 1), (1, 0)], ("ham", "spam"))
    assert commonest_mistake(scores) == "Its commonest mistake is to take “ham” for “spam”: 2 of 3 texts."


def test_one_answer_to_everything_is_said():
    said = commonest_mistake(scores_of([(0, 1), (1, 1), (0, 1)], ("ham", "spam")))
    assert said.startswith("It calls every test text “spam”")
    assert "learning rate" in said


def test_what_a_row_of_a_large_matrix_holds_is_said():
    assert "others" not in rows_explained(scores_of([(0, 0), (1, 1)], ("a", "b")))
    names = tuple(f"label {i}" for i in range(1_000))
    assert "981 other labels" in rows_explained(scores_of([(i, i) for i in range(1_000)], names))


def test_no_mistake_is_said_too():
    assert "no mistake" in commonest_mistake(scores_of([(0, 0), (1, 1)], ("a", "b")))


def test_shares_are_of_the_true_label_and_an_absent_label_has_none():
    scores = scores_of([(0, 0), (0, 1)], ("a", "b"))
    rows, labels = confusion_rows(scores)
    assert labels == 2
    assert list(rows["share"]) == pytest.approx([0.5, 0.5, 0.0, 0.0])


def test_many_labels_are_folded_without_losing_a_text():
    names = tuple(f"label {i}" for i in range(50))
    scores = scores_of([(i % 50, (i * 7) % 50) for i in range(500)], names)
    rows, labels = confusion_rows(scores)
    assert labels == MOST_LABELS
    assert rows["texts"].sum() == 500
    assert REST in set(rows["true"])


def test_the_table_of_labels_is_complete_and_the_most_frequent_first():
    scores = scores_of([(1, 1), (1, 1), (0, 0)], ("rare", "frequent"))
    scores = replace(scores, classes=tuple(reversed(scores.classes)))
    assert list(class_rows(scores)["label"]) == ["frequent", "rare"]
