"""Queries, keys and values of a layer by one matrix product instead of three (CPU only)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

# Where self-attention is made of linear layers of these names, and absolute positions alone tell where a token stands.
_KNOWN = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


def project_jointly(model: Any) -> None:
    """Have each layer's self-attention project its states once, in place; logits and gradients stay the same.

    A product of 384 by 1,152 uses a CPU better than three of 384 by 384, and the backward pass has one sum less for
    each it saves. The weights keep their names. It is attention as in Vaswani et al. (2017), section 3.2, without
    dropout on its weights; neither a model of another architecture nor layers with adapters are touched.
    """
    if model.config.model_type not in _KNOWN:
        return
    for layer in model.base_model.encoder.layer:
        attention = layer.attention.self
        parts = (attention.query, attention.key, attention.value)
        attends_to_itself = type(attention).__name__.endswith("SelfAttention")
        if attends_to_itself and all(type(part) is nn.Linear for part in parts):
            attention.forward = partial(_attend, attention)


def _attend(attention: Any, states: Tensor, attention_mask: Tensor | None = None, **_: Any) -> tuple[Tensor, Tensor]:
    """(texts, tokens, width) and the weights (texts, heads, tokens, tokens); the mask is added to the scores."""
    parts = (attention.query, attention.key, attention.value)
    joint = linear(states, torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts]))
    by_head = (*states.shape[:2], -1, attention.attention_head_size)
    query, key, value = (part.view(by_head).transpose(1, 2) for part in joint.chunk(3, dim=-1))
    scores = query @ key.transpose(2, 3) * attention.scaling
    weights = (scores if attention_mask is None else scores + attention_mask).softmax(dim=-1)
    return (weights @ value).transpose(1, 2).reshape(states.shape), weights
