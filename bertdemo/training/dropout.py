"""Dropout whose masks are windows of a pool that is drawn once (CPU only)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SIZE = 2**23


class PooledDropout(nn.Dropout):
    """Inverted dropout (Srivastava et al., 2014) with the window of a pool at a random place as its mask.

    Drawing, comparing and converting a random number an element took an eighth of a training step of MiniLM-L6; here
    all that is left is the product. ``pool`` is (n,) of 0 and one scale; the rate is the one for which this scale keeps
    the expectation. A tensor of more than half of the pool's elements gets a mask of its own.
    """

    def __init__(self, rate: float, pool: Tensor) -> None:
        super().__init__(rate)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` of any shape, with elements blanked out and the others scaled while training.

        Else ``x`` itself.
        """
        if not self.training or self.p == 0:
            return x
        if x.numel() > len(self.pool) // 2:
            return super().forward(x)
        start = int(torch.randint(len(self.pool) - x.numel(), ()))
        return x * self.pool[start : start + x.numel()].view(x.shape)


def use_pooled_dropout(model: nn.Module, dtype: torch.dtype, seed: int) -> None:
    """Replace every ``nn.Dropout`` below ``model``, in place. They hold no weights: what is saved stays the same.

    Args:
        model: a model on the CPU.
        dtype: the number format of its hidden states.
        seed: equal seeds give equal pools.
    """
    pools: dict[float, Tensor] = {}
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Dropout and child.p:
                if child.p not in pools:
                    pools[child.p] = draw_pool(child.p, dtype, seed)
                setattr(module, name, PooledDropout(child.p, pools[child.p]))


def draw_pool(rate: float, dtype: torch.dtype, seed: int) -> Tensor:
    """Return (8,388,608,) of 0, at about the given rate, and of the scale that makes the mean 1."""
    scale = torch.tensor(1 / (1 - rate), dtype=dtype)  # as this number format has it: bf16 rounds 1.111 to 1.109
    dropped = 1 - 1 / scale.item()
    draws = torch.rand(_SIZE, generator=torch.Generator().manual_seed(seed))
    return (draws >= dropped).to(dtype).mul_(scale)
