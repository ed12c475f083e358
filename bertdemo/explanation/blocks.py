"""The attention blocks of a classifier: what its heads see, and a way to ablate some of them for a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ExplanationError
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bertdemo.explanation.tokenized_text import TokenizedText

Head = tuple[int, int]  # layer and head, from 0
NO_HEADS: frozenset[Head] = frozenset()


@dataclass(frozen=True)
class _Family:
    """Where an architecture keeps its layers, and in a layer the attention, its last product and its first ones."""

    layers: str
    attention: str
    projection: str
    parts: tuple[str, ...]


_BERT = _Family("encoder.layer", "attention.self", "attention.output.dense", ("query", "key", "value"))
_LIKE_BERT = (
    "bert", "camembert", "data2vec-text", "electra", "ernie", "layoutlm", "markuplm", "megatron-bert", "rembert",
    "roberta", "roberta-prelayernorm", "roc_bert", "xlm-roberta", "xlm-roberta-xl", "xmod",
)  # fmt: skip
FAMILIES = {
    **dict.fromkeys(_LIKE_BERT, _BERT),
    "distilbert": _Family("transformer.layer", "attention", "attention.out_lin", ("q_lin", "k_lin", "v_lin")),
    "modernbert": _Family("layers", "attn", "attn.Wo", ("Wqkv",)),
}


@dataclass(frozen=True)
class Block:
    """The attention of one layer. ``projection`` takes the outputs of its heads side by side: (…, heads · width)."""

    attention: nn.Module
    projection: nn.Linear
    heads: int
    width: int
    parts: tuple[str, ...]

    def by_head(self, values: Tensor) -> Tensor:
        """Return (tokens, heads · width) as (heads, tokens, width)."""
        return values.view(len(values), self.heads, self.width).transpose(0, 1)

    def queries_keys_values(self, seen: AttentionInputs) -> tuple[Tensor, Tensor, Tensor]:
        """Of every head: three times (heads, tokens, width). Rotary positions are applied where there are such."""
        parts = [self.attention.get_submodule(name)(seen.states) for name in self.parts]
        query, key, value = parts if len(parts) == 3 else parts[0].chunk(3, dim=-1)
        query, key, value = (self.by_head(part) for part in (query, key, value))
        if seen.rotary is None:
            return query, key, value
        from transformers.models.modernbert.modeling_modernbert import apply_rotary_pos_emb

        cosine, sine = seen.rotary
        turned_query, turned_key = apply_rotary_pos_emb(query[None], key[None], cosine, sine)
        return turned_query[0], turned_key[0], value

    def scores(self, query: Tensor, key: Tensor, seen: AttentionInputs) -> Tensor:
        """Return dot products of (…, tokens, width) over √width, and the mask added: (…, tokens, tokens)."""
        scores: Tensor = query @ key.transpose(-1, -2) / self.width**0.5
        return scores if seen.mask is None else scores + seen.mask


@dataclass(frozen=True)
class AttentionInputs:
    """What a layer's attention was given for one text.

    ``states`` (tokens, width of the model); ``mask`` (tokens, tokens) is added to the scores, None where every token
    sees all others; ``rotary`` holds cosines and sines of the positions, for architectures that turn by them.
    """

    states: Tensor
    mask: Tensor | None
    rotary: tuple[Tensor, Tensor] | None


def blocks_of(classifier: Classifier) -> tuple[Block, ...]:
    """Return the attention blocks, from the first layer to the last.

    Raises:
        ExplanationError: the layout of this architecture's heads is not known.
    """
    config = classifier.model.config
    family = FAMILIES.get(config.model_type)
    if family is None:
        raise ExplanationError(
            f"Single heads of the architecture {config.model_type} cannot be switched off or followed in numbers: "
            "choose a run whose base is a BERT, RoBERTa, XLM-R, CamemBERT, ELECTRA, DistilBERT or ModernBERT."
        )
    heads = config.num_attention_heads
    layers: Any = classifier.model.base_model.get_submodule(family.layers)
    projections = [layer.get_submodule(family.projection) for layer in layers]
    return tuple(
        Block(layer.get_submodule(family.attention), projection, heads, projection.in_features // heads, family.parts)
        for layer, projection in zip(layers, projections, strict=True)
    )


def check_eager_attention(classifier: Classifier) -> None:
    """Check that a classifier tells its attention weights at all.

    Raises:
        ExplanationError: it was loaded for predicting only (``load_classifier`` without ``complete``).
    """
    if classifier.model.config._attn_implementation != "eager":  # noqa: SLF001 - there is no public name for it
        raise ExplanationError("This classifier was loaded for predicting alone: load it complete to look inside.")


def check_heads(layers: int, heads: int, asked: Iterable[Head]) -> None:
    """Refuse heads that a model of so many layers, with so many heads each, does not have; people count from 1.

    Raises:
        ExplanationError: names the first layer or head that is not there, and which there are.
    """
    for layer, head in sorted(asked):
        if not 0 <= layer < layers:
            raise ExplanationError(f"There is no layer {layer + 1}: this model has layers 1 to {layers}.")
        if not 0 <= head < heads:
            raise ExplanationError(
                f"There is no head {head + 1}: the layers of this model have heads 1 to {heads} each."
            )


def inputs_of(classifier: Classifier, tokenized: TokenizedText) -> dict[str, Tensor]:
    """``input_ids``, ``attention_mask`` and ``token_type_ids`` if any, each (1, tokens): those of the prediction."""
    import torch

    device = classifier.model.device
    inputs = {"input_ids": torch.from_numpy(tokenized.ids)[None].to(device)}
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if tokenized.segments is not None:
        inputs["token_type_ids"] = torch.from_numpy(tokenized.segments)[None].to(device)
    return inputs


def ablate_heads(classifier: Classifier, off: Iterable[Head]) -> AbstractContextManager[None]:
    """Return a context in which these heads add nothing: their columns of what the projection reads are 0.

    Whoever enters it holds the classifier's ``lock``: others who use the model meanwhile would miss the heads, too.

    Raises:
        ExplanationError: there are such heads, and see ``blocks_of`` and ``check_heads``.
    """
    off = frozenset(off)
    if not off:
        return nullcontext()
    blocks = blocks_of(classifier)
    check_heads(len(blocks), blocks[0].heads, off)
    hooks = []
    for layer in sorted({layer for layer, _ in off}):
        ablated = [head for other, head in off if other == layer]
        hooks.append((blocks[layer].projection, _ablate(blocks[layer], ablated)))
    return _hooked(hooks)


def only_one_off(block: Block, heads: range) -> AbstractContextManager[None]:
    """Open a context in which a text becomes ``len(heads)`` versions at this block, each without one of these.

    The layers below compute one text only; from here on it is a batch, which the residual stream joins by
    broadcasting.
    """
    import torch

    keep = torch.ones(len(heads), 1, block.heads, 1, device=block.projection.weight.device)
    for row, head in enumerate(heads):
        keep[row, 0, head] = 0

    def versions(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return ((inputs[0].unflatten(-1, (block.heads, block.width)) * keep).flatten(-2),)

    return _hooked([(block.projection, versions)])


def capture_attention_inputs(
    classifier: Classifier, tokenized: TokenizedText, off: Iterable[Head] = NO_HEADS
) -> tuple[AttentionInputs, ...]:
    """Return what the attention of each layer was given, while some heads are switched off. Takes the lock.

    Raises:
        ExplanationError: see ``blocks_of``, ``check_eager_attention`` and ``check_heads``.
    """
    import torch

    blocks, seen = blocks_of(classifier), list[AttentionInputs]()
    check_eager_attention(classifier)

    def note(_: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        states = arguments[0] if arguments else named["hidden_states"]
        mask, rotary = named.get("attention_mask"), named.get("position_embeddings")
        seen.append(AttentionInputs(states[0], None if mask is None else mask[0, 0], rotary))

    with classifier.lock, ablate_heads(classifier, off), torch.inference_mode():
        handles = [block.attention.register_forward_pre_hook(note, with_kwargs=True) for block in blocks]
        try:
            classifier.model(**inputs_of(classifier, tokenized))
        finally:
            for handle in handles:
                handle.remove()
    return tuple(seen)


def _ablate(block: Block, heads: list[int]) -> Callable[..., tuple[Tensor, ...]]:
    import torch

    keep = torch.ones(block.heads, device=block.projection.weight.device)
    keep[heads] = 0
    keep = keep.repeat_interleave(block.width)
    return lambda _, inputs: (inputs[0] * keep,)


@contextmanager
def _hooked(hooks: Iterable[tuple[nn.Module, Callable[..., Any]]]) -> Iterator[None]:
    handles = []
    try:
        for module, hook in hooks:
            handles.append(module.register_forward_pre_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()
