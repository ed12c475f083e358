"""Where the model looks: the attention weights of every layer and head.

It is no account of why the model answered as it did: other weights can give the same answer (Jain & Wallace, 2019;
Wiegreffe & Pinter, 2019), and much weight on [SEP] often means that a head has nothing to do (Kobayashi et al., 2020).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.blocks import FAMILIES, NO_HEADS, Head, ablate_heads, check_eager_attention, inputs_of
from bertdemo.explanation.forward import outputs_of, word_vectors
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.explanation.tokenized_text import TokenizedText

_SUMS_TO_ONE = 1e-4


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
