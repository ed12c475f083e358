"""One head and one token under the glass: the numbers behind softmax(q·k / √d)·v (Vaswani et al., 2017)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.blocks import (
    NO_HEADS,
    AttentionInputs,
    Block,
    Head,
    blocks_of,
    capture_attention_inputs,
    check_heads,
)
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from bertdemo.explanation.tokenized_text import TokenizedText

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class HeadDetail:
    """What one head computes for one token; ``width`` numbers make up a query, a key and a value.

    Args:
        query: (width,) of the token; keys: (tokens, width).
        products: query ⊙ key (tokens, width): what each number adds to a score before it is scaled.
        scores: (tokens,), query · key / √width; −inf or nearly so where the model hides a token.
        weights: (tokens,), the softmax of the scores: the attention weights.
        values: (tokens, width); weighted: weights ⊙ values (tokens, width).
        output: (width,), the sum of ``weighted``: what the head hands on for this token.
    """

    query: Vector
    keys: Vector
    products: Vector
    scores: Vector
    weights: Vector
    values: Vector
    weighted: Vector
    output: Vector

    @property
    def scale(self) -> float:
        """What dot products are divided by: √width."""
        return float(np.sqrt(len(self.query)))


def closeup(
    classifier: Classifier,
    tokenized: TokenizedText,
    layer: int,
    head: int,
    token: int,
    switched_off: AbstractSet[Head] = NO_HEADS,
) -> HeadDetail:
    """Return the numbers of one head (from 0) of one layer (from 0) for one token (from 0) that looks.

    Queries and keys are those that meet: where positions turn them (rotary embeddings), after the turn.

    Raises:
        ExplanationError: see ``attention.attention``; or there is no such layer, head or token.
    """
    import torch

    blocks = blocks_of(classifier)
    check_heads(len(blocks), blocks[0].heads, {(layer, head)})
    if not 0 <= token < len(tokenized):
        raise ExplanationError(f"There is no token {token + 1}: the model reads {len(tokenized)} of this text.")
    with classifier.lock, torch.inference_mode():
        return _closeup(
            blocks[layer], capture_attention_inputs(classifier, tokenized, switched_off)[layer], head, token
        )


def _closeup(block: Block, seen: AttentionInputs, head: int, token: int) -> HeadDetail:
    queries, keys, values = (part[head] for part in block.queries_keys_values(seen))
    products = queries[token] * keys
    scores = block.scores(queries, keys, seen)[token]
    weights = scores.softmax(dim=-1)
    weighted = weights[:, None] * values
    tensors = (queries[token], keys, products, scores, weights, values, weighted, weighted.sum(dim=0))
    return HeadDetail(*(tensor.float().cpu().numpy() for tensor in tensors))
