"""Gradient SHAP: expected gradients (Erion et al., 2021) from one baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.integrated_gradients import gradients
from bertdemo.explanation.methods.method import ScoringMethod
from bertdemo.explanation.tokenized_text import TokenizedText

if TYPE_CHECKING:
    from torch import Tensor


_SAMPLES = 100  # each costs as much as three of those that leave out words


class GradientShap(ScoringMethod):
    """Gradients at random points of the way to the text."""

    key, name, place = "gradient_shap", "Gradient SHAP", 2
    adds_up, samples = True, True
    sentence = (
        "Gradients at random points of that way: an estimate of integrated gradients whose remainder is that of chance."
    )

    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        shares = np.random.default_rng(seed).uniform(size=_SAMPLES)
        scores: NDArray[np.float64] = gradients(output, vectors, baseline, shares).mean(axis=0)
        return scores

    def n_samples(self, tokenized: TokenizedText) -> int:
        return _SAMPLES
