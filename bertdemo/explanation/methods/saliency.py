"""Saliency (after Simonyan et al., 2014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.methods.method import ScoringMethod, as_numbers

if TYPE_CHECKING:
    from torch import Tensor


class Saliency(ScoringMethod):
    """Euclidean length of the gradient by each token embedding."""

    key, name, place = "saliency", "Saliency", 7
    signed, needs_baseline = False, False
    sentence = "The length of the gradient by the token embedding: how sensitive the output is to the word, either way."

    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        from captum.attr import Saliency as Captum

        gradient = Captum(output.function(lambda versions: versions)).attribute(vectors.requires_grad_(), abs=False)
        return as_numbers(gradient[0].norm(dim=-1))
