"""Vectors of texts, and their flat picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.devices import choose_placement
from bertdemo.studies.vectors import first_token_vectors, flatten, judge, neighbours_alike

EXACT = choose_placement("fp32")


@pytest.fixture(scope="module", params=[False, True], ids=["predicting", "complete"])
def classifier(request, learned_base):
    return load_classifier(learned_base, output_attentions=request.param)


def test_the_vector_of_a_text_is_that_of_its_first_token_in_the_last_layer(classifier, small_dataset):
    texts = small_dataset.texts[:40]
    told = []
    vectors = first_token_vectors(classifier, texts, None, EXACT, told.append)
    assert told == [16, 32, 40]
    for row in (0, 17, 39):
        inputs = classifier.tokenizer(texts[row], return_tensors="pt")
        with torch.no_grad():
            states = classifier.model.base_model(**inputs).last_hidden_state
        np.testing.assert_allclose(vectors[row], states[0, 0].numpy(), atol=1e-4)


def test_work_that_is_called_off_ends_after_a_batch(classifier, small_dataset):
    def refuse(done):
        raise KeyError(done)

    with pytest.raises(KeyError, match="16"):
        first_token_vectors(classifier, small_dataset.texts, None, EXACT, refuse)


def test_the_picture_is_a_principal_component_analysis():
    vectors = np.random.default_rng(0).normal(size=(50, 8)) * np.arange(1, 9)
    found, explained = flatten(vectors)
    theirs = PCA(2).fit(vectors)
    np.testing.assert_allclose(np.abs(found), np.abs(theirs.transform(vectors)), atol=1e-9)
    np.testing.assert_allclose(explained, theirs.explained_variance_ratio_, atol=1e-9)


def test_the_same_vectors_give_the_same_picture_in_any_order():
    vectors = np.random.default_rng(0).normal(size=(30, 5))
    found, _ = flatten(vectors)
    again, _ = flatten(vectors[::-1])
    np.testing.assert_allclose(again[::-1], found, atol=1e-9)


@pytest.mark.parametrize("vectors", [np.zeros((1, 4)), np.ones((3, 4)), np.array([[1.0], [2.0]])])
def test_vectors_with_nothing_to_show_have_a_picture_too(vectors):
    found, explained = flatten(vectors)
    assert found.shape == (len(vectors), 2)
    assert np.isfinite(found).all()
    assert 0 <= sum(explained) <= 1 + 1e-9


def test_labels_that_lie_apart_have_neighbours_alike_and_mixed_ones_by_chance():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, size=600)
    apart = generator.normal(size=(600, 5)) + 20 * np.where(labels, 1, -1)[:, None] * np.array([1, 0, 0, 0, 0])
    _, view = judge(apart, labels)
    assert view.neighbours == 1.0
    _, mixed = judge(generator.normal(size=(600, 5)), labels)
    assert mixed.neighbours == pytest.approx(mixed.chance, abs=0.1)
    assert mixed.chance == pytest.approx(0.5, abs=0.01)


@given(st.integers(2, 40), st.integers(0, 1000))
def test_a_neighbour_is_never_the_text_itself(n, seed):
    generator = np.random.default_rng(seed)
    vectors, labels = generator.normal(size=(n, 3)), generator.integers(0, 3, size=n)
    alike = 0
    for row in range(n):
        similar = vectors @ vectors[row] / np.linalg.norm(vectors, axis=1)
        similar[row] = -np.inf
        alike += labels[similar.argmax()] == labels[row]
    assert neighbours_alike(vectors, labels) == pytest.approx(alike / n)


def test_a_text_is_not_its_own_neighbour_by_chance_either():
    vectors = np.arange(8.0).reshape(4, 2)
    _, seen = judge(vectors, np.array([0, 1, 2, 3]))
    assert seen.neighbours == seen.chance == 0
    _, seen = judge(vectors, np.array([0, 0, 1, 1]))
    assert seen.chance == pytest.approx(1 / 3)
