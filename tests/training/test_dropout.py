"""Byte dropout is dropout."""

import pytest
import torch
from torch import nn

from bertdemo.training.dropout import ByteDropout, use_byte_dropout


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5, 0.9])
def test_the_expected_share_is_dropped_and_the_mean_is_kept(rate):
    out = ByteDropout(rate)(torch.ones(200_000))
    assert (out == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert out.mean().item() == pytest.approx(1.0, abs=0.02)


def test_the_gradient_passes_where_the_value_did_and_nowhere_else():
    x = torch.randn(3, 7, 5, requires_grad=True)
    out = ByteDropout(0.4)(x)
    out.sum().backward()
    assert torch.allclose(x.grad, torch.where(out == 0, 0.0, 256 / (256 - round(0.4 * 256))))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_number_format_is_kept(dtype):
    assert ByteDropout(0.1)(torch.ones(9, dtype=dtype)).dtype is dtype


def test_nothing_is_dropped_when_predicting_or_at_rate_zero():
    x = torch.randn(50)
    assert torch.equal(ByteDropout(0.5).eval()(x), x)
    assert torch.equal(ByteDropout(0.0)(x), x)


def test_equal_seeds_give_equal_masks():
    def masked():
        torch.manual_seed(7)
        return ByteDropout(0.5)(torch.ones(1000))

    assert torch.equal(masked(), masked())


def test_every_dropout_of_a_model_is_replaced_and_the_weights_stay():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3), nn.Sequential(nn.Dropout(0.2)))
    before = set(model.state_dict())
    use_byte_dropout(model)
    assert [type(m) for m in model.modules() if isinstance(m, nn.Dropout)] == [ByteDropout, ByteDropout]
    assert set(model.state_dict()) == before
