"""What a method of attribution is: what people are told of it, and how it scores tokens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.attribution import Attribution, baseline_vectors
from bertdemo.explanation.function import ExplainedOutput, rounds
from bertdemo.explanation.integrated_gradients import ends
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor


def as_numbers(scores: Tensor) -> NDArray[np.float64]:
    """Return scores as they are written down: fp64, on the CPU."""
    numbers: NDArray[np.float64] = scores.detach().double().cpu().numpy()
    return numbers


class Method(ABC):
    """A way to score tokens. A class of this kind in a file of this folder is offered everywhere.

    ``key`` is its name in commands and addresses; ``name`` and ``sentence`` are for people; ``place`` orders the list.
    Scores that are not ``signed`` are sizes; those that do not ``adds_up`` have no sum to check; ``samples`` says that
    they come from random numbers; ``rounds`` that its many forward passes may use weights in bf16.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    sentence: ClassVar[str]
    signed: ClassVar[bool] = True
    adds_up: ClassVar[bool] = False
    needs_baseline: ClassVar[bool] = True
    samples: ClassVar[bool] = False
    rounds: ClassVar[bool] = False
    place: ClassVar[int] = 100

    @abstractmethod
    def attribute(self, output: ExplainedOutput, baseline: str, seed: int) -> Attribution:
        """Score the tokens.

        Args:
            output: the logit, or the margin of two, that is explained.
            baseline: one of ``baselines.BASELINES``; without meaning for methods that need none.
            seed: of methods with samples.

        Raises:
            ExplanationError: the method cannot score this text.
            CancelledError: ``output.should_stop()`` became true.
        """

    def why_not(self, classifier: Classifier) -> str | None:
        """Return why the method cannot be used with a classifier; None: it can."""
        return None


class ScoringMethod(Method):
    """A method whose scores of one baseline are all that there is to it; over several they are averaged."""

    @abstractmethod
    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        """Return a score for each token, shape (tokens,).

        Args:
            output: what is explained.
            vectors: the token embeddings of the text, (1, tokens, width).
            baseline: as many of the baseline; the text's own for methods that need none.
            seed: of methods with samples.
        """

    def n_samples(self, tokenized: TokenizedText) -> int | None:
        """Return how many samples are taken for a text; None without samples."""
        return None

    def attribute(self, output: ExplainedOutput, baseline: str, seed: int) -> Attribution:
        """Score the tokens, see ``Method.attribute``."""
        vectors = output.vectors()
        lines = baseline_vectors(output.classifier, output.tokenized, baseline) if self.needs_baseline else vectors
        value, baseline_value = ends(output, vectors, lines)
        asked = output
        if self.rounds and rounds(output.classifier):
            asked = replace(output, classifier=output.classifier.in_bf16)
        return Attribution(
            tokenized=output.tokenized, target=output.target, against=output.against, method=self.key,
            baseline=baseline if self.needs_baseline else None,
            scores=np.mean([self.scores(asked, vectors, line[None], seed) for line in lines], axis=0),
            signed=self.signed, adds_up=self.adds_up, output=value,
            baseline_output=baseline_value if self.needs_baseline else None,
            n_steps=self.n_samples(output.tokenized), seed=seed if self.samples else None,
            precision=asked.precision,
        )  # fmt: skip
