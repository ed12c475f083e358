"""What a classifier answered on the validation and the test part: all that its evaluation needs beside the texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bertdemo.prediction.probabilities import softmax

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answered:
    """One part of a split, in the order of ``split.part(...)``.

    ``truth`` indexes the label names, shape (texts,); ``logits`` has the shape (texts, labels).
    """

    truth: Labels
    logits: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def predicted(self) -> Labels:
        """The most probable label of each text, whatever the temperature."""
        labels: Labels = self.logits.argmax(axis=1)
        return labels

    def probabilities(self, temperature: float = 1.0) -> Floats:
        """Return softmax of logits / temperature: shape (texts, labels), rows sum to 1."""
        return softmax(self.logits, temperature)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a run; ``baseline`` holds the labels that the baseline gave the test texts, shape (texts,)."""

    validation: Answered
    test: Answered
    baseline: Labels
