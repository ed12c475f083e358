"""What moved the answer, layer by layer: where on its way through the model each word's part in it stands.

Layer conductance (Dhamdhere et al., 2019; Shrikumar et al., 2018): while the text grows out of its baseline, each
hidden state changes, and each change moves the output by its gradient. The products, summed over the way, are the part
of each position; in each layer they add up to the same difference.
"""

from __future__ import annotations

import functools
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

STEPS = 20
_NODES = 10  # gradients to a stretch: their states are held together


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
        n_steps: places on the way from the baseline to the text where gradients were taken.
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

    The way is divided into stretches of ten gradients at most, by Gauss's rule in each (``_rule``).

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
    """Return scores (layers + 1, tokens): the sums over stretches of the way, of ``_NODES`` gradients at most each."""
    stretches = -(-steps // _NODES)
    sizes = [len(each) for each in np.array_split(np.arange(steps), stretches)]
    found = [_stretch(output, line, place / stretches, 1 / stretches, size) for place, size in enumerate(sizes)]
    scores: NDArray[np.float64] = np.sum(found, axis=0)
    return scores


def _stretch(output: ExplainedOutput, line: Expand, start: float, length: float, size: int) -> NDArray[np.float64]:
    """Return scores (layers + 1, tokens) of the stretch from the share ``start``, by ``size`` gradients."""
    import torch

    places, changes = _rule(size)
    shares = start + length * places
    ends_of_stretch = _states(output, line, shares[[0, -1]])
    pieces = [
        _states_and_gradients(output, line, shares[row : min(row + output.rows_at_once, size + 1)])
        for row in range(1, size + 1, output.rows_at_once)
    ]
    scores = np.zeros((len(ends_of_stretch), len(output.tokenized)))
    for row, (first, last) in enumerate(each.split(1) for each in ends_of_stretch):
        states = torch.cat([first, *(piece[0][row] for piece in pieces), last])  # (size + 2, tokens, width)
        gradients = torch.cat([piece[1][row] for piece in pieces])
        changed = torch.tensordot(torch.from_numpy(changes).to(states), states, dims=1)
        found = (gradients * changed).sum(dim=2, dtype=torch.float64).sum(dim=0).cpu().numpy()
        scores[row, : len(found)] = found  # the last layer may have computed its first token alone
    return scores


@functools.cache
def _rule(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places in a stretch (0 to 1) where states are needed, and how these make changes.

    Gradients are taken at Gauss's nodes. There, the change of a state is the derivative of the polynomial through the
    states at all nodes and both ends (Berrut & Trefethen, 2004), times the weight of the node.

    Returns:
        (size + 2,) places, the first and the last of which are the ends; and (size, size + 2), which makes changes at
        the nodes of states at all places.
    """
    nodes, weights = np.polynomial.legendre.leggauss(size)
    places = np.concatenate([[-1.0], nodes, [1.0]])
    apart = places[:, None] - places + np.eye(size + 2)
    barycentric = 1 / apart.prod(axis=1)
    derivative = barycentric / barycentric[:, None] / apart * (1 - np.eye(size + 2))
    derivative -= np.diag(derivative.sum(axis=1))
    return (1 + places) / 2, weights[:, None] * derivative[1:-1]


def _states(output: ExplainedOutput, line: Expand, shares: NDArray[np.float64]) -> list[Tensor]:
    """Return the hidden states at these places of the way: (shares, tokens, width) a layer."""
    import torch

    check_cancelled(output.should_stop)
    with output.classifier.lock, torch.no_grad():
        return logits_and_states_of(output.classifier, output.tokenized, line(_places(output, shares)))[1]


def _states_and_gradients(
    output: ExplainedOutput, line: Expand, shares: NDArray[np.float64]
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the same, and the gradients of the output by these states.

    Raises:
        ExplanationError: the architecture tells other states than those that its answer comes from.
    """
    import torch

    check_cancelled(output.should_stop)
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
    return [state.detach() for state in states], list(gradients)


def _places(output: ExplainedOutput, shares: NDArray[np.float64]) -> Tensor:
    """Return the same share for every token: (shares, tokens)."""
    import torch

    places = torch.from_numpy(shares).float().to(output.classifier.model.device)
    return places[:, None].expand(-1, len(output.tokenized))
