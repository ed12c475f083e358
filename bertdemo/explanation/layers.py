"""What moved the answer, layer by layer: where on its way through the model each word's part in it stands.

Layer conductance (Dhamdhere et al., 2019; Shrikumar et al., 2018): while the text grows out of its baseline, each
hidden state changes, and each change moves the output by its gradient. The products, summed over the way, are the part
of each position; in each layer they add up to the same difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import baseline_vectors
from bertdemo.explanation.function import (
    Expand,
    ExplainedOutput,
    ShouldStop,
    check_cancelled,
    interpolate,
    logits_and_states_of,
    never,
)
from bertdemo.explanation.integrated_gradients import MOST_STEPS, ends
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 50


@dataclass(frozen=True)
class LayerAttribution:
    """Scores of positions in each layer, in logits; each row adds up to ``difference``, but for its remainder.

    Args:
        tokenized: the text as the model reads it.
        target: a label, as an index.
        against: another label, for the margin of the two logits.
        baseline: a key of ``baselines.BASELINES``.
        scores: (layers + 1, tokens): row 0 stands before the first layer, row i after the i-th. After the last one
            everything stands at what the head reads: [CLS], or all tokens where it takes their mean.
        output: the logit (or margin) of the text.
        baseline_output: the same of the baseline.
        n_steps: parts that the way from the baseline to the text was cut into.
    """

    tokenized: TokenizedText
    target: int
    against: int | None
    baseline: str
    scores: NDArray[np.float64]
    output: float
    baseline_output: float
    n_steps: int

    @cached_property
    def word_scores(self) -> NDArray[np.float64]:
        """Sums over the tokens of each word: (layers + 1, words)."""
        words: NDArray[np.float64] = self.tokenized.sum_to_words(self.scores.T).T
        return words

    @property
    def other(self) -> NDArray[np.float64]:
        """What stands at the special tokens: (layers + 1,)."""
        other: NDArray[np.float64] = self.scores[:, self.tokenized.special].sum(axis=1)
        return other

    @property
    def difference(self) -> float:
        """ΔF: how far the text moves the output from where the baseline left it."""
        return self.output - self.baseline_output

    @property
    def remainders(self) -> NDArray[np.float64]:
        """What each layer's scores leave unexplained of ``difference``: (layers + 1,)."""
        remainders: NDArray[np.float64] = self.difference - self.scores.sum(axis=1)
        return remainders


def layer_conductance(
    classifier: Classifier,
    tokenized: TokenizedText,
    target: int,
    against: int | None = None,
    *,
    baseline: str = "pad",
    steps: int = STEPS,
    should_stop: ShouldStop = never,
) -> LayerAttribution:
    """Return scores of positions in every layer, for a logit or for the margin of two.

    Gradients are taken in the middle of ``steps`` equal parts of the way, changes from end to end of each, so that
    remainders fall with the square of ``steps``.

    Raises:
        ExplanationError: steps outside of 1 to 400, no such label or baseline, an architecture without such states.
        CancelledError: ``should_stop()`` became true, which is asked between pieces, see ``function.rows_at_once``.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise ExplanationError(f"Conductance takes 1 to {MOST_STEPS} steps: {steps:,} is outside of that.")
    output = ExplainedOutput(classifier, tokenized, target, against, should_stop)
    vectors = output.vectors()
    lines = baseline_vectors(classifier, tokenized, baseline)
    value, baseline_value = ends(output, vectors, lines)
    scores = np.mean([_conductance(output, interpolate(line[None], vectors), steps) for line in lines], axis=0)
    return LayerAttribution(tokenized, target, against, baseline, scores, value, baseline_value, steps)


def _conductance(output: ExplainedOutput, line: Expand, steps: int) -> NDArray[np.float64]:
    pieces = []
    for start in range(0, steps, output.rows_at_once):
        bounds = np.arange(start, min(start + output.rows_at_once, steps) + 1) / steps
        pieces.append(_piece(output, line, bounds))
    scores: NDArray[np.float64] = np.sum(pieces, axis=0)
    return scores


def _piece(output: ExplainedOutput, line: Expand, bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores (layers + 1, tokens) of the parts of the way between ``bounds`` (shares, in their order)."""
    check_cancelled(output.should_stop)
    ends_of_parts = _states(output, line, bounds)
    check_cancelled(output.should_stop)
    gradients = _gradients(output, line, (bounds[1:] + bounds[:-1]) / 2)
    scores = np.zeros((len(gradients), len(output.tokenized)))
    for row, (gradient, values) in enumerate(zip(gradients, ends_of_parts, strict=True)):
        found = (gradient.double() * values.double().diff(dim=0)).sum(dim=(0, 2)).cpu().numpy()
        scores[row, : len(found)] = found  # the last layer may have computed its first token alone
    return scores


def _states(output: ExplainedOutput, line: Expand, shares: NDArray[np.float64]) -> list[Tensor]:
    """Return the hidden states at these places of the way: (shares, tokens, width) a layer."""
    import torch

    with output.classifier.lock, torch.no_grad():
        return logits_and_states_of(output.classifier, output.tokenized, line(_places(output, shares)))[1]


def _gradients(output: ExplainedOutput, line: Expand, shares: NDArray[np.float64]) -> list[Tensor]:
    """Return the gradients of the output by the hidden states: (shares, tokens, width) a layer.

    Raises:
        ExplanationError: the architecture tells other states than those that its answer comes from.
    """
    import torch

    classifier = output.classifier
    with classifier.lock, torch.enable_grad():
        vectors = line(_places(output, shares)).requires_grad_()
        logits, states = logits_and_states_of(classifier, output.tokenized, vectors)
        gradients = torch.autograd.grad(output.of(logits).sum(), states, allow_unused=True)
    if any(gradient is None for gradient in gradients):
        raise ExplanationError(
            f"The architecture {classifier.model.config.model_type} does not tell the hidden states that its answer "
            "comes from: choose another view than that by layer."
        )
    return list(gradients)


def _places(output: ExplainedOutput, shares: NDArray[np.float64]) -> Tensor:
    """Return the same share for every token: (shares, tokens)."""
    import torch

    places = torch.from_numpy(shares).float().to(output.classifier.model.device)
    return places[:, None].expand(-1, len(output.tokenized))
