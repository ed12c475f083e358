"""Attention weighted by what it does to the answer: relevance (Chefer, Gur & Wolf, 2021)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.attention import read_at, weights_of
from bertdemo.explanation.blocks import NO_HEADS, Head, ablate_heads, check_eager_attention
from bertdemo.explanation.forward import outputs_of, word_vectors
from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.rollout import row_of
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.explanation.tokenized_text import TokenizedText


def relevance(
    classifier: Classifier,
    tokenized: TokenizedText,
    target: int,
    against: int | None = None,
    switched_off: AbstractSet[Head] = NO_HEADS,
) -> NDArray[np.float64]:
    """Return how much each token matters to what the head reads, after each layer: (layers, tokens), all ≥ 0.

    R begins as I and grows by Ā · R in every layer, where Ā is the mean over heads of the positive part of ∇A ⊙ A, the
    attention weights times the gradient of the output with respect to them ("Generic attention-model explainability",
    equations 5 and 6). The row is that of the token that is read, whose own first 1 is the I. Sizes have no unit.

    Args:
        classifier: a complete one.
        tokenized: of that classifier.
        target: the label whose logit is explained.
        against: where given, the margin of logits target − against is explained.
        switched_off: pairs of layer and head, from 0.

    Raises:
        ExplanationError: see ``attention.attention``; or there is no such label.
    """
    explained, weights = _explained_and_weights(ExplainedOutput(classifier, tokenized, target, against), switched_off)
    gradients = _gradients(classifier, explained, weights)
    reader, so_far, rows = read_at(classifier, tokenized), np.eye(len(tokenized)), []
    for weight, gradient in zip(weights, gradients, strict=True):
        step = (gradient * weight.detach()[0]).clamp(min=0).mean(dim=0).double().cpu().numpy()  # Ā (tokens, tokens)
        so_far = so_far + step @ so_far
        rows.append(row_of(so_far, reader))
    return np.stack(rows)


def _explained_and_weights(
    output: ExplainedOutput, switched_off: AbstractSet[Head]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the logit or margin and, of each layer, the weights (1, heads, tokens, tokens) that it depends on."""
    import torch

    classifier = output.classifier
    check_eager_attention(classifier)
    with classifier.lock, ablate_heads(classifier, switched_off), torch.enable_grad():
        # Gradients flow from the token embeddings on, whether or not the weights of the model ask for any.
        vectors = word_vectors(classifier, output.tokenized).requires_grad_()
        found = outputs_of(classifier, output.tokenized, vectors, output_attentions=True)
        return output.of(found.logits)[0], weights_of(classifier, output.tokenized, found)


def _gradients(classifier: Classifier, explained: Tensor, weights: tuple[Tensor, ...]) -> list[Tensor]:
    """Of each layer, the gradient of a number with respect to its weights: (heads, tokens, tokens)."""
    import torch

    with classifier.lock:  # taken anew, so that others get at the model between the two passes
        return [gradient[0] for gradient in torch.autograd.grad(explained, weights)]
