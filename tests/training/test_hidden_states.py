"""The residual stream in bf16."""

from pathlib import Path

import torch

from bertdemo.models.classifier import load_base, load_classifier, save_classifier
from bertdemo.models.encoding import collate, encode
from bertdemo.training.hidden_states import keep_in_bf16


def hidden_states(classifier):
    inputs = collate(classifier, encode(classifier, ["the coffee was wonderful"]), [0])
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        return classifier.model.eval()(**inputs, output_hidden_states=True).hidden_states


def test_every_hidden_state_is_bf16_and_close_to_what_it_was(tiny_base: Path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    before = hidden_states(classifier)
    keep_in_bf16(classifier.model)
    after = hidden_states(classifier)
    assert {state.dtype for state in before} == {torch.float32}
    assert {state.dtype for state in after} == {torch.bfloat16}
    assert all(torch.allclose(a, b.float(), atol=0.05) for a, b in zip(before, after, strict=True))


def test_weights_stay_in_fp32_and_what_is_saved_knows_nothing_of_it(tiny_base: Path, tmp_path: Path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    keep_in_bf16(classifier.model)
    assert {weight.dtype for weight in classifier.model.parameters()} == {torch.float32}
    save_classifier(classifier, tmp_path)
    assert {state.dtype for state in hidden_states(load_classifier(tmp_path))} == {torch.float32}


def test_a_model_without_embeddings_is_left_alone():
    keep_in_bf16(torch.nn.Linear(2, 2))
