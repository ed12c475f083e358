"""Is an explanation about what the model has learned? It is made again for one that has forgotten it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.cancelling import Cancelled, never
from bertdemo.explanation.faithfulness import Explain
from bertdemo.explanation.reading import Reading
from bertdemo.models.classifier import Classifier

MEANING = (
    "The weights of a copy of the model are replaced by random ones, from the head down (Adebayo et al., 2018): an "
    "explanation of what was learned has to change."
)
LIMIT = "It can show that an explanation is wrong; that it changes does not show that it is right."


@dataclass(frozen=True)
class Stage:
    """``name`` says which weights are random; ``correlations`` (seeds,) are Spearman's, of |word scores|."""

    name: str
    correlations: tuple[float, ...]

    @property
    def correlation(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.correlations))


@dataclass(frozen=True)
class Sanity:
    """Stages from the head down to the whole model; ``chance``: the mean correlation that chance exceeds in 5 %."""

    stages: tuple[Stage, ...]
    original: NDArray[np.float64]
    randomised: NDArray[np.float64]
    chance: float

    @property
    def passed(self) -> bool | None:
        """Whether the explanation of random weights is unrelated; None where the words are too few to tell."""
        raise NotImplementedError

    @property
    def verdict(self) -> str:
        """The same in a sentence."""
        raise NotImplementedError


def sanity(
    classifier: Classifier,
    reading: Reading,
    explain: Explain,
    *,
    seeds: int = 2,
    cancelled: Cancelled = never,
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> Sanity:
    """Explain private copies of the model in which ever more weights are random.

    Args:
        explain: as the explanation under test was made.
        seeds: random draws a stage.
        cancelled: looked at between two explanations.
        report: is told how many explanations of how many are made.

    Raises:
        ExplanationError: the text has no words.
        CancelledError: ``cancelled()`` became true.
    """
    raise NotImplementedError
