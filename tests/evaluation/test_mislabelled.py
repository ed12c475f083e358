from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.mislabelled import confident_off_diagonal, mislabelled
from bertdemo.prediction.probabilities import softmax


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
