"""LIME (Ribeiro et al., 2016)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.methods.method import ScoringMethod
from bertdemo.explanation.methods.word_masks import number_of_samples, sampler, to_tokens, words_and_function
from bertdemo.explanation.tokenized_text import TokenizedText

if TYPE_CHECKING:
    from torch import Tensor


class Lime(ScoringMethod):
    """Weights of a sparse linear model of the output around the text."""

    key, name, place = "lime", "LIME", 5
    samples, rounds = True, True
    sentence = (
        "The weights of a linear model that imitates the classifier on random subsets of the words; weak words get "
        "exactly 0."
    )

    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        """Score tokens by a linear model of random halves of the words, see ``ScoringMethod.scores``."""
        from captum.attr import Lime as Captum

        words, present = words_and_function(output, vectors, baseline)
        number = number_of_samples(output.tokenized)
        method = Captum(present, perturb_func=sampler(seed, _halves))
        scores = method.attribute(words, n_samples=number, perturbations_per_eval=number)
        return to_tokens(output.tokenized, scores)

    def n_samples(self, tokenized: TokenizedText) -> int:
        return number_of_samples(tokenized)


def _halves(generator: np.random.Generator, words: int) -> Iterator[NDArray[np.int64]]:
    """Yield samples in half of which a word is there, each with its complement: see ``kernel_shap``."""
    while True:
        half = generator.integers(2, size=words)
        yield half
        yield 1 - half
