"""Everything that is changed in a model of transformers for speed; without it, all else would work, and take longer.

============================ ================================== ====================================================
what                         changed in transformers            why (figures: ``benchmarks/README.md``)
============================ ================================== ====================================================
``compute_only_first_token`` ``encoder.layer[-1].attention``    The head reads [CLS] alone: 14 % of the matrix
                             becomes cross-attention            products of six layers need not be computed.
``attention_for_training``   ``attn_implementation="eager"``    The backward pass of the fused kernel is slow in
(CPU)                                                           bf16: 110 texts/s against 198.
``use_pooled_dropout`` (CPU) every ``nn.Dropout``               Drawing masks: CPU time a text 11.7 → 10.1 ms.
``keep_in_bf16`` (CPU)       a forward hook on ``embeddings``   Conversions of hidden states: 16 → 8 ms a step.
``round_to_bf16`` (CPU)      a copy of the model, in bf16       Predicting 1,000 tweets: 2.55 → 1.92 s of CPU time.
``with_plain_attention``     ``attn_implementation="eager"``    20 gradients of a tweet, weights in bf16: 224 → 157
(CPU)                                                           ms of CPU time.
``divide``                   ``embeddings`` and the stack of    Frozen layers are computed once and not in each epoch.
                             layers, in copies
============================ ================================== ====================================================

None changes names or values of weights, so that what is saved is the same. ``tests/models/test_speedups.py`` holds what
stays equal: logits and gradients with the first to 1e-6, with eager attention and with fused; rate, mean and gradient
of dropout; hidden states in bf16 to .05. Rounded weights are tested in ``tests/models/test_classifier.py``; texts whose
label they could change are predicted again in fp32 (``prediction/predict.py``).
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bertdemo.models.devices import Placement

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Architectures whose head reads the first token alone, and whose attention comes in a form for queries from elsewhere.
_FIRST_TOKEN_HEADS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
_POOL_SIZE = 2**23


def attention_for_training(placement: Placement) -> str | None:
    """Return the ``attn_implementation`` to train with; None: what transformers chooses.

    With no dropout on attention weights, three plain operations are faster on a CPU than its fused kernel; on a GPU the
    fused kernel is faster and needs less memory.
    """
    return "eager" if placement.device == "cpu" else None


def speed_up_training(model: PreTrainedModel, placement: Placement, seed: int) -> None:
    """Change what is faster otherwise on this device, in place, after techniques have changed the model.

    Args:
        model: without ``compute_only_first_token``, which comes first.
        placement: where it is trained, and in which number format.
        seed: equal seeds give equal dropout masks.
    """
    if placement.device == "cpu":
        in_bf16 = placement.precision == "bf16"
        use_pooled_dropout(model, torch.bfloat16 if in_bf16 else torch.float32, seed)
        if in_bf16:
            keep_in_bf16(model)


def compute_only_first_token(model: PreTrainedModel) -> None:
    """Have the last layer compute its first token alone, in place; every logit and every gradient stays the same.

    The head reads the last layer at [CLS] and nowhere else. There, keys and values are needed of all tokens, but the
    query, the output projection and the feed-forward network of one: 10 of the layer's 12 parts of products, a seventh
    of the whole of a model of six layers. It is cross-attention from the first token to all of them. The weights keep
    their names. ``last_hidden_state`` is (texts, 1, width) from here on, and the last layer's attention one row.

    Models of other architectures are left as they are.
    """
    if model.config.model_type not in _FIRST_TOKEN_HEADS:
        return
    encoder: Any = model.base_model.encoder
    layer = encoder.layer[-1]
    to_itself = layer.attention
    attention = type(to_itself)(model.config, layer_idx=to_itself.self.layer_idx, is_cross_attention=True)
    attention.load_state_dict(to_itself.state_dict(), assign=True)
    attention.register_forward_pre_hook(_query_first_token, with_kwargs=True)
    layer.attention = attention.train(to_itself.training)


def _query_first_token(module: nn.Module, args: Any, kwargs: dict[str, Any]) -> Any:  # noqa: ARG001 - a hook's
    """Return (states, mask) of attention to itself as those of attention from the first token to all."""
    states, mask = args  # (texts, tokens, width), and (texts, 1, 1 or tokens, tokens) or nothing
    everything = {"encoder_hidden_states": states, "encoder_attention_mask": mask if mask is None else mask[:, :, :1]}
    # A slice with gaps goes into a product a text at a time, each with a copy of the weights.
    return (states[:, :1].contiguous(),), kwargs | everything


class PooledDropout(nn.Dropout):
    """Inverted dropout (Srivastava et al., 2014) with the window of a pool at a random place as its mask.

    Drawing, comparing and converting a random number an element took an eighth of a training step of MiniLM-L6; here
    all that is left is the product. ``pool`` is (n,) of 0 and one scale; the rate is the one for which this scale keeps
    the expectation. A tensor of more than half of the pool's elements gets a mask of its own.
    """

    def __init__(self, rate: float, pool: Tensor) -> None:
        super().__init__(rate)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` of any shape, with elements blanked out and the others scaled while training.

        Else ``x`` itself.
        """
        if not self.training or self.p == 0:
            return x
        if x.numel() > len(self.pool) // 2:
            return super().forward(x)
        start = int(torch.randint(len(self.pool) - x.numel(), ()))
        return x * self.pool[start : start + x.numel()].view(x.shape)


