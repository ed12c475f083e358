"""A mean teacher (Tarvainen & Valpola, 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertdemo.errors import RecipeError
from bertdemo.training.technique import Batch, Technique, Training, setting

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.training.technique import LossTerm


@dataclass
class MeanTeacher(Technique):
    """Learn labels of which a share is what the averaged weights predict (Reed et al., 2015).

    A label that all else speaks against then counts less.
    """

    place = 6
    extra_forward_passes = 1
    mean_teacher: float = setting(
        0.0, bounds=(0.0, 0.9), step=0.1, shape="%.2f",
        help="The share of each label that the averaged model gives, so that wrong labels count less; 0: none.",
    )  # fmt: skip

    def check(self, settings: Mapping[str, Any]) -> None:
        """Ask for an average, see ``Technique.check``."""
        if not settings["averaging"]:
            raise RecipeError("The mean teacher is the average of the weights: set averaging, too (0.99 is usual).")

    def loss_term(self, training: Training, batch: Batch) -> LossTerm:
        """Return the cross-entropy against the teacher's probabilities, see ``Technique.loss_term``."""
        taught = teacher_probabilities(training, batch)
        return self.mean_teacher, lambda logits: batch.cross_entropy(logits, taught)


def teacher_probabilities(training: Training, batch: Batch) -> Tensor:
    """Return (texts, labels): what the averaged weights predict, without dropout."""
    import torch

    training.model.eval()
    with torch.no_grad(), training.evaluation_weights():
        probabilities: Tensor = training.model(**batch.inputs).logits.float().softmax(dim=-1)
    training.model.train()
    return probabilities
