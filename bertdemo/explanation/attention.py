"""Where the model looks: the attention weights of every layer and head.

It is no account of why the model answered as it did: other weights can give the same answer (Jain & Wallace, 2019;
Wiegreffe & Pinter, 2019), and much weight on [SEP] often means that a head has nothing to do (Kobayashi et al., 2020).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.blocks import NONE_OFF, Head, blocks_of, check_complete, inputs_of, silenced
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from bertdemo.explanation.reading import Reading


@dataclass(frozen=True)
class Attention:
    """``weights`` (layers, heads, tokens, tokens): row i says how token i divides its attention; rows sum to 1.

    ``logits`` (labels,) come from the same forward pass, not divided by the temperature.
    """

    weights: NDArray[np.float32]
    logits: NDArray[np.float32]


def attention(classifier: Classifier, reading: Reading, switched_off: AbstractSet[Head] = NONE_OFF) -> Attention:
    """The attention of all heads to a text, and the answer it led to, while some heads are switched off.

    A head that is switched off still looks, but what it finds is replaced by zeros; later heads look at the difference.

    Args:
        classifier: a complete one; logits are those of the prediction to 1e-5 where no head is switched off.
        reading: of that classifier.
        switched_off: pairs of layer and head, from 0.

    Raises:
        ExplanationError: another architecture, a classifier that is not complete, or a head that it does not have.
    """
    import torch

    blocks = blocks_of(classifier)
    check_complete(classifier)
    with classifier.lock, silenced(blocks, switched_off), torch.inference_mode():
        output = classifier.model(**inputs_of(classifier, reading), output_attentions=True)
    weights = torch.cat(output.attentions).float().cpu().numpy()
    return Attention(weights, output.logits[0].float().cpu().numpy())


def read_at(classifier: Classifier) -> int | None:
    """The token whose last state the classification head reads: 0, or None for those that read the mean of all."""
    return None if getattr(classifier.model.config, "classifier_pooling", "cls") == "mean" else 0
