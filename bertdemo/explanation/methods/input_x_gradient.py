"""Input × gradient (Shrikumar et al., 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.methods.method import ScoringMethod, as_numbers

if TYPE_CHECKING:
    from torch import Tensor


class InputXGradient(ScoringMethod):
    """Gradient · token embedding, summed over its width."""

    key, name, place = "input_x_gradient", "Input × gradient", 6
    needs_baseline = False
    sentence = "The gradient at the text itself times the token embedding: a first-order guess at what the word adds."

    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        from captum.attr import InputXGradient as Captum

        product = Captum(output.function(lambda versions: versions)).attribute(vectors.requires_grad_())
        return as_numbers(product[0].sum(dim=-1))