def use_pooled_dropout(model: nn.Module, dtype: torch.dtype, seed: int) -> None:
    """Replace every ``nn.Dropout`` below ``model``, in place. They hold no weights: what is saved stays the same.

    Args:
        model: a model on the CPU.
        dtype: the number format of its hidden states.
        seed: equal seeds give equal pools.
    """
    pools: dict[float, Tensor] = {}
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Dropout and child.p:
                if child.p not in pools:
                    pools[child.p] = draw_pool(child.p, dtype, seed)
                setattr(module, name, PooledDropout(child.p, pools[child.p]))


def draw_pool(rate: float, dtype: torch.dtype, seed: int) -> Tensor:
    """Return (8,388,608,) of 0, at about the given rate, and of the scale that makes the mean 1."""
    scale = torch.tensor(1 / (1 - rate), dtype=dtype)  # as this number format has it: bf16 rounds 1.111 to 1.109
    dropped = 1 - 1 / scale.item()
    draws = torch.rand(_POOL_SIZE, generator=torch.Generator().manual_seed(seed))
    return (draws >= dropped).to(dtype).mul_(scale)


def keep_in_bf16(model: nn.Module) -> None:
    """Have the embeddings hand on bf16, so that the residual stream between the layers stays in bf16.

    Autocast computes each matrix product in bf16 but leaves the embeddings' output, and with it every sum along the
    residual stream, in fp32: queries, keys, values and both feed-forward layers then each convert it anew, forward and
    backward. Layer norms still reduce in fp32 inside, and weights, gradients and the optimiser stay in fp32. The hook
    is not saved with the model, and does nothing outside of autocast. A model whose embeddings have another name is
    left as it is.
    """
    embeddings = getattr(getattr(model, "base_model", model), "embeddings", None)
    if isinstance(embeddings, nn.Module):
        embeddings.register_forward_hook(_to_bf16)


def _to_bf16(module: nn.Module, arguments: Any, output: Tensor) -> Tensor:  # noqa: ARG001 - the signature of a hook
    return output.to(torch.bfloat16) if torch.is_autocast_enabled("cpu") else output


def round_to_bf16(model: PreTrainedModel) -> PreTrainedModel:
    """Return a copy of a model with weights in bf16, which autocast would convert anew in each batch."""
    # deepcopy takes what stands in its memo as copied: there is never a second set of weights in fp32, whose memory a
    # worker would keep.
    weights = ((id(w), nn.Parameter(w.detach().bfloat16(), False)) for w in model.parameters())
    rounded: PreTrainedModel = copy.deepcopy(model, dict(weights)).bfloat16()
    return rounded


def with_plain_attention(model: PreTrainedModel) -> PreTrainedModel:
    """Return a copy that shares all weights of a model and attends in three plain operations."""
    plain: PreTrainedModel = _sharing_copy(model)
    plain.set_attn_implementation("eager")
    return plain


def layers_of(model: nn.Module) -> nn.ModuleList:
    """Return the longest stack of a model, bottom first: its layers, where each has weights of its own."""
    stacks = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    return max(stacks, key=len, default=nn.ModuleList())


def divide(model: PreTrainedModel, layer: int) -> tuple[PreTrainedModel, PreTrainedModel]:
    """Return the encoder below a layer, and a classifier from there on, which share all weights of a model.

    The second reads what the highest layer of the first hands on as ``inputs_embeds``. Architectures that do more than
    one layer after the other upon their embeddings compute something else so: whoever divides has to try.

    Args:
        model: its ``base_model`` has ``embeddings``.
        layer: its number, from 0.
    """
    below, above = _sharing_copy(model.base_model), _sharing_copy(model)
    del layers_of(below)[layer:]
    del layers_of(above)[:layer]
    above.base_model.embeddings = _Given()
    return below, above


class _Given(nn.Module):
    """In the place of embeddings: hands on the vectors that the model was given in place of ids."""

    def forward(self, *given: Any, **named: Any) -> Tensor:
        return next(each for each in (*given, *named.values()) if isinstance(each, Tensor) and each.is_floating_point())


def _sharing_copy(model: Any) -> Any:
    """Return a copy of a model, or of a part of it, that shares all weights and dropout masks."""
    own = (each for module in model.modules() for each in vars(module).values())
    shared = {id(each): each for each in (*model.parameters(), *model.buffers(), *own) if isinstance(each, Tensor)}
    return copy.deepcopy(model, shared)
