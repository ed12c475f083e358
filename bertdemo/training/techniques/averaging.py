"""Weight averaging (Polyak & Juditsky, 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bertdemo.training.technique import Technique, Training, setting


@dataclass
class WeightAveraging(Technique):
    """Evaluate and save the exponential moving average of the trained weights; training goes on as without.

    After step n: average ← d · average + (1 − d) · weights, with d = min(averaging, (1 + n) / (10 + n)), so that the
    fresh head of the beginning is soon forgotten. Averages of the iterates of gradient descent have less noise than the
    last of them.
    """

    place = 5
    averaging: float = setting(
        0.0, bounds=(0.0, 0.9999), step=0.01, shape="%.4f", label="Weight averaging",
        help="Judge and keep a moving average of the weights, steadier than the last ones; 0.99 is usual; 0: none.",
    )  # fmt: skip

    def before_training(self, training: Training) -> None:
        """Begin with the weights as they are, see ``Technique.before_training``."""
        self.weights = [weight for weight in training.model.parameters() if weight.requires_grad]
        self.averages = [weight.detach().clone() for weight in self.weights]
        self.steps = 0

    def after_step(self) -> None:
        """Take in the weights, see ``Technique.after_step``."""
        self.steps += 1
        decay = min(self.averaging, (1 + self.steps) / (10 + self.steps))
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.lerp_(weight.detach(), 1 - decay)

    @contextmanager
    def evaluation_weights(self) -> Iterator[None]:
        """Put the averages into the model while this is open; after that it trains on where it was."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for weight, average in zip(self.weights, self.averages, strict=True):
            held = weight.detach().clone()
            weight.detach().copy_(average)
            average.copy_(held)
