"""Where the model looks: the attention weights of every layer and head, and three ways to weigh them.

They are no account of why the model answered as it did: other weights can give the same answer (Jain & Wallace, 2019;
Wiegreffe & Pinter, 2019), and much weight on [SEP] often means that a head has nothing to do (Kobayashi et al., 2020).
Norms say what attention really moves (Kobayashi et al., 2020), rollout how it could carry words through the layers
(Abnar & Zuidema, 2020), and relevance what it does to the answer (Chefer, Gur & Wolf, 2021).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.blocks import (
    FAMILIES,
    NO_HEADS,
    AttentionInputs,
    Block,
    Head,
    ablate_heads,
    blocks_of,
    capture_attention_inputs,
    check_eager_attention,
    inputs_of,
)
from bertdemo.explanation.function import ExplainedOutput, outputs_of, word_vectors
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.explanation.tokenized_text import TokenizedText

_SUMS_TO_ONE = 1e-4
_RESIDUAL = 0.5  # share of a token that stays where it is, as in the paper


@dataclass(frozen=True)
class Attention:
    """``weights`` (layers, heads, tokens, tokens): row i says how token i divides its attention; rows sum to 1.

    ``logits`` (labels,) come from the same forward pass, not divided by the temperature.
    """

    weights: NDArray[np.float32]
    logits: NDArray[np.float32]


def attention(
    classifier: Classifier, tokenized: TokenizedText, switched_off: AbstractSet[Head] = NO_HEADS
) -> Attention:
    """Return the attention of all heads to a text, and the answer it led to, while some heads are switched off.

    A head that is switched off still looks, but what it finds is replaced by zeros; later heads look at the difference.

    Args:
        classifier: a complete one; logits are those of the prediction to 1e-5 where no head is switched off.
        tokenized: of that classifier.
        switched_off: pairs of layer and head, from 0.

    Raises:
        ExplanationError: the architecture has no such attention (``weights_of``), a classifier that is not complete, or
            a head that it does not have or that cannot be switched off.
    """
    import torch

    check_eager_attention(classifier)
    with classifier.lock, ablate_heads(classifier, switched_off), torch.inference_mode():
        output = classifier.model(**inputs_of(classifier, tokenized), output_attentions=True)
    weights = torch.cat(weights_of(classifier, tokenized, output)).float().cpu().numpy()
    return Attention(weights, output.logits[0].float().cpu().numpy())


def weights_of(classifier: Classifier, tokenized: TokenizedText, output: Any) -> tuple[Tensor, ...]:
    """Return the attention weights of each layer, (1, heads, tokens, tokens), in what the model returned.

    Raises:
        ExplanationError: it returned none, or no shares in which each token of the text looks at each.
    """
    weights: tuple[Tensor, ...] | None = getattr(output, "attentions", None)
    config, shape = classifier.model.config, (len(tokenized), len(tokenized))
    if config.is_encoder_decoder:
        reason = "has an encoder and a decoder, which look at the text three times over"
    elif not weights or any(layer is None for layer in weights):
        reason = "does not tell the weights of all of its layers"
    elif any(layer.shape[2:] != shape for layer in weights) or len({layer.shape for layer in weights}) > 1:
        reason = "does not have each token look at every other"
    elif any(abs(layer.sum(dim=-1) - 1).max() > _SUMS_TO_ONE for layer in weights):
        reason = "has weights that are no shares: those of a token do not add up to 1"
    else:
        return weights
    raise ExplanationError(
        f"Attention cannot be shown for the architecture {config.model_type}, which {reason}: see what moved the "
        "answer instead."
    )


def read_at(classifier: Classifier, tokenized: TokenizedText) -> int | None:
    """Return the token whose last state the classification head reads, or None for heads that read several.

    Where it is not known from the architecture, it is the one token whose last state has a gradient.
    """
    config = classifier.model.config
    if config.model_type in FAMILIES:
        return None if getattr(config, "classifier_pooling", "cls") == "mean" else 0
    import torch

    with classifier.lock, torch.enable_grad():
        vectors = word_vectors(classifier, tokenized).requires_grad_()
        output = outputs_of(classifier, tokenized, vectors, output_hidden_states=True)
        (gradient,) = torch.autograd.grad(output.logits[0, 0], output.hidden_states[-1], allow_unused=True)
    read = [] if gradient is None else gradient[0].any(dim=-1).nonzero()[:, 0].tolist()
    return read[0] if len(read) == 1 else None


def norm_weighted(
    classifier: Classifier, tokenized: TokenizedText, switched_off: AbstractSet[Head] = NO_HEADS
) -> NDArray[np.float32]:
    """Return ‖α f(x)‖ of every head: (layers, heads, tokens, tokens), ≥ 0, in the units of the hidden states.

    α is the attention weight of token i to token j, and f(x) is what j has to give: its value vector, brought to the
    width of the model by the head's part of the output projection, (x·W_V + b_V)·W_O. A head may look hard at a [SEP]
    whose f(x) is next to nothing; here that shows as nothing. Rows do not sum to 1.

    Raises:
        ExplanationError: see ``attention.attention``.
    """
    import torch

    with classifier.lock, torch.inference_mode():
        layers = zip(blocks_of(classifier), capture_attention_inputs(classifier, tokenized, switched_off), strict=True)
        return np.stack([_norms(block, seen) for block, seen in layers])


def _norms(block: Block, seen: AttentionInputs) -> NDArray[np.float32]:
    """α · ‖f(x)‖ in one layer: (heads, tokens, tokens)."""
    queries, keys, values = block.queries_keys_values(seen)
    output = block.projection.weight.T.view(block.heads, block.width, -1)  # W_O of each head
    lengths = (values @ output).norm(dim=-1)  # (heads, tokens)
    weights = block.scores(queries, keys, seen).softmax(dim=-1)
    norms: NDArray[np.float32] = (weights * lengths[:, None]).float().cpu().numpy()
    return norms


def rollout(weights: NDArray[np.float32], read_at: int | None = 0) -> NDArray[np.float64]:
    """Return how much of each input token has reached the token that is read, after each layer: (layers, tokens).

    Heads are averaged and half of each token is taken to stay in place (the residual connection):
    Ã = ½ mean(A) + ½ I, and R of a layer is Ã · R of the layer below. Rows sum to 1. It follows the weights alone and
    knows neither values nor the other parts of the model.

    Args:
        weights: (layers, heads, tokens, tokens).
        read_at: the token that the classification head reads (``attention.read_at``); None is the mean of all.
    """
    tokens = weights.shape[-1]
    so_far, rows = np.eye(tokens), []
    for layer in weights.mean(axis=1, dtype=np.float64):
        so_far = (_RESIDUAL * np.eye(tokens) + (1 - _RESIDUAL) * layer) @ so_far
        rows.append(row_of(so_far, read_at))
    return np.stack(rows)


def row_of(matrix: NDArray[np.float64], read_at: int | None) -> NDArray[np.float64]:
    """Return the row of a token, or the mean of all rows."""
    row: NDArray[np.float64] = matrix.mean(axis=0) if read_at is None else matrix[read_at]
    return row


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
