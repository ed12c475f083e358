"""Integrated gradients (Sundararajan et al., 2017), with as many steps as it takes for the scores to add up.

The integral along the straight line from baseline to text is taken by Gauss-Legendre's rule in a variable in which its
nodes lie densely where the model changes its mind, by the map of Johnston and Elliott (2005): Gauss's own nodes crowd
at the ends of the line, where next to nothing happens. The line, and so the integral, is the same. Where the scores do
not add up, a node comes between any two, and the gradients that are there are used again, as Kronrod (1965) does.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import CERTIFIED, TINY, Attribution, baseline_vectors
from bertdemo.explanation.function import ExplainedOutput, Precision, ShouldStop, interpolate, never, rounds
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

MOST_STEPS = 400
# Steps that are tried by default. Each of the first has the nodes of the one before it among its own; beyond them,
# weights would no longer be positive. 11 are enough for eight tweets of ten.
_NESTED = (11, 23, 47, 95)
_TRIED = (*_NESTED, 200, MOST_STEPS)
_IN_BF16 = 2  # of these are tried in bf16: what still misses then, misses by rounding more often than not
# Where between a baseline and the text most of what is explained happens, in the mean over tweets, and how densely
# nodes lie there. A text that is otherwise takes more steps.
_PLACES = {"pad": 0.42, "mask": 0.22, "zero": 0.22, "average": 0.3}
_DENSITY = 14.0


def integrated_gradients(
    classifier: Classifier,
    tokenized: TokenizedText,
    target: int,
    against: int | None = None,
    *,
    baseline: str = "pad",
    steps: int | None = None,
    precision: Precision | None = None,
    should_stop: ShouldStop = never,
) -> Attribution:
    """Return scores of tokens for a logit (not divided by the temperature), or for the margin of two.

    Text and baseline are computed in fp32. So are the gradients, unless those of weights rounded to bf16 are faster and
    add up to what lies between the two.

    Args:
        classifier: complete or not; predicting ones are a third faster.
        tokenized: the text.
        target: a label, as an index.
        against: another label: explains logit(target) − logit(against).
        baseline: one of ``baselines.BASELINES``.
        steps: how many, whatever the remainder; by default 11, and then about twice as many each time until it is at
            most 1 % of what is explained (or of ``TINY`` logits, where there is next to nothing to explain).
        precision: of the gradients; by default bf16 is tried first, and given steps are taken in fp32.
        should_stop: asked between two pieces, see ``function.rows_at_once``.

    Raises:
        ExplanationError: steps outside of 1 to 400, no such label or baseline.
        CancelledError: ``should_stop()`` became true.
    """
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise ExplanationError(f"Integrated gradients take 1 to {MOST_STEPS} steps: {steps:,} is outside of that.")
    output = ExplainedOutput(classifier, tokenized, target, against, should_stop)
    vectors = output.vectors()
    lines = baseline_vectors(classifier, tokenized, baseline)
    value, baseline_value = ends(output, vectors, lines)
    tolerance = CERTIFIED * max(abs(value - baseline_value), TINY)
    for attempt in _attempts(output, vectors, lines, baseline, steps, precision):
        if abs(value - baseline_value - attempt.scores.sum()) <= tolerance:
            break
    return Attribution(
        tokenized=tokenized, target=target, against=against, method="integrated_gradients", baseline=baseline,
        scores=attempt.scores, signed=True, adds_up=True, output=value, baseline_output=baseline_value,
        n_steps=attempt.steps, precision=attempt.precision,
    )  # fmt: skip


def ends(output: ExplainedOutput, vectors: Tensor, baselines: Tensor) -> tuple[float, float]:
    """Return the output of the text (1, tokens, width), and its mean over baselines (k, tokens, width)."""
    import torch

    with torch.no_grad():
        values = output.function(lambda versions: versions)(torch.cat([vectors, baselines])).double()
    return float(values[0]), float(values[1:].mean())


@functools.cache
def nodes(steps: int, baseline: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where on the way from the baseline (0) to the text (1) gradients are taken, and their weights: (steps,) each.

    Scores are Σ weight · gradient at the share · (token embedding − baseline), summed over the width of the vector.
    """
    place = _PLACES[baseline]
    start, end = math.asinh(-_DENSITY * place), math.asinh(_DENSITY * (1 - place))
    roots, weights = _rule(steps)
    at = (start + end + (end - start) * roots) / 2
    shares, weights = place + np.sinh(at) / _DENSITY, weights * np.cosh(at) * (end - start) / (2 * _DENSITY)
    for each in (shares, weights):
        each.setflags(write=False)  # they are everybody's
    return shares, weights


