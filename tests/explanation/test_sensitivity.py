"""Whether scores stay what they are when token embeddings are shifted a little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation.copies import private_copy, shiftable
from bertdemo.explanation.forward import logits_of, word_vectors
from bertdemo.explanation.sensitivity import sensitivity
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import ARCHITECTURES, classifier_of, hooks

TEXT = "a lovely room, cold bread"


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return load_classifier(learned_base)


def gradient(classifier, tokenized):
    """Input × gradient of the first logit; needs gradients, which Captum switches off."""
    with classifier.lock:
        vectors = word_vectors(classifier, tokenized).requires_grad_(True)
        (slope,) = torch.autograd.grad(logits_of(classifier, tokenized, vectors)[0, 0], vectors)
    return tokenized.sum_to_words((vectors * slope).sum(-1)[0].detach().double().numpy())


def test_scores_that_never_change_are_steady(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    assert sensitivity(classifier, tokenized, lambda *_: np.arange(6.0)).value == 0


def test_it_is_the_largest_change_relative_to_the_size_of_the_scores(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    told = [np.array([3.0, 4.0, 0, 0, 0, 0]) * factor for factor in (1.0, 1.1, 0.8, 1.0)]
    answers = iter(told)
    assert sensitivity(classifier, tokenized, lambda *_: next(answers), samples=3).value == pytest.approx(0.2)


def test_a_gradient_changes_a_little_and_the_same_with_the_same_seed(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    one, same, other = (sensitivity(classifier, tokenized, gradient, samples=4, seed=seed) for seed in (1, 1, 2))
    assert 0 < one.value < 2
    assert one.value == same.value != other.value
    assert (one.samples, one.radius > 0) == (4, True)


def test_the_shared_model_is_left_as_it_was(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    before = {name: weight.clone() for name, weight in classifier.model.state_dict().items()}
    logits, hooked = predict(classifier, [TEXT]).logits, hooks(classifier.model)
    sensitivity(classifier, tokenized, gradient, samples=2)
    assert all(torch.equal(weight, before[name]) for name, weight in classifier.model.state_dict().items())
    assert hooks(classifier.model) == hooked
    assert all(weight.grad is None for weight in classifier.model.parameters())
    assert np.array_equal(predict(classifier, [TEXT]).logits, logits)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_copy_whose_vectors_are_not_shifted_says_the_same(tiny_base: Path, architecture: str):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    copy, shift = shiftable(classifier, np.unique(tokenized.ids[~tokenized.special]))
    assert np.array_equal(predict(copy, [TEXT]).logits, predict(classifier, [TEXT]).logits)
    shift += 1.0
    moved = word_vectors(copy, tokenized) - word_vectors(classifier, tokenized)
    assert torch.allclose(moved[0, ~torch.from_numpy(tokenized.special)], torch.ones(()), atol=1e-5)
    assert torch.equal(moved[0, torch.from_numpy(tokenized.special)], torch.zeros_like(moved[0, tokenized.special]))


def test_a_copy_takes_no_memory_but_for_its_own_weights(classifier: Classifier):
    name = "classifier.weight"
    copy = private_copy(classifier, [name])
    shared = dict(classifier.model.named_parameters())
    own = [each for each, weight in copy.model.named_parameters() if weight is not shared[each]]
    assert own == [name]
    assert copy.lock is classifier.lock


def test_a_cancelled_test_ends_and_a_text_without_words_is_refused(classifier: Classifier):
    with pytest.raises(CancelledError):
        sensitivity(classifier, tokenize_with_words(classifier, TEXT), gradient, should_stop=lambda: True)
    with pytest.raises(ExplanationError, match="no word"):
        sensitivity(classifier, replace(tokenize_with_words(classifier, TEXT), words=()), gradient)
