"""Classifiers from files and back: a base with a fresh head, and what was trained, saved whole or as an adapter.

Of a classifier trained with LoRA (Hu et al., 2022) only the small matrices are saved, and the name of its base. They
are added to the base's weights on loading, so that nobody downstream meets an adapter and predicting costs what it did.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.drafts import drafted, read_steadily, recover, sweep
from bertdemo.errors import ModelError
from bertdemo.models import load_libraries
from bertdemo.models.base_check import longest_input, probe, set_padding_token
from bertdemo.models.catalog import files_of, find_base
from bertdemo.models.classifier import Classifier
from bertdemo.models.files import ADAPTER_CARD, CARD
from bertdemo.models.pretrained import (
    as_model_error,
    check_weights,
    is_about_the_machine,
    read_config,
    saved_config,
    with_fresh_head,
    with_saved_head,
)
from bertdemo.models.vocabulary import add_emoji, read_tokenizer

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."  # of the names of weights in files of peft
_A, _B = ".lora_A.weight", ".lora_B.weight"
# What the configuration of a plain adapter may say; the rest of it is empty, or peft does more than we do.
_OF_PLAIN_LORA = {
    "base_model_name_or_path", "bias", "init_lora_weights", "inference_mode", "lora_alpha", "lora_dropout",
    "megatron_core", "modules_to_save", "peft_type", "peft_version", "qalora_group_size", "r", "target_modules",
    "task_type",
}  # fmt: skip


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
    with as_model_error(base.location):
        config = read_config(base.location, label_names, dropout)
        tokenizer = read_tokenizer(base.location)
        model = with_fresh_head(base.location, config, attention)
        set_padding_token(model, tokenizer)
        add_emoji(model, tokenizer)
    return probe(Classifier(model, tokenizer, label_names, min(max_length, longest_input(model.config, tokenizer))))


def load_classifier(folder: Path, *, output_attentions: bool = False) -> Classifier:
    """Return the classifier that ``save_classifier`` wrote to ``folder``, in fp32 on the CPU, ready to predict.

    One that is saved anew meanwhile is read as it was or as it is, never half of each.

    Args:
        folder: of the classifier.
        output_attentions: whether the model can tell its attention weights, and computes every token in its last layer:
            for looking inside, at a third more time.

    Raises:
        ModelError: the folder is missing or damaged, or the adapter's base cannot be had.
    """
    from bertdemo.models.speedups import compute_only_first_token

    load_libraries()
    sweep(folder.parent, folder)
    sweep(folder, folder / CARD)
    attention = "eager" if output_attentions else None  # from the start: Falcon does not change it afterwards
    classifier = read_steadily(folder, lambda: _load_saved(folder, with_saved_head, attention))
    if not output_attentions:
        compute_only_first_token(classifier.model)
    return classifier


def load_first(folder: Path) -> Classifier | None:
    """Return the classifier in ``folder`` for predictions alone, in half the time of the first ``load_classifier``.

    The other half is what importing transformers' models takes. None where ``PlainBert`` cannot compute it, or where
    anything is the matter with the folder, of which ``load_classifier`` tells.
    """
    from bertdemo.models.plain_bert import read_plain_bert

    def plain(location: str, config: PretrainedConfig | None = None, **options: Any) -> Any:
        """Stand in for ``with_saved_head``."""
        empty = "ignore_mismatched_sizes" in options
        model: Any = read_plain_bert(location, config or saved_config(location), empty_head=empty)
        check_weights(location, model, missing=())
        return model

    try:
        return read_steadily(folder, lambda: _load_saved(folder, plain))
    except ModelError:
        return None


def save_classifier(classifier: Classifier, folder: Path) -> None:
    """Write weights (safetensors), configuration, tokenizer, labels: all take the place of what was saved there before.

    A process that is killed in between leaves the one or the other, whole.

    Raises:
        ModelError: the folder holds something else, which would be lost.
        OSError: the disk is full or the folder cannot be written.
    """
    sweep(folder.parent, folder)
    recover(folder)
    others = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []
    if others and not (folder / CARD).exists():
        raise ModelError(f"The folder {folder} holds other files and no classifier: save it in a new folder.")
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
        (draft / CARD).write_text(json.dumps(card), encoding="utf-8")


def write_temperature(folder: Path, temperature: float) -> None:
    """Have the classifier in ``folder`` divide its logits by ``temperature`` from now on.

    Raises:
        OSError: the folder cannot be written.
    """
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    with drafted(folder / CARD) as draft:
        draft.write_text(json.dumps(card | {"temperature": temperature}), encoding="utf-8")


def files_beside(folder: Path) -> list[Path]:
    """Return what the weights in ``folder`` need to be a model.

    None if they are whole, else how to add them and the base.

    Raises:
        OSError, ValueError, KeyError: the adapter's configuration cannot be read.
        ModelError: there is no such base.
    """
    return [folder / ADAPTER_CARD, *files_of(find_base(_base_of(folder)))] if has_adapter(folder) else []


def is_adapted(model: PreTrainedModel) -> bool:
    """Return whether ``model`` is trained through an adapter, as ``training/techniques/lora.py`` makes it."""
    return hasattr(model, "peft_config")


def has_adapter(folder: Path) -> bool:
    """Return whether ``folder`` holds an adapter and no whole model."""
    return (folder / ADAPTER_CARD).is_file()


def save_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Write what was trained, and how it is put together, in the format of ``peft``. The base itself is not written.

    Weights are stored in half precision: they are added to the base's in fp32, of which they are a small part.
    """
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    adapted: Any = model
    weights = get_peft_model_state_dict(adapted, save_embedding_layers=False)  # "auto" would ask the Hub
    halves = {_PREFIX + name: weight.to("cpu", torch.float16).contiguous() for name, weight in weights.items()}
    save_file(halves, folder / _ADAPTER_WEIGHTS, metadata={"format": "pt"})
    adapted.peft_config["default"].save_pretrained(str(folder))


