"""The moving average of the weights, which is evaluated and saved in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertdemo.training.technique import Technique, Training, setting

if TYPE_CHECKING:
    from torch import Tensor


class MovingAverage:
    """The exponential moving average of the weights that are trained; the others do not move.

    After step n: average ← d · average + (1 − d) · weights, with d = min(decay, (1 + n) / (10 + n)), so that the fresh
    head of the beginning is soon forgotten. Averages of the iterates of gradient descent have less noise than the last
    of them (Polyak & Juditsky, 1992).
    """

    def __init__(self, weights: Iterable[Tensor], decay: float) -> None:
        self.decay = decay
        self.weights = [weight for weight in weights if weight.requires_grad]
        self.average = [weight.detach().clone() for weight in self.weights]
        self.steps = 0

    def update(self) -> None:
        """Take in the weights as they are after a step."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for average, weight in zip(self.average, self.weights, strict=True):
            average.lerp_(weight.detach(), 1 - decay)

    @contextmanager
    def in_place_of_weights(self) -> Iterator[None]:
        """Put the averages into the model while this is open; after that it trains on where it was."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for weight, average in zip(self.weights, self.average, strict=True):
            held = weight.detach().clone()
            weight.detach().copy_(average)
            average.copy_(held)


@dataclass
class WeightAveraging(Technique):
    """Evaluate and save a moving average of the weights; training itself goes on as without."""

    place = 5
    averaging: float = setting(
        0.0, bounds=(0.0, 0.9999), step=0.01, shape="%.4f", label="Weight averaging",
        help="Judge and keep a moving average of the weights, steadier than the last ones; 0.99 is usual; 0: none.",
    )  # fmt: skip

    def before_training(self, training: Training) -> None:
        """Begin with the weights as they are, see ``Technique.before_training``."""
        self.average = MovingAverage(training.model.parameters(), self.averaging)

    def after_step(self) -> None:
        self.average.update()

    def evaluation_weights(self) -> AbstractContextManager[None]:
        return self.average.in_place_of_weights()