def _rule(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places from -1 to 1 and their weights, (steps,) each: Gauss's, or those of a step of ``_NESTED``.

    There, every other place is of the step before; new ones lie halfway between, as angles, and weights are those by
    which polynomials are integrated exactly.
    """
    from scipy.special import roots_legendre  # NumPy's take a second for 400 where the cores are busy

    if steps not in _NESTED[1:]:
        roots, weights = roots_legendre(steps)
        return roots, weights
    angles = np.arccos([-1, *_rule(steps // 2)[0], 1])
    angles = np.sort(np.concatenate([angles[1:-1], (angles[1:] + angles[:-1]) / 2]))[::-1]
    polynomials = np.polynomial.legendre.legvander(np.cos(angles), steps - 1)
    return np.cos(angles), np.linalg.solve(polynomials.T, 2.0 * np.eye(steps)[0])


class _Attempt(NamedTuple):
    scores: NDArray[np.float64]
    steps: int
    precision: Precision


def _attempts(
    output: ExplainedOutput,
    vectors: Tensor,
    baselines: Tensor,
    baseline: str,
    steps: int | None,
    precision: Precision | None,
) -> Iterator[_Attempt]:
    """Yield scores of ever more steps, or of ``steps`` alone."""
    tried: list[tuple[ExplainedOutput, tuple[int, ...]]] = []
    if precision == "bf16" or (precision is None and steps is None and rounds(output.classifier)):
        tried.append((replace(output, classifier=output.classifier.gradients_in_bf16), _TRIED[:_IN_BF16]))
    if precision != "bf16":
        tried.append((output, _TRIED))
    for asked, sizes in tried:
        found = [np.empty((0, len(output.tokenized))) for _ in baselines]
        for used in (steps,) if steps else sizes:
            shares, weights = nodes(used, baseline)
            found = [
                _more(asked, vectors, line[None], shares, each) for line, each in zip(baselines, found, strict=True)
            ]
            yield _Attempt(np.mean([weights @ each for each in found], axis=0), used, asked.precision)


def _more(
    output: ExplainedOutput,
    vectors: Tensor,
    baseline: Tensor,
    shares: NDArray[np.float64],
    found: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the gradients at all shares (steps, tokens); those at every other one may have been ``found``."""
    if len(shares) != 2 * len(found) + 1 or not len(found):
        return gradients(output, vectors, baseline, shares)
    new = gradients(output, vectors, baseline, shares[::2])
    return np.insert(new, range(1, len(new)), found, axis=0)


def gradients(
    output: ExplainedOutput, vectors: Tensor, baseline: Tensor, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return gradients by how much of each token is there, at these shares of the way: (shares, tokens).

    The way is the straight line from ``baseline`` to ``vectors``, both (1, tokens, width).
    """
    from captum.attr import Saliency

    # With its signs, saliency is the plain gradient. Captum's own integral knows no rule but its own.
    places = vectors.new_tensor(shares)[:, None].repeat(1, vectors.shape[1])
    explained = Saliency(output.function(interpolate(baseline, vectors)))
    found: Tensor = explained.attribute(places.requires_grad_(), abs=False)
    numbers: NDArray[np.float64] = found.double().cpu().numpy()
    return numbers
