"""Pooled dropout is dropout."""

import pytest
import torch
from torch import nn

from bertdemo.training.dropout import PooledDropout, draw_pool, use_pooled_dropout


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
