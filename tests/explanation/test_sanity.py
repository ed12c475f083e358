"""Explanations of models that have forgotten what they learned."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation.masking import explained, logits_without
from bertdemo.explanation.sanity import Sanity, Stage, rank_correlation, sanity, stages, with_random_weights
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import ARCHITECTURES, classifier_of
from tests.explanation.erasures import erased_table

TEXT = "a lovely room, cold bread and a rude waiter"


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return load_classifier(learned_base)


def occlusion(classifier, tokenized):
    sets = [(), *((word,) for word in range(len(tokenized.words)))]
    outputs = explained(logits_without(classifier, tokenized, erased_table(tokenized, sets)), 0)
    return outputs[0] - outputs[1:]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_stages_go_from_the_head_down_to_every_weight(tiny_base: Path, architecture: str):
    model = classifier_of(architecture, tiny_base).model
    found = list(stages(model).values())
    assert not any("embeddings" in name for name in found[0])
    names = {name for name, _ in model.named_parameters()}
    assert all(less < more for less, more in itertools.pairwise(found))
    assert found[-1] == names
    assert {name for name in found[0] if name.startswith("classifier")}
    assert not {name for name in found[-2] if "word_embeddings" in name or "tok_embeddings" in name}
    assert not {name for name in found[0] if ".layer.0." in name or ".layers.0." in name}


def test_only_the_named_weights_become_random_and_only_in_the_copy(classifier: Classifier):
    before = {name: weight.clone() for name, weight in classifier.model.named_parameters()}
    names = stages(classifier.model)["the head and layers 2 to 2"]
    copy = with_random_weights(classifier, names, seed=0)
    changed = {name for name, weight in copy.model.named_parameters() if not torch.equal(weight, before[name])}
    assert changed <= names
    assert {name for name in names if name.endswith("dense.weight")} <= changed
    assert all(torch.equal(weight, before[name]) for name, weight in classifier.model.named_parameters())
    weight = dict(copy.model.named_parameters())["bert.encoder.layer.1.intermediate.dense.weight"]
    assert float(weight.detach().std()) == pytest.approx(copy.model.config.initializer_range, rel=0.1)


def test_draws_differ_by_seed_and_predict(classifier: Classifier):
    names = stages(classifier.model)["all weights"]
    one, same, other = (predict(with_random_weights(classifier, names, seed), [TEXT]).logits for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)
    assert np.isfinite(one).all()


def test_scores_that_ignore_the_model_fail(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = sanity(classifier, tokenized, lambda _, text: np.array([float(len(word.text)) for word in text.words]))
    assert found.passed is False
    assert [stage.correlation for stage in found.stages] == pytest.approx([1.0] * len(found.stages))
    assert "much the same" in found.verdict


def test_scores_that_have_nothing_to_do_with_each_other_pass(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    rng = np.random.default_rng(3)
    found = sanity(classifier, tokenized, lambda *_: rng.normal(size=len(tokenized.words)), seeds=20)
    assert found.passed
    assert "they depend on what the model has learned" in found.verdict


def test_the_level_of_chance_is_passed_one_time_in_twenty():
    rng, words, seeds = np.random.default_rng(0), 12, 2
    original = rng.normal(size=words)
    chance = 1.645 / np.sqrt((words - 1) * seeds)
    means = [np.mean([rank_correlation(original, rng.normal(size=words)) for _ in range(seeds)]) for _ in range(2000)]
    assert np.mean(np.array(means) > chance) == pytest.approx(0.05, abs=0.02)


def test_the_explanation_of_the_model_itself_is_the_first_and_progress_is_told(classifier: Classifier):
    tokenized, told = tokenize_with_words(classifier, TEXT), []
    found = sanity(classifier, tokenized, occlusion, report=lambda done, of: told.append((done, of)))
    assert np.array_equal(found.original, occlusion(classifier, tokenized))
    assert told == [(done, told[-1][1]) for done in range(told[-1][1] + 1)]
    assert len(found.stages[0].correlations) == 2


def test_a_few_words_cannot_tell():
    found = Sanity((Stage("all weights", (1.0,)),), np.ones(4), np.ones(4), 0.9)
    assert found.passed is None
    assert "too few words" in found.verdict
    assert "4 are there" in found.verdict
    assert "1 is there" in Sanity(found.stages, np.ones(1), np.ones(1), 0.9).verdict


def test_a_correlation_below_zero_has_a_true_minus():
    found = Sanity((Stage("all weights", (-0.04,)),), np.ones(9), np.ones(9), 0.3)
    assert "rank correlation \u22120.04, by chance up to 0.30" in found.verdict


@given(st.integers(3, 20), st.integers(0, 99))
def test_the_correlation_is_spearmans_of_the_sizes(words: int, seed: int):
    from scipy.stats import spearmanr

    one, other = np.random.default_rng(seed).normal(size=(2, words)).round(1)
    if np.ptp(np.abs(one)) and np.ptp(np.abs(other)):
        expected = spearmanr(np.abs(one), np.abs(other)).statistic
        assert rank_correlation(one, other) == pytest.approx(expected, abs=1e-12)
    assert rank_correlation(one, np.zeros(words)) == 0


def test_a_cancelled_test_ends_and_a_text_without_words_is_refused(classifier: Classifier):
    with pytest.raises(CancelledError):
        sanity(classifier, tokenize_with_words(classifier, TEXT), occlusion, should_stop=lambda: True)
    with pytest.raises(ExplanationError, match="no word"):
        sanity(classifier, replace(tokenize_with_words(classifier, TEXT), words=()), occlusion)
