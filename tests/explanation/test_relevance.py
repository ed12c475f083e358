"""Relevance against gradients by finite differences and sums written out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers.models.bert import modeling_bert

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attention import attention
from bertdemo.explanation.blocks import inputs_of
from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.relevance import relevance
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from tests.explanation.architectures import ARCHITECTURES, TEXT, classifier_of, hooks

STEP = 1e-5


class Nudge:
    """Attention whose one weight can be moved by a little."""

    def __init__(self, attend) -> None:
        self._attend = attend
        self.where, self.by = (0, 0, 0, 0), 0.0

    def __call__(self, module, query, key, value, mask, **options):
        _, weights = self._attend(module, query, key, value, mask, **options)
        layer, head, row, column = self.where
        if module.layer_idx == layer:
            weights = weights.clone()
            weights[0, head, row, column] += self.by
        return (weights @ value).transpose(1, 2).contiguous(), weights


@pytest.fixture
def nudge(monkeypatch: pytest.MonkeyPatch) -> Nudge:
    nudge = Nudge(modeling_bert.eager_attention_forward)
    monkeypatch.setattr(modeling_bert, "eager_attention_forward", nudge)
    return nudge


def slow_gradient(
    classifier: Classifier, tokenized: TokenizedText, nudge: Nudge, where, target: int, against: int | None
):
    outputs = []
    for sign in (-1, 1):
        nudge.where, nudge.by = where, sign * STEP
        with torch.no_grad():
            logits = classifier.model(**inputs_of(classifier, tokenized)).logits[0]
        outputs.append(float(logits[target] - (0 if against is None else logits[against])))
    nudge.by = 0.0
    return (outputs[1] - outputs[0]) / (2 * STEP)


@pytest.mark.parametrize(("target", "against"), [(1, None), (2, 0)])
def test_it_is_the_sum_of_positive_gradients_times_weights(tiny_base: Path, nudge: Nudge, target: int, against):
    classifier = classifier_of("bert", tiny_base, num_hidden_layers=2, num_attention_heads=2)
    classifier.model.double()
    tokenized = tokenize_with_words(classifier, "cold soup")
    weights = attention(classifier, tokenized).weights.astype(np.float64)
    tokens = len(tokenized)
    so_far = np.eye(tokens)
    for layer, row in enumerate(relevance(classifier, tokenized, target, against)):
        step = np.zeros((tokens, tokens))
        for head, i, j in np.ndindex(2, tokens, tokens):
            gradient = slow_gradient(classifier, tokenized, nudge, (layer, head, i, j), target, against)
            step[i, j] += max(0.0, gradient * weights[layer, head, i, j]) / 2
        so_far = so_far + step @ so_far
        assert np.allclose(row, so_far[0], atol=1e-5)
    assert so_far[0, 1:].max() > 1e-3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_is_not_negative_and_never_falls_from_layer_to_layer(architecture: str, tiny_base: Path):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = relevance(classifier, tokenized, 1)
    assert found.shape == (3, len(tokenized))
    assert (found >= 0).all()
    assert found[0, 0] >= 1
    assert (np.diff(found, axis=0) >= 0).all()


def test_a_padding_token_that_somebody_typed_keeps_its_position(tiny_base: Path, monkeypatch: pytest.MonkeyPatch):
    classifier = classifier_of("roberta", tiny_base)
    tokenized, seen = tokenize_with_words(classifier, "the coffee [PAD] was cold"), []
    monkeypatch.setattr(
        ExplainedOutput, "of", lambda self, logits: seen.append(logits.detach()) or logits[:, self.target]
    )
    relevance(classifier, tokenized, 1)
    assert np.allclose(seen[0][0], attention(classifier, tokenized).logits, atol=1e-5)


def test_the_mean_of_all_tokens_is_followed_where_the_head_reads_it(tiny_base: Path):
    classifier = classifier_of("modernbert", tiny_base, classifier_pooling="mean")
    tokenized = tokenize_with_words(classifier, TEXT)
    assert (relevance(classifier, tokenized, 0)[0] >= 1 / len(tokenized) - 1e-9).all()


def test_no_gradient_and_no_hook_is_left_on_the_model(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    relevance(classifier, tokenized, 0)
    before = hooks(classifier.model)
    silent = {(layer, head) for layer in range(3) for head in range(4)}
    with torch.no_grad():  # whoever calls may have switched gradients off
        off = relevance(classifier, tokenized, 0, switched_off=silent)
    assert np.allclose(off, np.eye(len(tokenized))[0])  # what no head hands on moves nothing
    assert hooks(classifier.model) == before
    assert all(parameter.grad is None for parameter in classifier.model.parameters())


def test_weights_that_ask_for_no_gradient_do_not_matter(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    expected = relevance(classifier, tokenized, 0)
    classifier.model.requires_grad_(False)
    assert np.allclose(relevance(classifier, tokenized, 0), expected)


def test_a_classifier_loaded_for_predicting_is_refused(tiny_base: Path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    with pytest.raises(ExplanationError, match="loaded for predicting alone"):
        relevance(classifier, tokenize_with_words(classifier, TEXT), 0)
