"""Logits of texts without words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import function
from bertdemo.explanation.counterfactual import without
from bertdemo.explanation.masking import explained, logits_without
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from tests.explanation.erasures import erased_table

FP32 = choose_placement("fp32")


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return load_classifier(learned_base)


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("pair", [None, "kind staff"])
def test_each_row_is_the_prediction_of_the_masked_text(learned_base: Path, complete: bool, pair: str | None):
    classifier = load_classifier(learned_base, output_attentions=complete)
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread", pair)
    sets = [(), (0,), (1, 2), (0, 1, 2, 3, 4, 5), (1, 2)]
    logits = logits_without(classifier, tokenized, erased_table(tokenized, sets))
    for row, each in zip(logits, sets, strict=True):
        edited = without(classifier, tokenized, each, "mask")
        expected = predict(classifier, [edited.text], None if pair is None else [str(edited.pair)], placement=FP32)
        assert np.allclose(row, expected.logits[0], atol=1e-5)


def test_many_versions_of_a_long_text_are_those_of_one_at_a_time(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "the coffee was wonderful and the staff were kind " * 13)
    erased = np.random.default_rng(0).random((40, len(tokenized.words))) < 0.5
    together = logits_without(classifier, tokenized, erased)
    assert np.allclose(together, [logits_without(classifier, tokenized, row[None])[0] for row in erased], atol=1e-5)


def test_what_is_explained_is_a_logit_or_a_margin():
    logits = np.array([[1.0, 2.0, 4.0], [0.0, -1.0, 3.0]], dtype=np.float32)
    assert explained(logits, 2).tolist() == [4.0, 3.0]
    assert explained(logits, 2, 1).tolist() == [2.0, 4.0]


def test_no_text_goes_through_the_model_once_cancelled(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "a lovely room")
    with pytest.raises(CancelledError):
        logits_without(classifier, tokenized, erased_table(tokenized, [()]), should_stop=lambda: True)


def test_the_larger_the_model_the_smaller_the_pieces_that_hold_it(classifier: Classifier, monkeypatch):
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread")
    erased = np.eye(len(tokenized.words), dtype=np.bool_)
    asked: list[int] = []
    together = logits_without(classifier, tokenized, erased, should_stop=lambda: bool(asked.append(0)))
    assert len(asked) == 1
    monkeypatch.setattr(function, "_PIECE", {"cpu": 1})  # as if the weights were too many for a single text
    alone = logits_without(classifier, tokenized, erased, should_stop=lambda: bool(asked.append(0)))
    assert len(asked) == 1 + len(erased)
    assert np.allclose(together, alone, atol=1e-5)


def test_a_tokenizer_without_a_mask_says_so(learned_base: Path):
    classifier = load_classifier(learned_base)
    classifier.tokenizer.mask_token = None
    tokenized = tokenize_with_words(classifier, "a lovely room")
    with pytest.raises(ExplanationError, match="no mask token"):
        logits_without(classifier, tokenized, erased_table(tokenized, [(0,)]))
