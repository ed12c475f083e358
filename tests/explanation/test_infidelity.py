"""Whether scores foretell what happens when words are masked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import infidelity as module
from bertdemo.explanation.infidelity import infidelity
from bertdemo.explanation.masking import explained, logits_without
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier

TEXT = "a lovely room, cold bread and a rude waiter"


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
