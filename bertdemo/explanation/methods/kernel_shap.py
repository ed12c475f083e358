"""Kernel SHAP (Lundberg & Lee, 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.methods.method import ScoringMethod
from bertdemo.explanation.methods.occlusion import Occlusion
from bertdemo.explanation.methods.word_masks import number_of_samples, sampler, to_tokens, words_and_function
from bertdemo.explanation.tokenized_text import TokenizedText

if TYPE_CHECKING:
    from torch import Tensor


_GOLDEN = (5**0.5 - 1) / 2  # multiples of it lie evenly between whole numbers


class KernelShap(ScoringMethod):
    """Shapley values of the words, by weighted least squares over samples."""

    key, name, place = "kernel_shap", "Kernel SHAP", 4
    adds_up, samples, rounds = True, True, True
    sentence = (
        "Shapley values of the words, estimated from random subsets of them; that they add up is built in and says "
        "nothing of how good the estimate is."
    )

    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        """Score tokens by estimated Shapley values of the words, see ``ScoringMethod.scores``."""
        from captum.attr import KernelShap as Captum

        words, present = words_and_function(output, vectors, baseline)
        if words.shape[1] == 1:  # there is nothing to sample: the word is all that changes
            return Occlusion().scores(output, vectors, baseline, seed)
        number = number_of_samples(output.tokenized)
        method = Captum(present)
        method.perturb_func = sampler(seed, subsets)
        scores = method.attribute(words, n_samples=number, perturbations_per_eval=number)
        return to_tokens(output.tokenized, scores)

    def n_samples(self, tokenized: TokenizedText) -> int:
        return number_of_samples(tokenized)


def subsets(generator: np.random.Generator, words: int) -> Iterator[NDArray[np.int64]]:
    """Yield all words, none, and subsets whose sizes k have the weights of Shapley's kernel, (n − 1) / (k (n − k)).

    Each with its complement, which cancels what pairs of words do together (Covert & Lee, 2021). As little as possible
    is left to chance: sizes follow the golden ratio, and words are dealt until each had its turn.
    """
    yield np.ones(words, np.int64)
    yield np.zeros(words, np.int64)
    sizes = np.arange(1, words // 2 + 1)  # complements have the larger ones
    weights = np.where(2 * sizes == words, 0.5, 1) / (sizes * (words - sizes))
    below = np.cumsum(weights) / weights.sum()
    place, deck = generator.random(), np.empty(0, np.int64)
    while True:
        place = (place + _GOLDEN) % 1
        size = sizes[np.searchsorted(below[:-1], place, side="right")]
        if len(deck) < size:
            deck = np.concatenate([deck, np.setdiff1d(generator.permutation(words), deck, assume_unique=True)])
        subset = np.zeros(words, np.int64)
        subset[deck[:size]] = 1
        deck = deck[size:]
        yield subset
        yield 1 - subset
