"""The numbers of one head for one token are those that the model computed with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attention import attention
from bertdemo.explanation.blocks import Head, blocks_of, inputs_of
from bertdemo.explanation.head_detail import closeup
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from tests.explanation.architectures import ARCHITECTURES, TEXT, classifier_of, hooks

PLACES = [(0, 0, 0), (1, 2, 4), (2, 3, 1)]  # layer, head, token


@pytest.fixture(scope="module", params=ARCHITECTURES)
def classifier(request: pytest.FixtureRequest, tiny_base: Path) -> Classifier:
    return classifier_of(request.param, tiny_base)


def head_output(classifier: Classifier, tokenized: TokenizedText, head: Head) -> torch.Tensor:
    """What the head of this layer hands to the output projection: (tokens, width)."""
    layer, number = head
    noted = []
    projection = blocks_of(classifier)[layer].projection
    handle = projection.register_forward_pre_hook(lambda _, inputs: noted.append(inputs[0][0]))
    with torch.no_grad():
        classifier.model(**inputs_of(classifier, tokenized))
    handle.remove()
    return noted[0][:, number * 8 : (number + 1) * 8]


@pytest.mark.parametrize(("layer", "head", "token"), PLACES)
def test_the_soft_max_is_the_row_of_attention_and_the_sum_is_what_the_head_hands_on(
    classifier: Classifier, layer: int, head: int, token: int
):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = closeup(classifier, tokenized, layer, head, token)
    assert np.allclose(found.weights, attention(classifier, tokenized).weights[layer, head, token], atol=1e-6)
    assert np.allclose(found.output, head_output(classifier, tokenized, (layer, head))[token], atol=1e-5)


@pytest.mark.parametrize(("layer", "head", "token"), PLACES)
def test_each_number_follows_from_those_before_it(classifier: Classifier, layer: int, head: int, token: int):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = closeup(classifier, tokenized, layer, head, token)
    assert found.query.shape == (8,)
    assert found.keys.shape == found.values.shape == found.products.shape == found.weighted.shape == (len(tokenized), 8)
    visible = found.weights > 0  # ModernBERT hides far tokens in most layers
    assert np.allclose(found.products, found.query * found.keys, atol=1e-6)
    assert np.allclose(found.scores[visible], found.products.sum(axis=1)[visible] / found.scale, atol=1e-5)
    powers = np.exp(found.scores[visible] - found.scores[visible].max())
    assert np.allclose(found.weights[visible], powers / powers.sum(), atol=1e-6)
    assert np.allclose(found.weighted, found.weights[:, None] * found.values, atol=1e-6)
    assert np.allclose(found.output, found.weighted.sum(axis=0), atol=1e-5)


def test_a_token_that_a_sliding_window_hides_gets_no_weight(tiny_base: Path):
    classifier = classifier_of("modernbert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = closeup(classifier, tokenized, 1, 0, 0)
    assert (found.weights == 0).any()
    assert (found.scores[found.weights == 0] < -1e30).all()


def test_it_is_of_the_model_with_the_heads_that_are_on(classifier: Classifier):
    tokenized, off = tokenize_with_words(classifier, TEXT), frozenset({(0, 1)})
    found = closeup(classifier, tokenized, 2, 0, 3, off)
    assert np.allclose(found.weights, attention(classifier, tokenized, off).weights[2, 0, 3], atol=1e-6)


@pytest.mark.parametrize("token", [-1, 60])
def test_a_token_that_is_not_there_is_refused_in_a_sentence(classifier: Classifier, token: int):
    with pytest.raises(ExplanationError, match=f"no token {token + 1}: the model reads 11"):
        closeup(classifier, tokenize_with_words(classifier, TEXT), 0, 0, token)
    with pytest.raises(ExplanationError, match="no head 5: the layers of this model have heads 1 to 4"):
        closeup(classifier, tokenize_with_words(classifier, TEXT), 0, 4, 0)


def test_the_shared_model_is_left_as_it_was_even_where_it_breaks(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    before = hooks(classifier.model)
    closeup(classifier, tokenized, 1, 1, 1, {(0, 0)})
    with pytest.raises(IndexError):
        closeup(classifier, replace(tokenized, ids=np.full_like(tokenized.ids, 10**6)), 1, 1, 1)
    assert hooks(classifier.model) == before


def test_a_classifier_loaded_for_predicting_is_refused(tiny_base: Path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    with pytest.raises(ExplanationError, match="loaded for predicting alone"):
        closeup(classifier, tokenize_with_words(classifier, TEXT), 0, 0, 0)
