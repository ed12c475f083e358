"""Class weights: rare labels count as much as frequent ones."""

from __future__ import annotations

from dataclasses import dataclass

from bertdemo.training.technique import Technique, Training, setting


@dataclass
class ClassWeights(Technique):
    """Multiply the loss of each text by n / (K · n_k): its label has n_k of n texts, and there are K labels."""

    place = 1
    class_weights: bool = setting(
        False,
        help="Count rare labels as much as frequent ones; helps macro-F1 when labels are very uneven.",
    )  # fmt: skip

    def before_training(self, training: Training) -> None:
        """Weigh the labels, see ``Technique.before_training``."""
        labels, weights = training.labels.cpu(), training.label_weights
        counts = labels.bincount(minlength=len(weights)).clamp(min=1)
        training.label_weights = weights * (len(labels) / (len(weights) * counts)).to(weights.device)
