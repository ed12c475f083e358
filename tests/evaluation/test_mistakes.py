from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.metrics import confusion_matrix
from bertdemo.evaluation.mistakes import behind_cell, confident_errors, confident_off_diagonal, mislabelled
from bertdemo.prediction.predict import softmax
from tests.evaluation.answered import logits_and_truth


def part_of(truth: np.ndarray, n_labels: int) -> Dataset:
    texts = tuple(f"text {i}" for i in range(len(truth)))
    names = tuple(f"label {i}" for i in range(n_labels))
    return Dataset("d", texts, tuple(truth.tolist()), names, pairs=tuple(f"pair {i}" for i in range(len(truth))))


@given(logits_and_truth())
def test_errors_are_all_there_and_the_most_confident_come_first(drawn) -> None:
    probabilities, truth = softmax(drawn[0]), drawn[1]
    found = confident_errors(probabilities, part_of(truth, probabilities.shape[1]), limit=1000)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != truth)
    assert sorted(each.place for each in found) == wrong.tolist()
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)
    for each in found:
        assert (each.text, each.pair) == (f"text {each.place}", f"pair {each.place}")
        assert each.truth == f"label {truth[each.place]}" != each.predicted
        assert each.probability_of_truth == probabilities[each.place, truth[each.place]] <= each.confidence


@given(logits_and_truth())
def test_the_cells_hold_each_text_once_and_as_many_as_the_confusion_matrix_says(drawn) -> None:
    probabilities, truth = softmax(drawn[0]), drawn[1]
    k = probabilities.shape[1]
    confusion = confusion_matrix(truth, probabilities.argmax(axis=1), k)
    cells = {(i, j): behind_cell(probabilities, part_of(truth, k), i, j) for i in range(k) for j in range(k)}
    assert {cell: len(texts) for cell, texts in cells.items()} == {cell: confusion[cell] for cell in cells}
    assert sorted(each.place for texts in cells.values() for each in texts) == list(range(len(truth)))


def test_no_more_than_asked_for() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]])
    found = confident_errors(probabilities, part_of(np.array([1, 1, 1]), 2), limit=2)
    assert [each.place for each in found] == [0, 2]


def split_of(dataset: Dataset) -> Split:
    n = len(dataset)
    return Split(dataset, tuple(range(n - 2)), (n - 2,), (n - 1,), seed=3)


def flipped(dataset: Dataset, rows: list[int]) -> Dataset:
    return replace(dataset, labels=tuple(1 - label if i in rows else label for i, label in enumerate(dataset.labels)))


@pytest.fixture
def clear() -> Dataset:
    """Two labels that a word tells apart, in texts that differ."""
    words = ("good", "bad")
    texts = tuple(f"this was a {words[i % 2]} {noun} of number {i}" for i, noun in enumerate(["day", "meal"] * 60))
    return Dataset("clear", texts, tuple(i % 2 for i in range(120)), ("praise", "complaint"))


def test_labels_that_were_swapped_are_found_and_come_first(clear: Dataset) -> None:
    rows = [10, 33, 71, 90]
    found = mislabelled(split_of(flipped(clear, rows)))
    assert sorted(each.row for each in found.suspects[:4]) == rows
    assert found.judged == 118
    assert found.n == len(found.suspects)
    assert "Northcutt" in found.method
    for each in found.suspects[:4]:
        assert each.text == clear.texts[each.row]
        assert each.suggested == clear.label_names[clear.labels[each.row]] != each.label
        assert each.probability_of_label < each.probability_of_suggested


def test_clean_labels_are_left_alone(clear: Dataset) -> None:
    assert mislabelled(split_of(clear)).n == 0


def test_only_training_texts_are_judged_and_no_more_listed_than_asked(clear: Dataset) -> None:
    wrong = split_of(flipped(clear, [10, 33, 118, 119]))
    assert {118, 119}.isdisjoint(each.row for each in mislabelled(wrong).suspects)
    few = mislabelled(wrong, limit=1)
    assert (len(few.suspects), few.n) == (1, 2)


def test_the_same_split_gives_the_same_suspects(clear: Dataset) -> None:
    wrong = split_of(flipped(clear, [10, 33]))
    assert mislabelled(wrong) == mislabelled(wrong)


@pytest.mark.parametrize(
    ("texts", "labels"),
    [(["", " "] * 10, [0, 1] * 10), ([f"text {i}" for i in range(20)], [0] * 20), (["yes", "no"] * 10, [1] + [0] * 19)],
)
def test_where_there_is_nothing_to_learn_nothing_is_suspect(texts: list[str], labels: list[int]) -> None:
    dataset = Dataset("d", tuple(texts), tuple(labels), ("a", "b"), pairs=None)
    assert mislabelled(split_of(dataset)).suspects == ()


def test_both_texts_of_a_pair_are_shown(clear: Dataset) -> None:
    pairs = replace(flipped(clear, [10]), pairs=tuple(f"second {i % 3}" for i in range(120)))
    assert mislabelled(split_of(pairs)).suspects[0].pair == "second 1"


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(1, 60))
def test_the_confident_joint_by_its_definition(seed: int, n_labels: int, n: int) -> None:
    """Northcutt et al. 2021, equation 1, written as two loops."""
    generator = np.random.default_rng(seed)
    probabilities = softmax(generator.normal(0, 2, (n, n_labels)))
    labels = generator.integers(0, n_labels, n)
    thresholds = [probabilities[labels == j, j].mean() if (labels == j).any() else np.inf for j in range(n_labels)]
    expected = {}
    for i, row in enumerate(probabilities):
        reached = [j for j in range(n_labels) if row[j] >= thresholds[j]]
        best = max(reached, key=lambda j: row[j], default=labels[i])
        if best != labels[i]:
            expected[i] = best
    places, suggested = confident_off_diagonal(probabilities, labels)
    assert dict(zip(places.tolist(), suggested.tolist(), strict=True)) == expected
