"""A classifier: a BERT with a classification head, its tokenizer and the names of its labels."""

from __future__ import annotations

import copy
import json
import math
import threading
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bertdemo.drafts import drafted, read_steadily, recover, sweep
from bertdemo.errors import ModelError
from bertdemo.models.adapters import base_of, has_adapter, is_adapted, merge_adapter, save_adapter
from bertdemo.models.base_check import agree_on_padding, fit, has_experts, longest_input
from bertdemo.models.catalog import find_base
from bertdemo.models.devices import Placement
from bertdemo.models.first_token import read_first_token_only
from bertdemo.models.libraries import load_libraries
from bertdemo.models.pretrained import (
    is_about_the_machine,
    read_config,
    told_as_model_error,
    with_fresh_head,
    with_saved_head,
)
from bertdemo.models.vocabulary import add_emoji, read_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Padding = Literal["right", "left", "none"]

_CARD = "classifier.json"


@dataclass(frozen=True)
class Classifier:
    """What predicts. ``max_length`` is in tokens, special tokens included; longer texts are cut there.

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

        Where tokens go to a few of many experts, rounding sends them to others, and clear answers change.
        """
        experts = has_experts(self.model.config)
        if placement.precision == "fp32" or not (self.only_fp32 or experts):
            return placement
        why = "rounding would change its experts" if experts else f"this base cannot compute in {placement.precision}"
        return replace(placement, precision="fp32", reason=f"fp32: {why}")

    @cached_property
    def in_bf16(self) -> Classifier:
        """The same with weights rounded to bf16, made when it is first asked for; it shares the lock.

        On a CPU it predicts a quarter faster than under autocast, which converts weights and hidden states in each
        batch.
        """
        import torch

        with self.lock:
            # deepcopy takes what stands in its memo as copied: there is never a second set of weights in fp32, whose
            # memory a worker would keep.
            weights = ((id(w), torch.nn.Parameter(w.detach().bfloat16(), False)) for w in self.model.parameters())
            rounded: PreTrainedModel = copy.deepcopy(self.model, dict(weights)).bfloat16()
            return replace(self, model=rounded)


def load_base(
    name: str,
    label_names: tuple[str, ...],
    *,
    dropout: float,
    max_length: int,
    seed: int = 0,
    attention: str | None = None,
) -> Classifier:
    """Return a base model with a fresh, untrained head for these labels, in fp32 on the CPU.

    It reads emoji (``add_emoji``).

    The head is new even where the base comes with one: a checkpoint that was fine-tuned before is a base like any
    other, whatever labels it had.

    Args:
        name: see ``find_base``.
        label_names: the labels, in the order of the logits.
        dropout: of hidden states and of the head. Attention weights are not dropped: on a CPU their random masks cost
            a fifth of the training time, for no difference in scores beyond the noise between seeds
            (``benchmarks/README.md``).
        max_length: in tokens; lowered to what the base can read.
        seed: of the head's random weights (and of all of torch from here on).
        attention: ``attn_implementation`` of transformers; None leaves the choice to it.

    Raises:
        ModelError: the base cannot be found, read, or reached.
    """
    import torch

    base = find_base(name)
    torch.manual_seed(seed)
    with told_as_model_error(base.location):
        config = read_config(base.location, label_names, dropout)
        tokenizer = read_tokenizer(base.location)
        model = with_fresh_head(base.location, config, attention)
        agree_on_padding(model, tokenizer)
        add_emoji(model, tokenizer)
    most = min(max_length, longest_input(model.config, tokenizer))
    return fit(Classifier(model, tokenizer, label_names, most))


def load_classifier(folder: Path, *, complete: bool = False) -> Classifier:
    """Return the classifier that ``save_classifier`` wrote to ``folder``, in fp32 on the CPU, ready to predict.

    An adapter is added to its base's weights: whoever predicts meets a whole model. One that is ``complete`` computes
    every token in its last layer, too, and can tell its attention weights: for looking inside, at a third more time.

    One that is saved anew meanwhile is read as it was or as it is, never half of each.

    Raises:
        ModelError: the folder is missing or damaged, or the adapter's base cannot be had.
    """
    load_libraries()
    sweep(folder.parent, folder)
    sweep(folder, folder / _CARD)
    return read_steadily(folder, lambda: _load_saved(folder, complete))


