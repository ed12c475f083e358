"""BERT (Devlin et al., 2019) with its classification head in plain torch: what answers until transformers is loaded.

To import its own BERT takes transformers four to six seconds of a core, nearly all of it for torch's compiler and for
training on several machines. ``PlainBert`` has the same weights under the same names, does the same operations with
them (``compute_only_first_token`` included) and so gives the same logits. It can do nothing else: whatever looks inside
a model is given that of transformers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from bertdemo.errors import ModelError

if TYPE_CHECKING:
    from transformers import PretrainedConfig

_WEIGHTS = "model.safetensors"
_ENCODER = "bert."  # what a classifier's names begin with and a bare encoder's do not
_HEAD = ("bert.pooler.", "classifier.")


@dataclass(frozen=True)
class _Outputs:
    """``logits`` are (texts, labels)."""

    logits: Tensor


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Leave the weights open: they come from a file. To draw them on the device "meta" would load the compiler."""


class _Embedding(nn.Embedding):
    def reset_parameters(self) -> None:
        """Leave the weights open, as those of ``_Linear``."""


class PlainBert(nn.Module):
    """Token ids in, logits out, in fp32 and without dropout."""

    dtype = torch.float32

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.config = config
        self.heads = config.num_attention_heads
        width, eps = config.hidden_size, config.layer_norm_eps
        embeddings = nn.ModuleDict({
            "word_embeddings": _Embedding(config.vocab_size, width),
            "position_embeddings": _Embedding(config.max_position_embeddings, width),
            "token_type_embeddings": _Embedding(config.type_vocab_size, width),
            "LayerNorm": nn.LayerNorm(width, eps),
        })  # fmt: skip
        layers = nn.ModuleList(_layer(width, config.intermediate_size, eps) for _ in range(config.num_hidden_layers))
        self.bert = nn.ModuleDict({
            "embeddings": embeddings,
            "encoder": nn.ModuleDict({"layer": layers}),
            "pooler": nn.ModuleDict({"dense": _Linear(width, width)}),
        })  # fmt: skip
        self.classifier = _Linear(width, config.num_labels or 0)

    def get_input_embeddings(self) -> nn.Module:
        """Return the table of token embeddings."""
        table: nn.Module = self.bert.get_submodule("embeddings.word_embeddings")
        return table

    def resize_token_embeddings(self, tokens: int, *, mean_resizing: bool) -> None:  # noqa: ARG002 - as of transformers
        """Make room for so many tokens in place; the new rows are to be filled in."""
        known = self.get_input_embeddings().get_parameter("weight").detach()
        weight = torch.cat([known, known.new_zeros(tokens - len(known), known.shape[1])])
        table = nn.Embedding.from_pretrained(weight)
        self.bert.get_submodule("embeddings").register_module("word_embeddings", table)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None) -> _Outputs:
        """Return the logits of texts (texts, tokens), whose padding has 0 in the mask."""
        part: Any = self.bert
        tables = part["embeddings"]
        segments = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        states = tables["word_embeddings"](input_ids) + tables["token_type_embeddings"](segments)
        states = tables["LayerNorm"](states + tables["position_embeddings"](positions))
        mask = None if attention_mask.all() else attention_mask[:, None, None, :].bool()
        layers = part["encoder"]["layer"]
        for layer in layers:
            asking = states if layer is not layers[-1] else states[:, :1].contiguous()  # the head reads [CLS] alone
            states = self._attended(layer["attention"], asking, states, mask)
            inside = gelu(layer["intermediate"]["dense"](states))
            states = layer["output"]["LayerNorm"](layer["output"]["dense"](inside) + states)
        return _Outputs(self.classifier(part["pooler"]["dense"](states[:, 0]).tanh()))

    def _attended(self, attention: Any, asking: Tensor, states: Tensor, mask: Tensor | None) -> Tensor:
        """Return what attention (Vaswani et al., 2017) of ``asking`` to hidden states makes of the former.

        Both are (texts, tokens, width).
        """
        query, key, value = (
            attention["self"][name](of).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for name, of in (("query", asking), ("key", states), ("value", states))
        )
        found = scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
        output = attention["output"]
        attended: Tensor = output["LayerNorm"](output["dense"](found) + asking)
        return attended


def _layer(width: int, inner: int, eps: float) -> nn.ModuleDict:
    def output(size: int) -> nn.ModuleDict:
        return nn.ModuleDict({"dense": _Linear(size, width), "LayerNorm": nn.LayerNorm(width, eps)})

    attention = nn.ModuleDict({name: _Linear(width, width) for name in ("query", "key", "value")})
    return nn.ModuleDict({
        "attention": nn.ModuleDict({"self": attention, "output": output(width)}),
        "intermediate": nn.ModuleDict({"dense": _Linear(width, inner)}),
        "output": output(inner),
    })  # fmt: skip


def read_plain_bert(location: str, config: PretrainedConfig, *, empty_head: bool) -> PlainBert:
    """Return the model in a folder as it was saved.

    Args:
        location: of ``model.safetensors``.
        config: of the classifier.
        empty_head: whether a head that is not there, or is for other labels, is left at 0, to be filled in.

    Raises:
        ModelError: this is no model that ``PlainBert`` computes; transformers may know it.
        OSError, SafetensorError: the file is missing or damaged.
    """
    usual = config.model_type == "bert" and config.hidden_act == "gelu" and not config.is_decoder
    if not usual or getattr(config, "position_embedding_type", "absolute") != "absolute":
        raise ModelError(f"The model in {location} is no plain BERT.")
    model = PlainBert(config)
    saved = {_with_prefix(name): weight.float() for name, weight in load_file(Path(location) / _WEIGHTS).items()}
    wanted = model.state_dict()
    head = {name: torch.zeros(wanted[name].shape) for name in wanted if empty_head and name.startswith(_HEAD)}
    fitting = {name: weight for name, weight in saved.items() if name in wanted and weight.shape == wanted[name].shape}
    lacking = model.load_state_dict(head | fitting, strict=False, assign=True).missing_keys
    if lacking:
        raise ModelError(f"{len(lacking)} weights of a plain BERT are missing in {location}, such as {lacking[0]}.")
    return model.requires_grad_(requires_grad=False)


def _with_prefix(name: str) -> str:
    return name if name.startswith((_ENCODER, *_HEAD)) else _ENCODER + name
