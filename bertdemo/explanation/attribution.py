"""What moved an answer: a score for every token, how far the scores add up, and what a text is compared with.

A baseline has the same length, positions and segments as the text, without its words. Sundararajan et al. (2017) ask
for an input that says nothing; none is neutral in every respect (Sturmfels et al., 2020), so there are several, and
``agreement`` tells how much the choice matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import Precision, vectors_of, word_vectors
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

BASELINES = ("pad", "mask", "zero", "average")
BASELINE_SENTENCES: Mapping[str, str] = {
    "pad": "Every word becomes [PAD], the token that fills up short texts.",
    "mask": "Every word becomes [MASK], which the model learned to read as a gap.",
    "zero": "Every token embedding becomes 0, which is no token at all.",
    "average": "The mean of the scores with [PAD], [MASK] and 0.",
}
_SINGLE = BASELINES[:-1]
CERTIFIED = 0.01  # largest remainder, as a share of what is explained, that we vouch for
# Logits. Where output and baseline output are closer than this, shares of their difference say nothing.
TINY = 0.05


def baseline_vectors(classifier: Classifier, tokenized: TokenizedText, name: str) -> Tensor:
    """Return token embeddings of the baseline: (k, tokens, width), where k is 3 for ``average`` and else 1.

    Special tokens keep their own vectors, and so take no part in what is explained; positions and segments are the
    model's to add.

    Raises:
        ExplanationError: there is no such baseline, or the tokenizer has no such token.
    """
    import torch

    if name not in BASELINES:
        raise ExplanationError(f"There is no baseline called {name[:40]!r}: choose one of {', '.join(BASELINES)}.")
    names = _SINGLE if name == "average" else (name,)
    own = word_vectors(classifier, tokenized)
    special = torch.from_numpy(tokenized.special).to(own.device)[:, None]
    return torch.cat([torch.where(special, own, _of_a_word(classifier, each, own)) for each in names])


def _of_a_word(classifier: Classifier, name: str, own: Tensor) -> Tensor:
    """Return the vector that stands in a word's place: (width,), or one 0."""
    import torch

    if name == "zero":
        return own.new_zeros(())
    tokenizer = classifier.tokenizer
    token = tokenizer.pad_token_id if name == "pad" else tokenizer.mask_token_id
    if token is None:
        raise ExplanationError(f"The tokenizer of this model has no {name} token: choose another baseline.")
    return vectors_of(classifier, torch.tensor(token))


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
        precision: the number format that scores were computed in; ``output`` and ``baseline_output`` are in fp32.
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
    precision: Precision = "fp32"

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
