"""What moved an answer: a score for every token, and how far the scores add up to what they explain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import TokenizedText

CERTIFIED = 0.01  # largest remainder, as a share of what is explained, that we vouch for
# Logits. Where output and baseline output are closer than this, shares of their difference say nothing.
TINY = 0.05


@dataclass(frozen=True)
class Attribution:
    """Scores of tokens for the logit of ``target``, or for its margin over ``against``.

    Args:
        tokenized: the text as the model reads it; the prediction explained is the one of these ids.
        target: a label, as an index into the label names.
        against: another label: what is explained is logit(target) − logit(against).
        method: a key of ``methods.METHODS``.
        baseline: what the text is compared with, a key of ``baselines.BASELINES``; None for methods without.
        scores: (tokens,), special tokens included; in logits where ``adds_up``.
        signed: whether a negative score means that the token spoke against; if not, scores are sizes (≥ 0).
        adds_up: whether the scores ought to sum to ``output − baseline_output``.
        output: the logit (or margin) of the text.
        baseline_output: the same of the baseline; None for methods without.
        n_steps: evaluations of the gradient, or samples; None where the method has no such number.
            For the mean over several baselines, as many were made from each of them.
        seed: of the samples; None where there are none.
    """

    tokenized: TokenizedText
    target: int
    against: int | None
    method: str
    baseline: str | None
    scores: NDArray[np.float64]
    signed: bool
    adds_up: bool
    output: float
    baseline_output: float | None
    n_steps: int | None
    seed: int | None = None

    @cached_property
    def word_scores(self) -> NDArray[np.float64]:
        """Sums over the tokens of each word: (words,)."""
        return self.tokenized.sum_to_words(self.scores)

    @property
    def other(self) -> float:
        """What the special tokens took together: with the words it is the sum of all scores."""
        return float(self.scores[self.tokenized.special].sum())

    @property
    def difference(self) -> float | None:
        """ΔF: how far the text moves the output from where the baseline left it."""
        return None if self.baseline_output is None else self.output - self.baseline_output

    @property
    def remainder(self) -> float | None:
        """What the scores leave unexplained of ``difference``, or explain too much of it (negative)."""
        return self.difference - float(self.scores.sum()) if self.adds_up and self.difference is not None else None

    @property
    def relative_remainder(self) -> float | None:
        """|remainder| / |difference|."""
        if self.remainder is None or not self.difference:
            return None
        return abs(self.remainder / self.difference)

    @property
    def is_tiny(self) -> bool:
        """Whether there is next to nothing to explain, so that shares of it mislead."""
        return self.difference is not None and abs(self.difference) < TINY

    @property
    def certified(self) -> bool:
        """Whether the scores add up to within ``CERTIFIED``: it vouches for the sum, not for the explanation."""
        share = self.relative_remainder
        return share is not None and share <= CERTIFIED and not self.is_tiny