def _load_saved(folder: Path, complete: bool) -> Classifier:
    from safetensors import SafetensorError

    attention = "eager" if complete else None  # from the start: Falcon does not change it afterwards
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        labels = tuple(card["label_names"])
        if has_adapter(folder):
            model, tokenizer = _load_adapted(folder, labels, int(card.get("tokens", 0)), attention)
        else:
            tokenizer = read_tokenizer(str(folder))
            model = with_saved_head(str(folder), attention=attention)
        agree_on_padding(model, tokenizer)
        if not complete:
            read_first_token_only(model)
        classifier = Classifier(
            model.eval(), tokenizer, labels, int(card["max_length"]), _temperature(card.get("temperature", 1.0)),
            padding=card.get("padding", "right"), only_fp32=bool(card.get("only_fp32", False)),
        )  # fmt: skip
        return classifier if "padding" in card else fit(classifier)  # runs from before padding was looked at
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        if is_about_the_machine(error):
            raise
        raise ModelError(
            f"The model in {folder.name} is missing or damaged: train it again or restore the folder."
        ) from error


def _temperature(value: Any) -> float:
    """Return a divisor of logits: 0 would answer with NaN, and a negative one with the least likely label."""
    temperature = float(value)
    if not 0 < temperature < math.inf:
        raise ValueError("a temperature is a positive number")
    return temperature


def save_classifier(classifier: Classifier, folder: Path) -> None:
    """Write weights (safetensors), configuration, tokenizer, labels: all take the place of what was saved there before.

    A process that is killed in between leaves the one or the other, whole. Of a classifier trained with LoRA only what
    was trained is written, and the name of its base.

    Raises:
        ModelError: the folder holds something else, which would be lost.
        OSError: the disk is full or the folder cannot be written.
    """
    sweep(folder.parent, folder)
    recover(folder)
    _refuse_other_contents(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with drafted(folder) as draft:
        draft.mkdir()
        if is_adapted(classifier.model):  # the tokenizer is the base's, as are most of the weights
            save_adapter(classifier.model, draft)
        else:
            classifier.model.save_pretrained(draft)
            classifier.tokenizer.save_pretrained(draft)
        card = {
            "label_names": classifier.label_names,
            "max_length": classifier.max_length,
            "temperature": classifier.temperature,
            "padding": classifier.padding,
            "only_fp32": classifier.only_fp32,
            "tokens": len(classifier.tokenizer),
        }
        (draft / _CARD).write_text(json.dumps(card), encoding="utf-8")


def _refuse_other_contents(folder: Path) -> None:
    others = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
    if others and not (folder / _CARD).exists():
        raise ModelError(f"The folder {folder} holds other files and no classifier: save it in a new folder.")


def write_temperature(folder: Path, temperature: float) -> None:
    """Have the classifier in ``folder`` divide its logits by ``temperature`` from now on.

    Raises:
        OSError: the folder cannot be written.
    """
    card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    with drafted(folder / _CARD) as draft:
        draft.write_text(json.dumps(card | {"temperature": temperature}), encoding="utf-8")


def _load_adapted(
    folder: Path, label_names: tuple[str, ...], tokens: int, attention: str | None
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a base model with the adapter in ``folder`` added to its weights, and the base's tokenizer.

    ``tokens`` of the tokenizer it was trained with; 0 of an adapter from before emoji were read.
    """
    base = find_base(base_of(folder))
    with told_as_model_error(base.location):
        config = read_config(base.location, label_names, dropout=0.0)
        model = with_saved_head(base.location, config, attention=attention, ignore_mismatched_sizes=True)
        tokenizer = read_tokenizer(base.location)
    if tokens > len(tokenizer):
        add_emoji(model, tokenizer)
    merge_adapter(model, folder)
    return model, tokenizer
