"""The moving average of the weights: what is judged and kept if the recipe asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class MovingAverage:
    """The exponential moving average of the weights that are trained; the others do not move.

    After step n: average ← d · average + (1 − d) · weights, with d = min(decay, (1 + n) / (10 + n)), so that the fresh
    head of the beginning is soon forgotten. Averages of the iterates of gradient descent have less noise than the last
    of them (Polyak & Juditsky, 1992). With a decay of 0 there is none, and the weights themselves stand for it.
    """

    def __init__(self, weights: Iterable[Tensor], decay: float) -> None:
        self.decay = decay
        self.weights = [weight for weight in weights if weight.requires_grad and decay]
        self.average = [weight.detach().clone() for weight in self.weights]
        self.steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for average, weight in zip(self.average, self.weights, strict=True):
            average.lerp_(weight, 1 - decay)

    @contextmanager
    def in_place_of_weights(self) -> Iterator[None]:
        """Put the averages into the model while this is open; after that it trains on where it was."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for weight, average in zip(self.weights, self.average, strict=True):
            held = weight.clone()
            weight.copy_(average)
            average.copy_(held)
