"""Integrated gradients (Sundararajan et al., 2017), with as many steps as it takes for the scores to add up.

The integral along the straight line from baseline to text is taken by Gauss-Legendre's rule in a variable in which its
nodes lie densely where the model changes its mind, by the map of Johnston and Elliott (2005): Gauss's own nodes crowd
at the ends of the line, where next to nothing happens. The line, and so the integral, is the same, and 16 steps reach
what takes 24 otherwise (benchmarks/README.md).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import CERTIFIED, TINY, Attribution, baseline_vectors
from bertdemo.explanation.function import ExplainedOutput, Precision, ShouldStop, interpolate, never, rounds
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

FIRST_STEPS = 16  # enough for nine tweets of ten
_AFTER_ROUNDING = 24  # where bf16 has missed, few of these steps would suffice in fp32
MOST_STEPS = 400
# Where between a baseline and the text most of what is explained happens, in the mean over tweets, and how densely
# nodes lie there. A text that is otherwise takes more steps.
_PLACES = {"pad": 0.4, "mask": 0.2, "zero": 0.2, "average": 0.3}
_DENSITY = 8.0


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
        steps: how many, whatever the remainder; by default they are doubled from ``FIRST_STEPS`` until it is at most
            1 % of what is explained (or of ``TINY`` logits, where there is next to nothing to explain).
        precision: of the gradients; by default bf16 is tried once, and given steps are taken in fp32.
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
    scores, asked, used = np.zeros(len(tokenized)), output, 0
    for asked, used in _attempts(output, steps, precision):
        scores = np.mean([integral(asked, vectors, line[None], *nodes(used, baseline)) for line in lines], axis=0)
        if abs(value - baseline_value - scores.sum()) <= tolerance:
            break
    return Attribution(
        tokenized=tokenized, target=target, against=against, method="integrated_gradients", baseline=baseline,
        scores=scores, signed=True, adds_up=True, output=value, baseline_output=baseline_value, n_steps=used,
        precision=asked.precision,
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
    from scipy.special import roots_legendre  # NumPy's take a second for 400 where the cores are busy

    place = _PLACES[baseline]
    start, end = math.asinh(-_DENSITY * place), math.asinh(_DENSITY * (1 - place))
    roots, weights = roots_legendre(steps)
    at = (start + end + (end - start) * roots) / 2
    shares, weights = place + np.sinh(at) / _DENSITY, weights * np.cosh(at) * (end - start) / (2 * _DENSITY)
    for each in (shares, weights):
        each.setflags(write=False)  # they are everybody's
    return shares, weights


def _attempts(
    output: ExplainedOutput, steps: int | None, precision: Precision | None
) -> Iterator[tuple[ExplainedOutput, int]]:
    """Yield what to ask and with how many steps, until the scores add up."""
    first = FIRST_STEPS
    if precision == "bf16" or (precision is None and steps is None and rounds(output.classifier)):
        yield replace(output, classifier=output.classifier.gradients_in_bf16), steps or first
        first = _AFTER_ROUNDING
    if precision != "bf16":
        for size in (steps,) if steps else _doubled(first):
            yield output, size


def _doubled(steps: int) -> Iterator[int]:
    while steps < MOST_STEPS:
        yield steps
        steps *= 2
    yield MOST_STEPS


def integral(
    output: ExplainedOutput,
    vectors: Tensor,
    baseline: Tensor,
    shares: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return scores of tokens (tokens,), by Captum, from one baseline (1, tokens, width).

    ``shares`` and ``weights`` (steps,) are as in ``nodes``.
    """
    from captum.attr import IntegratedGradients

    ones = vectors.new_ones(vectors.shape[:2])
    # The public method knows no rule but its own, and computes the nodes of Gauss's anew each time.
    (scores,) = IntegratedGradients(output.function(interpolate(baseline, vectors)))._attribute(  # noqa: SLF001
        (ones,), (0 * ones,), n_steps=len(shares), step_sizes_and_alphas=(weights.tolist(), shares.tolist())
    )
    numbers: NDArray[np.float64] = scores[0].double().cpu().numpy()
    return numbers
