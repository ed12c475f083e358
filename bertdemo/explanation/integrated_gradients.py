"""Integrated gradients (Sundararajan et al., 2017), with as many steps as it takes for the scores to add up.

The integral along the straight line from baseline to text is taken by Gauss-Legendre's rule in a variable t in which
its nodes lie nearly evenly on that line (Kosloff & Tal-Ezer, 1993; Hale & Trefethen, 2008): Gauss's own nodes crowd at
the ends of the line, while the model changes its mind anywhere on it. The line, and so the integral, is the same, and
20 steps reach what takes more than 24 otherwise (benchmarks/README.md).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import CERTIFIED, TINY, Attribution, baseline_vectors
from bertdemo.explanation.function import ExplainedOutput, ShouldStop, interpolate, never
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

FIRST_STEPS = 20  # enough for 39 of 40 tweets
MOST_STEPS = 400
_EVENNESS = 0.97  # of Kosloff and Tal-Ezer's map: 0 leaves Gauss's nodes as they are, 1 makes them even


def integrated_gradients(
    classifier: Classifier,
    tokenized: TokenizedText,
    target: int,
    against: int | None = None,
    *,
    baseline: str = "pad",
    steps: int | None = None,
    most_steps: int = MOST_STEPS,
    should_stop: ShouldStop = never,
) -> Attribution:
    """Return scores of tokens for a logit (in fp32, not divided by the temperature), or for the margin of two.

    Args:
        classifier: complete or not; predicting ones are a third faster.
        tokenized: the text.
        target: a label, as an index.
        against: another label: explains logit(target) − logit(against).
        baseline: one of ``baselines.BASELINES``.
        steps: how many, whatever the remainder; by default they are doubled from ``FIRST_STEPS`` until it is at most
            1 % of what is explained (or of ``TINY`` logits, where there is next to nothing to explain).
        most_steps: where doubling ends.
        should_stop: asked between two pieces, see ``function.rows_at_once``.

    Raises:
        ExplanationError: steps outside of 1 to 400, no such label or baseline.
        CancelledError: ``should_stop()`` became true.
    """
    for number in (steps, most_steps):
        if number is not None and not 1 <= number <= MOST_STEPS:
            raise ExplanationError(f"Integrated gradients take 1 to {MOST_STEPS} steps: {number:,} is outside of that.")
    output = ExplainedOutput(classifier, tokenized, target, against, should_stop)
    vectors = output.vectors()
    lines = baseline_vectors(classifier, tokenized, baseline)
    value, baseline_value = ends(output, vectors, lines)
    sizes = (steps,) if steps else _doubled(most_steps)
    tolerance = CERTIFIED * max(abs(value - baseline_value), TINY)
    scores, used = np.zeros(len(tokenized)), 0
    for used in sizes:
        scores = np.mean([integral(output, vectors, line[None], *nodes(used)) for line in lines], axis=0)
        if abs(value - baseline_value - scores.sum()) <= tolerance:
            break
    return Attribution(
        tokenized=tokenized, target=target, against=against, method="integrated_gradients", baseline=baseline,
        scores=scores, signed=True, adds_up=True, output=value, baseline_output=baseline_value, n_steps=used,
    )  # fmt: skip


def ends(output: ExplainedOutput, vectors: Tensor, baselines: Tensor) -> tuple[float, float]:
    """Return the output of the text (1, tokens, width), and its mean over baselines (k, tokens, width)."""
    import torch

    with torch.no_grad():
        values = output.function(lambda versions: versions)(torch.cat([vectors, baselines])).double()
    return float(values[0]), float(values[1:].mean())


@functools.cache
def nodes(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where on the way from the baseline (0) to the text (1) gradients are taken, and their weights: (steps,) each.

    Scores are Σ weight · gradient at the share · (token embedding − baseline), summed over the width of the vector.
    """
    from scipy.special import roots_legendre  # NumPy's take a second for 400 where the cores are busy

    places, weights = roots_legendre(steps)
    shares = (1 + np.arcsin(_EVENNESS * places) / math.asin(_EVENNESS)) / 2
    weights = weights / 2 * _EVENNESS / math.asin(_EVENNESS) / np.sqrt(1 - (_EVENNESS * places) ** 2)
    for each in (shares, weights):
        each.setflags(write=False)  # they are everybody's
    return shares, weights


def _doubled(most: int) -> Iterator[int]:
    steps = min(FIRST_STEPS, most)
    while steps < most:
        yield steps
        steps = min(2 * steps, most)
    yield most


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
