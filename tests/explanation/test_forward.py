"""The model from its word vectors on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bertdemo.explanation.forward import logits_of, word_vectors
from bertdemo.explanation.reading import read
from bertdemo.models.classifier import load_base, load_classifier, save_classifier
from bertdemo.prediction.predict import predict


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("pair", [None, "a second text"])
def test_logits_from_word_vectors_are_those_of_the_prediction(
    tiny_base: Path, tmp_path: Path, pair: str | None, complete: bool
):
    save_classifier(load_base(str(tiny_base), ("a", "b", "c"), dropout=0.1, max_length=32, seed=1), tmp_path / "model")
    classifier = load_classifier(tmp_path / "model", complete=complete)
    reading = read(classifier, "the coffee was cold", pair)
    predicted = predict(classifier, [reading.text], None if pair is None else [pair]).logits
    vectors = word_vectors(classifier, reading)
    with torch.inference_mode():
        logits = logits_of(classifier, reading, vectors.repeat(3, 1, 1))
    assert logits.shape == (3, 3)
    assert torch.allclose(logits, torch.from_numpy(predicted).expand(3, -1), atol=1e-5)
