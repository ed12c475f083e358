"""The last layer may leave out what no head reads, and nothing else may change."""

from copy import deepcopy

import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertdemo.models.first_token import read_first_token_only

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
         "vocab_size": 50, "num_labels": 3}  # fmt: skip


def a_model(kind: str, attention: str = "eager"):
    torch.manual_seed(1)
    config = AutoConfig.for_model(kind, **SMALL, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    return AutoModelForSequenceClassification.from_config(config, attn_implementation=attention)


def some_texts():
    """Three texts of 7, 5 and 2 tokens."""
    mask = torch.tensor([[1] * 7, [1] * 5 + [0] * 2, [1] * 2 + [0] * 5])
    return {
        "input_ids": torch.randint(5, 50, (3, 7), generator=torch.Generator().manual_seed(2)),
        "attention_mask": mask,
    }


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "camembert", "electra"])
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_logits_and_gradients_stay_what_they_were(kind, attention):
    whole = a_model(kind, attention)
    shortened = deepcopy(whole)
    read_first_token_only(shortened)
    logits = [model(**some_texts()).logits for model in (whole, shortened)]
    assert torch.allclose(*logits, atol=1e-6)
    for each in logits:
        each.square().sum().backward()
    expected = {name: weight.grad for name, weight in whole.named_parameters() if weight.grad is not None}
    found = {name: weight.grad for name, weight in shortened.named_parameters() if weight.grad is not None}
    assert expected.keys() == found.keys()
    assert all(torch.allclose(expected[name], found[name], atol=1e-6) for name in expected)


def test_the_last_layer_computes_one_token_and_the_others_all():
    model = a_model("bert")
    read_first_token_only(model)
    states = model.bert(**some_texts(), output_hidden_states=True)
    assert states.last_hidden_state.shape == (3, 1, 16)
    assert states.hidden_states[-2].shape == (3, 7, 16)


def test_weights_keep_their_names_and_their_values():
    model = a_model("bert")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    read_first_token_only(model)
    after = model.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_models_whose_head_reads_something_else_are_left_alone():
    model = a_model("distilbert")
    before = str(model)
    read_first_token_only(model)
    assert str(model) == before
