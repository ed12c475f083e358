"""A temperature that became part of the weights changes no probability."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertdemo.errors import ModelError
from bertdemo.export.calibrated import calibrate
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict
from tests.export.conftest import EXACT

TEXTS = ["the coffee was cold", "a lovely room " * 20, "漢字"]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
         "num_labels": 3, "max_position_embeddings": 80}  # fmt: skip


def a_classifier(kind: str, tokenizer, temperature: float) -> Classifier:
    """A random model of another architecture, whose logits are far from zero."""
    sizes = SMALL | ({"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32} if kind == "distilbert" else {})
    config = AutoConfig.for_model(kind, **sizes, vocab_size=len(tokenizer), pad_token_id=0)
    torch.manual_seed(5)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    for weight in model.parameters():
        weight.data *= 3
    return Classifier(model, tokenizer, ("a", "b", "c"), 32, temperature)


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "distilbert", "modernbert", "camembert", "albert"])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_probabilities_stay_what_they_were(kind, temperature, classifier, tmp_path):
    original = a_classifier(kind, classifier.tokenizer, temperature)
    save_classifier(original, tmp_path)
    calibrated = calibrate(load_classifier(tmp_path))
    before, after = (predict(each, TEXTS, placement=EXACT) for each in (original, calibrated))
    assert calibrated.temperature == 1.0
    assert calibrated.model.config.calibration_temperature == temperature
    assert np.allclose(after.probabilities, before.probabilities, atol=1e-6)
    assert np.allclose(after.logits * temperature, before.logits, atol=1e-4)


def test_a_model_that_does_something_to_what_its_last_layer_says_is_refused(classifier):
    """Divided weights would not divide these logits, and the export would answer otherwise than the run."""
    bent = a_classifier("bert", classifier.tokenizer, 2.0)
    bent.model.classifier.register_forward_hook(lambda _module, _inputs, logits: logits.tanh())
    with pytest.raises(ModelError, match="cannot be exported"):
        calibrate(bent)


def test_a_model_that_ends_otherwise_is_refused(classifier, tmp_path):
    save_classifier(replace(classifier, label_names=("a", "b", "c")), tmp_path)
    with pytest.raises(ModelError, match="cannot be exported"):
        calibrate(load_classifier(tmp_path))
