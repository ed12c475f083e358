"""Occlusion (Zeiler & Fergus, 2014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.methods.method import ScoringMethod
from bertdemo.explanation.methods.word_masks import to_tokens, words_and_function

if TYPE_CHECKING:
    from torch import Tensor


class Occlusion(ScoringMethod):
    """What the output loses when a word alone has its baseline's vectors."""

    key, name, place = "occlusion", "Occlusion", 3
    sentence = (
        "What the output loses when one word alone takes its baseline: easy to grasp, and blind to words that stand in "
        "for each other."
    )

    def scores(self, output: ExplainedOutput, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
        """Score tokens by leaving out one word at a time, see ``ScoringMethod.scores``."""
        import torch

        words, present = words_and_function(output, vectors, baseline)
        outputs = present(torch.cat([words, 1 - torch.eye(words.shape[1]).to(words)]))  # of all, and without each
        return to_tokens(output.tokenized, (outputs[0] - outputs[1:])[None])
