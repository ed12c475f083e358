"""What attention really moves: weights times the length of what they are given to (Kobayashi et al., 2020)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.blocks import NO_HEADS, AttentionInputs, Block, Head, blocks_of, capture_attention_inputs
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from bertdemo.explanation.tokenized_text import TokenizedText


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
