"""A classifier: a BERT with a classification head, its tokenizer and the names of its labels."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from bertdemo.models.devices import Placement

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

Padding = Literal["right", "left", "none"]


@dataclass(frozen=True)
class Classifier:
    """What predicts. ``max_length`` is in tokens, special tokens included; longer texts are truncated there.

    Logits are divided by ``temperature`` before the softmax (Guo et al., 2017). One of several threads holds ``lock``
    while it uses the model or the tokenizer: tokenizers refuse to be used twice at a time, and two forward passes on
    the same cores are slower than one after the other.

    ``padding`` is where a batch is filled up, or ``none``: this architecture reads padding as text, and only texts of
    equally many tokens go through it together. ``only_fp32``: it cannot compute in bf16 or fp16.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    label_names: tuple[str, ...]
    max_length: int
    temperature: float = 1.0
    padding: Padding = "right"
    only_fp32: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def pad_id(self) -> int:
        """The id that fills up a batch: the model's own, by which some heads find the end of a text."""
        ids = (self.model.config.get_text_config().pad_token_id, self.tokenizer.pad_token_id)
        return next((i for i in ids if i is not None and i >= 0), 0)

    def suit(self, placement: Placement) -> Placement:
        """Return the placement, in a number format that this classifier can compute in.

        Where tokens go to a few of many experts, rounding sends them to others, and clear predictions change.
        """
        is_mixture = is_mixture_of_experts(self.model.config)
        if placement.precision == "fp32" or not (self.only_fp32 or is_mixture):
            return placement
        unable = f"this base cannot compute in {placement.precision}"
        why = "rounding would change its experts" if is_mixture else unable
        return replace(placement, precision="fp32", reason=f"fp32: {why}")

    @cached_property
    def in_bf16(self) -> Classifier:
        """The same with weights rounded to bf16, made when it is first asked for; it shares the lock."""
        from bertdemo.models.speedups import round_to_bf16

        with self.lock:
            return replace(self, model=round_to_bf16(self.model))

    @cached_property
    def gradients_in_bf16(self) -> Classifier:
        """``in_bf16`` for gradients, whose weights it shares: the fused attention is slow on its way back."""
        from bertdemo.models.speedups import with_plain_attention

        rounded = self.in_bf16
        with self.lock:
            return replace(rounded, model=with_plain_attention(rounded.model))


def is_mixture_of_experts(config: PretrainedConfig) -> bool:
    """Return whether the architecture sends each token to a few of many experts."""
    text = config.get_text_config()
    numbers = [getattr(text, name, None) for name in ("num_experts", "num_local_experts", "n_routed_experts")]
    return getattr(text, "is_moe", True) and any(isinstance(each, int) and each > 1 for each in numbers)