def merge_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Add the adapter in ``folder`` to the weights of ``model``, its base with a fresh head, in place and in fp32.

    W + (alpha / rank) · B · A takes the place of each weight W.

    Raises:
        OSError, ValueError, KeyError, RuntimeError, SafetensorError: the adapter is damaged or does not fit the model.
    """
    from safetensors.torch import load_file

    saved = load_file(folder / _ADAPTER_WEIGHTS)
    weights = {name.removeprefix(_PREFIX): weight.float() for name, weight in saved.items()}
    card = json.loads((folder / ADAPTER_CARD).read_text(encoding="utf-8"))
    if _is_plain_lora(card):
        _merge_plain_lora(model, card, weights)
    else:
        _merge_by_peft(model, folder, weights)


def _is_plain_lora(card: dict[str, Any]) -> bool:
    """Return whether an adapter is what Hu et al. describe and no more; peft knows two dozen things to add."""
    added = (value for name, value in card.items() if name not in _OF_PLAIN_LORA)
    usual = card["peft_type"] == "LORA" and card["bias"] == "none" and isinstance(card["init_lora_weights"], bool)
    return usual and not any(added)


def _merge_plain_lora(model: PreTrainedModel, card: dict[str, Any], weights: dict[str, Tensor]) -> None:
    """Do what peft does, which takes two seconds to import and to make an adapted model of each layer first.

    Raises:
        ValueError, KeyError, RuntimeError: as of ``merge_adapter``.
    """
    import torch

    targets = card["target_modules"]
    by_end = f"(.*\\.)?({'|'.join(map(re.escape, targets))})" if isinstance(targets, list) else targets
    adapted = {name for name, _ in model.named_modules() if re.fullmatch(by_end, name)}
    if {name.removesuffix(_A) for name in weights if name.endswith(_A)} != adapted:
        raise ValueError("the adapter does not fit its base: it has matrices for other layers")
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name in adapted:
            change = weights.pop(name + _B) @ weights.pop(name + _A) * (card["lora_alpha"] / card["r"])
            weights[f"{name}.weight"] = parameters[f"{name}.weight"] + change
        for name, weight in weights.items():  # those of ``modules_to_save``, too
            if parameters[name].shape != weight.shape:
                raise ValueError(f"the adapter does not fit its base: {name} has another shape")
            parameters[name].copy_(weight)


def _merge_by_peft(model: PreTrainedModel, folder: Path, weights: dict[str, Tensor]) -> None:
    from peft import LoraConfig, LoraModel, set_peft_model_state_dict

    adapted: Any = LoraModel(model, LoraConfig.from_pretrained(str(folder)), "default")
    loaded: Any = set_peft_model_state_dict(adapted.model, weights)
    lacking = [name for name in loaded.missing_keys if ".lora_" in name]
    if lacking or loaded.unexpected_keys:
        raise ValueError(f"the adapter does not fit its base: {[*lacking, *loaded.unexpected_keys][:3]}")
    adapted.merge_and_unload()


def _load_saved(folder: Path, with_head: Callable[..., PreTrainedModel], attention: str | None = None) -> Classifier:
    from safetensors import SafetensorError

    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        labels = tuple(card["label_names"])
        if has_adapter(folder):
            model, tokenizer = _load_adapted(folder, labels, int(card.get("tokens", 0)), attention, with_head)
        else:
            tokenizer = read_tokenizer(str(folder))
            model = with_head(str(folder), attention=attention)
        set_padding_token(model, tokenizer)
        temperature = float(card.get("temperature", 1.0))
        if not 0 < temperature < math.inf:  # 0 would answer with NaN, and a negative one with the least likely label
            raise ValueError("a temperature is a positive number")
        classifier = Classifier(
            model.eval(), tokenizer, labels, int(card["max_length"]), temperature,
            padding=card.get("padding", "right"), only_fp32=bool(card.get("only_fp32", False)),
        )  # fmt: skip
        return classifier if "padding" in card else probe(classifier)  # runs from before padding was looked at
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        if is_about_the_machine(error):
            raise
        raise ModelError(
            f"The model in {folder.name} is missing or damaged: train it again or restore the folder."
        ) from error


def _load_adapted(
    folder: Path,
    label_names: tuple[str, ...],
    tokens: int,
    attention: str | None,
    with_head: Callable[..., PreTrainedModel],
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return a base model with the adapter in ``folder`` added to its weights, and the base's tokenizer.

    ``tokens`` of the tokenizer it was trained with; 0 of an adapter from before emoji were read.
    """
    base = find_base(_base_of(folder))
    with as_model_error(base.location):
        config = read_config(base.location, label_names, dropout=0.0)
        model = with_head(base.location, config, attention=attention, ignore_mismatched_sizes=True)
        tokenizer = read_tokenizer(base.location)
    if tokens > len(tokenizer):
        add_emoji(model, tokenizer)
    merge_adapter(model, folder)
    return model, tokenizer


def _base_of(folder: Path) -> str:
    """Return the name of the base model that the adapter in ``folder`` was trained on, as in ``find_base``."""
    return str(json.loads((folder / ADAPTER_CARD).read_text(encoding="utf-8"))["base_model_name_or_path"])
