"""What answers until transformers is loaded: the same logits, and none of transformers' models imported for them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from bertdemo.models.checkpoints import load_base, load_classifier, load_first, save_classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.training.loading import load_for_training
from bertdemo.training.recipe import Recipe

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")
TEXTS = ["kind", "the soup was cold and nobody said a word 😒", "a lovely room, with a view of the river"]
# Sympy is what torch's compiler is made of, and takes longest.
ASKED = """
import json, sys
from pathlib import Path
from bertdemo.models.checkpoints import load_first
from bertdemo.prediction.single import predict_one
predict_one(load_first(Path(sys.argv[1])), "kind people")
print(json.dumps([name for name in ("sympy", "torch._dynamo", "transformers.modeling_utils") if name in sys.modules]))
"""


@pytest.fixture
def saved(tiny_base, tmp_path, request):
    """A model saved whole, or as an adapter whose base has no head."""
    labels, rank = ("bad", "good", "so-so"), 2 * (getattr(request, "param", "whole") == "adapter")
    classifier = load_for_training(Recipe(base=str(tiny_base), max_length=32, lora_rank=rank), labels)
    for weight in classifier.model.parameters():  # as they come, the texts are answered nearly alike
        if weight.requires_grad and weight.ndim > 1:
            weight.data.normal_(std=0.3)
    save_classifier(classifier, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("saved", ["whole", "adapter"], indirect=True)
@pytest.mark.parametrize("pairs", [None, TEXTS[::-1]])
def test_it_answers_as_transformers_does_in_batches_and_pairs_too(saved, pairs):
    first, known = load_first(saved), load_classifier(saved)
    assert (first.label_names, first.max_length, first.padding) == (known.label_names, known.max_length, known.padding)
    found, right = (predict(each, TEXTS, pairs, placement=EXACT) for each in (first, known))
    assert np.abs(found.logits - right.logits).max() < 1e-5
    assert np.ptp(right.logits, axis=0).max() > 0.01  # the texts differ
    assert found.lengths == right.lengths


def test_neither_transformers_models_nor_torchs_compiler_are_imported_for_it(saved):
    done = subprocess.run(
        [sys.executable, "-c", ASKED, saved], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("setting", [{"hidden_act": "relu"}, {"is_decoder": True}, {"model_type": "roberta"}])
def test_what_is_no_plain_bert_is_left_to_transformers(saved, setting):
    config = saved / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | setting))
    assert load_first(saved) is None


@pytest.mark.parametrize("lost", ["classifier.weight", "bert.encoder.layer.1.output.dense.bias"])
def test_no_weight_that_is_missing_is_taken_for_0(saved, lost):
    weights = load_file(saved / "model.safetensors")
    del weights[lost]
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})
    assert load_first(saved) is None


def test_weights_that_are_not_numbers_are_left_to_load_classifier_to_tell(saved):
    weights = load_file(saved / "model.safetensors")
    weights["bert.pooler.dense.bias"][0] = float("nan")
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})
    assert load_first(saved) is None


def test_of_a_damaged_folder_load_classifier_tells(saved):
    (saved / "model.safetensors").write_bytes(b"")
    assert load_first(saved) is None


def test_names_of_a_bare_encoder_are_known(tiny_base):
    from transformers import AutoConfig

    from bertdemo.models.plain_bert import read_plain_bert

    base = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=16)
    config = AutoConfig.from_pretrained(tiny_base)
    plain = read_plain_bert(str(tiny_base), config, empty_head=True)
    rows = len(plain.get_input_embeddings().weight)
    assert (plain.get_input_embeddings().weight == base.model.get_input_embeddings().weight[:rows]).all()
    assert not plain.classifier.weight.any()
