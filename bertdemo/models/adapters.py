"""Low-rank adapters (LoRA, Hu et al., 2022) on disk: a few weights beside a base model instead of all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.models.catalog import files_of, find_base

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."  # of the names of weights in files of peft


def is_adapted(model: PreTrainedModel) -> bool:
    """Return whether ``model`` is trained through an adapter, as ``training.lora`` makes it."""
    return hasattr(model, "peft_config")


def has_adapter(folder: Path) -> bool:
    """Return whether ``folder`` holds an adapter and no whole model."""
    return (folder / _CONFIG).is_file()


def base_of(folder: Path) -> str:
    """Return the name of the base model that the adapter in ``folder`` was trained on, as in ``find_base``.

    Raises:
        OSError, ValueError, KeyError: the adapter's configuration cannot be read.
    """
    return str(json.loads((folder / _CONFIG).read_text(encoding="utf-8"))["base_model_name_or_path"])


def files_beside(folder: Path) -> list[Path]:
    """Return what the weights in ``folder`` need to be a model.

    None if they are whole, else how to add them and the base.

    Raises:
        OSError, ValueError, KeyError: the adapter's configuration cannot be read.
        ModelError: there is no such base.
    """
    return [folder / _CONFIG, *files_of(find_base(base_of(folder)))] if has_adapter(folder) else []


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
    save_file(halves, folder / _WEIGHTS, metadata={"format": "pt"})
    adapted.peft_config["default"].save_pretrained(str(folder))


def merge_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Add the adapter in ``folder`` to the weights of ``model``, its base with a fresh head, in place and in fp32.

    W + (alpha / rank) · B · A takes the place of each weight W, so that nobody downstream meets an adapter and
    predicting costs what it did.

    Raises:
        OSError, ValueError, KeyError, RuntimeError, SafetensorError: the adapter is damaged or does not fit the model.
    """
    from peft import LoraConfig, LoraModel, set_peft_model_state_dict
    from safetensors.torch import load_file

    adapted: Any = LoraModel(model, LoraConfig.from_pretrained(str(folder)), "default")
    weights = {name.removeprefix(_PREFIX): weight.float() for name, weight in load_file(folder / _WEIGHTS).items()}
    loaded: Any = set_peft_model_state_dict(adapted.model, weights)
    lacking = [name for name in loaded.missing_keys if ".lora_" in name]
    if lacking or loaded.unexpected_keys:
        raise ValueError(f"the adapter does not fit its base: {[*lacking, *loaded.unexpected_keys][:3]}")
    adapted.merge_and_unload()
