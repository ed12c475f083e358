"""The methods of attribution that are offered, under one record and one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.baselines import baseline_vectors
from bertdemo.explanation.cancellation import ShouldStop, never
from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.integrated_gradients import ends, integrated_gradients
from bertdemo.explanation.perturbation import GRADIENT_SAMPLES, gradient_shap, kernel_shap, lime, occlusion, samples
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor


def _always(_: Classifier) -> str | None:
    return None


@dataclass(frozen=True)
class Method:
    """What is to be known of a method before its scores are read.

    ``name`` and ``sentence`` are for people. Scores that are not ``signed`` are sizes; those that do not ``adds_up``
    have no sum to check; ``samples`` says that they come from random numbers, and ``applies`` why the method cannot be
    used with a classifier (None: it can).
    """

    name: str
    signed: bool
    adds_up: bool
    needs_baseline: bool
    sentence: str
    samples: bool = False
    applies: Callable[[Classifier], str | None] = _always


def _no_deeplift(_: Classifier) -> str:
    return (
        "its rules are for non-linear modules; attention multiplies activations and takes a softmax outside of any, "
        "so that the scores would not add up."
    )


METHODS: Mapping[str, Method] = {
    "integrated_gradients": Method(
        "Integrated gradients", signed=True, adds_up=True, needs_baseline=True,
        sentence="Gradients along the way from the baseline to the text, added up: together they account for the whole "
        "difference between the two, and the remainder is shown.",
    ),
    "gradient_shap": Method(
        "Gradient SHAP", signed=True, adds_up=True, needs_baseline=True, samples=True,
        sentence="Gradients at random points of that way: an estimate of integrated gradients whose remainder is that "
        "of chance.",
    ),
    "occlusion": Method(
        "Occlusion", signed=True, adds_up=False, needs_baseline=True,
        sentence="What the output loses when one word alone takes its baseline: easy to grasp, and blind to words that "
        "stand in for each other.",
    ),
    "kernel_shap": Method(
        "Kernel SHAP", signed=True, adds_up=True, needs_baseline=True, samples=True,
        sentence="Shapley values of the words, estimated from random subsets of them; that they add up is built in and "
        "says nothing of how good the estimate is.",
    ),
    "lime": Method(
        "LIME", signed=True, adds_up=False, needs_baseline=True, samples=True,
        sentence="The weights of a linear model that imitates the classifier on random subsets of the words; weak "
        "words get exactly 0.",
    ),
    "input_x_gradient": Method(
        "Input × gradient", signed=True, adds_up=False, needs_baseline=False,
        sentence="The gradient at the text itself times the word vector: a first-order guess at what the word adds.",
    ),
    "saliency": Method(
        "Saliency", signed=False, adds_up=False, needs_baseline=False,
        sentence="The length of the gradient by the word vector: how sensitive the output is to the word, either way.",
    ),
    "deeplift": Method(
        "DeepLIFT", signed=True, adds_up=True, needs_baseline=True, applies=_no_deeplift,
        sentence="Differences from the baseline, handed back layer by layer.",
    ),
}  # fmt: skip


def attribute(
    classifier: Classifier,
    tokenized: TokenizedText,
    method: str,
    target: int,
    against: int | None = None,
    *,
    baseline: str = "pad",
    seed: int = 0,
    should_stop: ShouldStop = never,
) -> Attribution:
    """Scores of tokens by any of ``METHODS``, for a logit or for the margin of two.

    Args:
        classifier: complete or not; predicting ones are a third faster.
        tokenized: the text.
        method: a key of ``METHODS``.
        target: a label, as an index.
        against: another label: explains logit(target) − logit(against).
        baseline: one of ``baselines.BASELINES``; without meaning for methods that need none.
        seed: of methods with samples; how many they take depends on the number of words.
        should_stop: asked between two pieces, see ``function.rows_at_once``.

    Whoever calls does not hold the classifier's lock: it is taken for each piece.

    Raises:
        ExplanationError: no such method, label or baseline; or the method does not apply to this classifier or text.
        CancelledError: ``should_stop()`` became true.
    """
    check_method(classifier, method)
    if method == "integrated_gradients":
        return integrated_gradients(classifier, tokenized, target, against, baseline=baseline, should_stop=should_stop)
    output = ExplainedOutput(classifier, tokenized, target, against, should_stop)
    if not METHODS[method].needs_baseline:
        return _without_baseline(output, method)
    return _from_baseline(output, method, baseline, seed)


def check_method(classifier: Classifier, method: str) -> None:
    """Refuse what is not offered.

    Raises:
        ExplanationError: there is no such method, or it does not apply to this classifier.
    """
    if method not in METHODS:
        raise ExplanationError(f"There is no method called {method[:40]!r}: choose one of {', '.join(METHODS)}.")
    if reason := METHODS[method].applies(classifier):
        raise ExplanationError(f"{METHODS[method].name} is not offered for this model: {reason}")


def _without_baseline(output: ExplainedOutput, method: str) -> Attribution:
    vectors = output.vectors()
    scores = {"saliency": _saliency, "input_x_gradient": _input_x_gradient}[method](output, vectors)
    return Attribution(
        tokenized=output.tokenized, target=output.target, against=output.against, method=method, baseline=None,
        scores=scores, signed=METHODS[method].signed, adds_up=METHODS[method].adds_up,
        output=ends(output, vectors, vectors)[0], baseline_output=None, n_steps=None,
    )  # fmt: skip


def _from_baseline(output: ExplainedOutput, method: str, baseline: str, seed: int) -> Attribution:
    vectors, kind = output.vectors(), METHODS[method]
    lines = baseline_vectors(output.classifier, output.tokenized, baseline)
    value, baseline_value = ends(output, vectors, lines)
    scores = np.mean([_scores(output, method, vectors, line[None], seed) for line in lines], axis=0)
    return Attribution(
        tokenized=output.tokenized, target=output.target, against=output.against, method=method, baseline=baseline,
        scores=scores, signed=kind.signed, adds_up=kind.adds_up, output=value, baseline_output=baseline_value,
        n_steps=_n_samples(method, output.tokenized), seed=seed if kind.samples else None,
    )  # fmt: skip


def _n_samples(method: str, tokenized: TokenizedText) -> int | None:
    if not METHODS[method].samples:
        return None
    return GRADIENT_SAMPLES if method == "gradient_shap" else samples(tokenized)


def _scores(output: ExplainedOutput, method: str, vectors: Tensor, baseline: Tensor, seed: int) -> NDArray[np.float64]:
    if method == "occlusion":
        return occlusion(output, vectors, baseline)
    sampled = {"gradient_shap": gradient_shap, "lime": lime, "kernel_shap": kernel_shap}
    return sampled[method](output, vectors, baseline, seed)


def _saliency(output: ExplainedOutput, vectors: Tensor) -> NDArray[np.float64]:
    """Euclidean length of the gradient by each word vector (after Simonyan et al., 2014): (tokens,)."""
    from captum.attr import Saliency

    gradient = Saliency(output.function(lambda versions: versions)).attribute(vectors.requires_grad_(), abs=False)
    return _numbers(gradient[0].norm(dim=-1))


def _input_x_gradient(output: ExplainedOutput, vectors: Tensor) -> NDArray[np.float64]:
    """Gradient · word vector (Shrikumar et al., 2016): (tokens,)."""
    from captum.attr import InputXGradient

    product = InputXGradient(output.function(lambda versions: versions)).attribute(vectors.requires_grad_())
    return _numbers(product[0].sum(dim=-1))


def _numbers(tensor: Tensor) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = tensor.detach().double().cpu().numpy()
    return numbers
