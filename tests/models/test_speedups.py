"""What is changed for speed changes nothing else."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.encoding import collate, encode
from bertdemo.models.speedups import (
    PooledDropout,
    compute_only_first_token,
    draw_pool,
    keep_in_bf16,
    use_pooled_dropout,
    with_plain_attention,
)

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
    compute_only_first_token(shortened)
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
    compute_only_first_token(model)
    states = model.bert(**some_texts(), output_hidden_states=True)
    assert states.last_hidden_state.shape == (3, 1, 16)
    assert states.hidden_states[-2].shape == (3, 7, 16)


def test_weights_keep_their_names_and_their_values():
    model = a_model("bert")
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    compute_only_first_token(model)
    after = model.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_models_whose_head_reads_something_else_are_left_alone():
    model = a_model("distilbert")
    before = str(model)
    compute_only_first_token(model)
    assert str(model) == before


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def pooled(rate: float, dtype: torch.dtype = torch.float32) -> PooledDropout:
    return PooledDropout(rate, draw_pool(rate, dtype, seed=0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5, 0.9])
def test_the_expected_share_is_dropped_and_the_mean_is_kept(rate, dtype):
    out = pooled(rate, dtype)(torch.ones(200_000, dtype=dtype)).float()
    assert (out == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert out.mean().item() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("rate", [0.1, 0.15, 0.3])
def test_the_mean_of_a_pool_is_one_in_bf16_too_where_the_scale_is_rounded(rate):
    assert draw_pool(rate, torch.bfloat16, seed=0).double().mean().item() == pytest.approx(1.0, abs=5e-4)


def test_masks_one_after_the_other_have_no_more_in_common_than_chance():
    dropout, ones = pooled(0.5), torch.ones(100_000)
    first, second = (dropout(ones) == 0 for _ in range(2))
    assert (first == second).float().mean().item() == pytest.approx(0.5, abs=0.01)


def test_the_gradient_passes_where_the_value_did_and_nowhere_else():
    x = torch.randn(3, 7, 5, requires_grad=True)
    out = pooled(0.4)(x)
    out.sum().backward()
    assert torch.allclose(x.grad, torch.where(out == 0, 0.0, 1 / 0.6))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_number_format_is_kept(dtype):
    assert pooled(0.1, dtype)(torch.ones(9, dtype=dtype)).dtype is dtype


def test_nothing_is_dropped_when_predicting_or_at_rate_zero():
    x = torch.randn(50)
    assert torch.equal(pooled(0.5).eval()(x), x)
    assert torch.equal(pooled(0.0)(x), x)


def test_equal_seeds_give_equal_masks():
    def masked():
        torch.manual_seed(7)
        return pooled(0.5)(torch.ones(1000))

    assert torch.equal(masked(), masked())


def test_what_is_larger_than_half_of_the_pool_gets_a_mask_of_its_own():
    out = PooledDropout(0.5, torch.zeros(100))(torch.ones(1000))  # this pool would drop everything
    assert 400 < (out == 2).sum().item() < 600


def test_every_dropout_of_a_model_is_replaced_and_the_weights_stay():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3), nn.Sequential(nn.Dropout(0.2), nn.Dropout(0.3)))
    before = set(model.state_dict())
    use_pooled_dropout(model, torch.float32, seed=0)
    replaced = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    assert [type(module) for module in replaced] == [PooledDropout] * 3
    assert replaced[0].pool is replaced[2].pool, "one pool a rate"
    assert set(model.state_dict()) == before


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


def test_a_copy_with_plain_attention_shares_its_weights_and_leaves_the_model_as_it_was():
    model = a_model("bert", "sdpa")
    compute_only_first_token(model)
    plain = with_plain_attention(model)
    assert (model.config._attn_implementation, plain.config._attn_implementation) == ("sdpa", "eager")
    assert all(one is other for one, other in zip(model.parameters(), plain.parameters(), strict=True))
    assert torch.allclose(model(**some_texts()).logits, plain(**some_texts()).logits, atol=1e-6)
