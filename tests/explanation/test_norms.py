"""Norm-weighted attention against loops over heads and tokens, with the weights of the model picked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.explanation.attention import attention
from bertdemo.explanation.blocks import inputs_of
from bertdemo.explanation.norms import norm_weighted
from bertdemo.explanation.tokenized_text import tokenize_with_words
from tests.explanation.architectures import ARCHITECTURES, TEXT, classifier_of

WIDTH = 8  # of a head


def test_it_is_the_length_of_the_transformed_vector_times_the_weight(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, "cold soup, kind staff")
    weights, found = attention(classifier, tokenized).weights, norm_weighted(classifier, tokenized)
    with torch.no_grad():
        states = classifier.model(**inputs_of(classifier, tokenized), output_hidden_states=True).hidden_states
    assert found.shape == weights.shape
    for layer, head, i, j in np.ndindex(*weights.shape):
        block = classifier.model.bert.encoder.layer[layer].attention
        mine = slice(head * WIDTH, (head + 1) * WIDTH)
        with torch.no_grad():
            value = block.self.value.weight[mine] @ states[layer][0, j] + block.self.value.bias[mine]
            moved = weights[layer, head, i, j] * (block.output.dense.weight[:, mine] @ value)
        assert found[layer, head, i, j] == pytest.approx(float(moved.norm()), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_a_weight_times_a_length_that_belongs_to_the_token_looked_at(architecture: str, tiny_base: Path):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found, weights = norm_weighted(classifier, tokenized), attention(classifier, tokenized).weights
    assert found.dtype == np.float32
    assert (found >= 0).all()
    lengths = found.sum(axis=2) / weights.sum(axis=2)  # (layers, heads, tokens): the same for every token that looks
    assert np.allclose(found, weights * lengths[:, :, None], atol=1e-5)
    assert (lengths > 0).all()


def test_later_layers_give_something_else_once_a_head_is_off(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    before, after = norm_weighted(classifier, tokenized), norm_weighted(classifier, tokenized, {(0, 1)})
    assert np.allclose(before[0], after[0], atol=1e-6)
    assert not np.allclose(before[1], after[1], atol=1e-4)
