"""One product for queries, keys and values, and nothing else changes."""

from copy import deepcopy
from functools import partial

import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertdemo.models.first_token import read_first_token_only
from bertdemo.training.joint_projections import project_jointly
from bertdemo.training.lora import add_lora
from bertdemo.training.recipe import Recipe

SMALL = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32,
         "vocab_size": 50, "num_labels": 3}  # fmt: skip


def a_model(kind: str):
    torch.manual_seed(1)
    config = AutoConfig.for_model(kind, **SMALL, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager")
    read_first_token_only(model)
    return model


def some_texts():
    """Three texts of 7, 5 and 2 tokens."""
    return {
        "input_ids": torch.randint(5, 50, (3, 7), generator=torch.Generator().manual_seed(2)),
        "attention_mask": torch.tensor([[1] * 7, [1] * 5 + [0] * 2, [1] * 2 + [0] * 5]),
    }


def is_joint(attention) -> bool:
    return isinstance(attention.forward, partial)


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "camembert", "electra"])
def test_logits_and_gradients_stay_what_they_were(kind):
    apart = a_model(kind)
    joint = deepcopy(apart)
    project_jointly(joint)
    assert [is_joint(layer.attention.self) for layer in joint.base_model.encoder.layer] == [True, True, False]
    logits = [model(**some_texts()).logits for model in (apart, joint)]
    assert torch.allclose(*logits, atol=1e-6)
    for each in logits:
        each.square().sum().backward()
    expected = {name: weight.grad for name, weight in apart.named_parameters() if weight.grad is not None}
    found = {name: weight.grad for name, weight in joint.named_parameters() if weight.grad is not None}
    assert expected.keys() == found.keys()
    assert all(torch.allclose(expected[name], found[name], atol=1e-6) for name in expected)


def test_the_weights_keep_their_names_and_a_copy_has_weights_of_its_own():
    model = a_model("bert")
    names = list(model.state_dict())
    project_jointly(model)
    assert list(model.state_dict()) == names
    copy = deepcopy(model)
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
    assert copy(**some_texts()).logits.abs().sum() > 0


def test_layers_with_adapters_are_left_as_they_are():
    model = a_model("bert")
    add_lora(model, Recipe(lora_rank=2))
    project_jointly(model)
    assert not any(is_joint(layer.attention.self) for layer in model.base_model.encoder.layer)


def test_another_architecture_is_left_as_it_is():
    config = AutoConfig.for_model("distilbert", dim=16, n_layers=1, n_heads=2, hidden_dim=32, vocab_size=50)
    model = AutoModelForSequenceClassification.from_config(config)
    project_jointly(model)
    assert not any(is_joint(module) for module in model.modules())
