from __future__ import annotations

import numpy as np
from hypothesis import given

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.metrics import confusion_matrix
from bertdemo.evaluation.mistakes import behind_cell, confident_errors
from bertdemo.prediction.probabilities import softmax
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
