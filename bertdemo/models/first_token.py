"""A last layer that computes only what the classification head reads: its first token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

# Architectures whose head reads the first token alone, and whose attention comes in a form for queries from elsewhere.
_KNOWN = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


def read_first_token_only(model: PreTrainedModel) -> None:
    """Have the last layer compute its first token alone, in place; every logit and every gradient stays the same.

    The head reads the last layer at [CLS] and nowhere else. There, keys and values are needed of all tokens, but the
    query, the output projection and the feed-forward network of one: 10 of the layer's 12 parts of products, a seventh
    of the whole of a model of six layers. It is cross-attention from the first token to all of them. The weights keep
    their names. ``last_hidden_state`` is (texts, 1, width) from here on, and the last layer's attention one row.

    Models of other architectures are left as they are.
    """
    if model.config.model_type not in _KNOWN:
        return
    encoder: Any = model.base_model.encoder
    layer = encoder.layer[-1]
    to_itself = layer.attention
    attention = type(to_itself)(model.config, layer_idx=to_itself.self.layer_idx, is_cross_attention=True)
    attention.load_state_dict(to_itself.state_dict(), assign=True)
    attention.register_forward_pre_hook(_ask_from_first_token, with_kwargs=True)
    layer.attention = attention.train(to_itself.training)


def _ask_from_first_token(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:  # noqa: ARG001 - a hook's
    """Return (states, mask) of attention to itself as those of attention from the first token to all."""
    states, mask = args  # (texts, tokens, width), and (texts, 1, 1 or tokens, tokens) or nothing
    everything = {"encoder_hidden_states": states, "encoder_attention_mask": mask if mask is None else mask[:, :, :1]}
    # A slice with gaps goes into a product a text at a time, each with a copy of the weights.
    return (states[:, :1].contiguous(),), kwargs | everything
