"""Whether scores foretell what happens when words are masked, and stay what they are when nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import infidelity as module
from bertdemo.explanation.function import logits_of, word_vectors
from bertdemo.explanation.infidelity import infidelity, sensitivity
from bertdemo.explanation.masking import explained, logits_without, private_copy, shiftable
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import ARCHITECTURES, classifier_of, hooks

TEXT = "a lovely room, cold bread and a rude waiter"
SHORT_TEXT = "a lovely room, cold bread"


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return load_classifier(learned_base)


@pytest.fixture(scope="module")
def tokenized(classifier: Classifier) -> TokenizedText:
    return tokenize_with_words(classifier, TEXT)


@settings(max_examples=10)
@given(seed=st.integers(0, 999))
def test_it_is_what_the_best_multiple_of_the_scores_leaves(classifier: Classifier, tokenized: TokenizedText, seed: int):
    scores = np.random.default_rng(seed).normal(size=len(tokenized.words))
    found = infidelity(classifier, tokenized, scores, 1, 0, samples=40, seed=seed)
    erased = module._random_sets(len(tokenized.words), 40, seed)
    whole = explained(logits_without(classifier, tokenized, np.zeros_like(erased[:1])), 1, 0)
    change = whole - explained(logits_without(classifier, tokenized, erased), 1, 0)
    foretold = erased @ scores
    factor = (foretold @ change) / (foretold @ foretold)
    left = np.mean((change - factor * foretold) ** 2)
    assert found.value == pytest.approx(left, rel=1e-4, abs=1e-6)
    assert found.share == pytest.approx(left / np.mean(change**2), rel=1e-4, abs=1e-6)


def test_units_do_not_matter_and_scores_of_nothing_explain_nothing(classifier: Classifier, tokenized: TokenizedText):
    scores = np.random.default_rng(0).normal(size=len(tokenized.words))
    one, same = (infidelity(classifier, tokenized, factor * scores, 0).share for factor in (1.0, 70.0))
    assert one == pytest.approx(same, rel=1e-6)
    assert infidelity(classifier, tokenized, np.zeros(len(scores)), 0).share == pytest.approx(1.0)


def test_scores_fitted_to_the_changes_are_better_than_chance(classifier: Classifier, tokenized: TokenizedText):
    erased = module._random_sets(len(tokenized.words), 300, seed=5)
    outputs = explained(logits_without(classifier, tokenized, np.concatenate([erased[:1] & False, erased])), 0)
    fitted, *_ = np.linalg.lstsq(erased.astype(float), outputs[0] - outputs[1:])
    shuffled = np.random.default_rng(0).permutation(fitted)
    assert infidelity(classifier, tokenized, fitted, 0).share < infidelity(classifier, tokenized, shuffled, 0).share


@given(words=st.integers(2, 40), seed=st.integers(0, 99))
def test_up_to_half_of_the_words_are_masked_and_never_none(words: int, seed: int):
    sizes = module._random_sets(words, 50, seed).sum(axis=1)
    assert sizes.min() >= 1
    assert sizes.max() <= max(1, words // 2)


def test_a_word_alone_is_refused_and_a_cancelled_test_ends(classifier: Classifier, tokenized: TokenizedText):
    with pytest.raises(ExplanationError, match="one word, so none can be masked beside another"):
        infidelity(classifier, tokenize_with_words(classifier, "tea"), np.array([1.0]), 0)
    with pytest.raises(CancelledError):
        infidelity(classifier, tokenized, np.zeros(len(tokenized.words)), 0, should_stop=lambda: True)


def gradient(classifier, tokenized):
    """Input × gradient of the first logit; needs gradients, which Captum switches off."""
    with classifier.lock:
        vectors = word_vectors(classifier, tokenized).requires_grad_(True)
        (slope,) = torch.autograd.grad(logits_of(classifier, tokenized, vectors)[0, 0], vectors)
    return tokenized.sum_to_words((vectors * slope).sum(-1)[0].detach().double().numpy())


def test_scores_that_never_change_are_steady(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, SHORT_TEXT)
    assert sensitivity(classifier, tokenized, lambda *_: np.arange(6.0)).value == 0


def test_it_is_the_largest_change_relative_to_the_size_of_the_scores(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, SHORT_TEXT)
    told = [np.array([3.0, 4.0, 0, 0, 0, 0]) * factor for factor in (1.0, 1.1, 0.8, 1.0)]
    answers = iter(told)
    assert sensitivity(classifier, tokenized, lambda *_: next(answers), samples=3).value == pytest.approx(0.2)


def test_a_gradient_changes_a_little_and_the_same_with_the_same_seed(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, SHORT_TEXT)
    one, same, other = (sensitivity(classifier, tokenized, gradient, samples=4, seed=seed) for seed in (1, 1, 2))
    assert 0 < one.value < 2
    assert one.value == same.value != other.value
    assert (one.samples, one.radius > 0) == (4, True)


def test_the_shared_model_is_left_as_it_was(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, SHORT_TEXT)
    before = {name: weight.clone() for name, weight in classifier.model.state_dict().items()}
    logits, hooked = predict(classifier, [SHORT_TEXT]).logits, hooks(classifier.model)
    sensitivity(classifier, tokenized, gradient, samples=2)
    assert all(torch.equal(weight, before[name]) for name, weight in classifier.model.state_dict().items())
    assert hooks(classifier.model) == hooked
    assert all(weight.grad is None for weight in classifier.model.parameters())
    assert np.array_equal(predict(classifier, [SHORT_TEXT]).logits, logits)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_copy_whose_vectors_are_not_shifted_says_the_same(tiny_base: Path, architecture: str):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, SHORT_TEXT)
    copy, shift = shiftable(classifier, np.unique(tokenized.ids[~tokenized.special]))
    assert np.array_equal(predict(copy, [SHORT_TEXT]).logits, predict(classifier, [SHORT_TEXT]).logits)
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
        sensitivity(classifier, tokenize_with_words(classifier, SHORT_TEXT), gradient, should_stop=lambda: True)
    with pytest.raises(ExplanationError, match="no word"):
        sensitivity(classifier, replace(tokenize_with_words(classifier, SHORT_TEXT), words=()), gradient)
