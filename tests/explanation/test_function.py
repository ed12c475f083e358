"""The model from its token embeddings on."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import logits_of, word_vectors
from bertdemo.explanation.methods import attribute
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import classifier_of


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("pair", [None, "a second text"])
def test_logits_from_word_vectors_are_those_of_the_prediction(
    tiny_base: Path, tmp_path: Path, pair: str | None, complete: bool
):
    save_classifier(load_base(str(tiny_base), ("a", "b", "c"), dropout=0.1, max_length=32, seed=1), tmp_path / "model")
    classifier = load_classifier(tmp_path / "model", output_attentions=complete)
    tokenized = tokenize_with_words(classifier, "the coffee was cold", pair)
    pairs = None if pair is None else [pair]
    predicted = predict(classifier, [tokenized.text], pairs, placement=choose_placement("fp32")).logits
    vectors = word_vectors(classifier, tokenized)
    with torch.inference_mode():
        logits = logits_of(classifier, tokenized, vectors.repeat(3, 1, 1))
    assert logits.shape == (3, 3)
    assert torch.allclose(logits, torch.from_numpy(predicted).expand(3, -1), atol=1e-5)


@pytest.mark.parametrize("architecture", ["roberta", "xlm-roberta"])
def test_a_padding_token_that_somebody_typed_keeps_the_position_it_has_in_a_prediction(
    tiny_base: Path, architecture: str
):
    classifier = classifier_of(architecture, tiny_base)
    tokenized = tokenize_with_words(classifier, "the coffee [PAD] was cold")
    predicted = predict(classifier, [tokenized.text], placement=choose_placement("fp32")).logits
    with torch.inference_mode():
        logits = logits_of(classifier, tokenized, word_vectors(classifier, tokenized))
    assert torch.allclose(logits, torch.from_numpy(predicted), atol=1e-5)


class Odd(torch.nn.Module):
    """Has its token embeddings from elsewhere than it says."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model, self.config, self.device = model, copy.copy(model.config), torch.device("cpu")
        self.config.model_type = "odd"
        self.embedding = copy.deepcopy(model.get_input_embeddings())

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.embedding

    def forward(self, **inputs):
        return self.model(**inputs)


class Hashing(Odd):
    """Has none of its own, as CANINE does."""

    def get_input_embeddings(self) -> torch.nn.Module:
        raise NotImplementedError


class Random(Odd):
    """Answers otherwise each time, as those do that hash with random numbers (Reformer, YOSO)."""

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.model.get_input_embeddings()

    def forward(self, **inputs):
        found = self.model(**inputs)
        found.logits = found.logits + torch.rand(()) * 0.01
        return found


@pytest.mark.parametrize("kind", [Odd, Hashing, Random])
def test_a_model_that_does_not_answer_from_word_vectors_is_refused(tiny_base: Path, kind: type[Odd]):
    classifier = classifier_of("bert", tiny_base)
    other = replace(classifier, model=kind(classifier.model))
    for method in ("integrated_gradients", "occlusion", "saliency"):
        with pytest.raises(ExplanationError, match="architecture odd"):
            attribute(other, tokenize_with_words(other, "the coffee was cold"), method, 0)
