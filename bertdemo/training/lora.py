"""Training through a low-rank adapter: the base stays as it came, and small matrices beside its layers learn."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


def add_lora(model: PreTrainedModel, recipe: Recipe) -> None:
    """Put LoRA (Hu et al., 2022) of rank ``recipe.lora_rank`` into every linear layer of the model's encoder, in place.

    Each weight W becomes W + 2 · B · A with A (rank, inputs) random and B (outputs, rank) zero, of which A and B alone
    are trained (alpha = 2 · rank). What lies above the encoder's layers, the pooler and the head, is trained whole.

    Raises:
        ModelError: the encoder has no linear layers to adapt.
    """
    from peft import LoraConfig, inject_adapter_in_model
    from transformers.pytorch_utils import Conv1D

    targets = _linear_layers(model)
    config = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=2 * recipe.lora_rank,
        target_modules="|".join(map(re.escape, sorted(targets))),
        # GPT-2 and its kin keep the weights of a linear layer as (inputs, outputs).
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in targets.values()),
        modules_to_save=_above_the_layers(model),
        base_model_name_or_path=recipe.base,
    )
    inject_adapter_in_model(config, model)
    _keep_number_format(model)


def _linear_layers(model: PreTrainedModel) -> dict[str, nn.Module]:
    """Return the linear layers in the encoder's stacks by their names: those of a decoder and of experts included.

    Left as they are: kinds derived from them, such as routers, which may hand on something else; and layers that share
    their weights with others (Zamba), to which each adapter would be added once for each of them.

    Raises:
        ModelError: there are none.
    """
    from torch.nn import Linear, ModuleList
    from transformers.pytorch_utils import Conv1D

    stacks = [module for module in model.base_model.modules() if isinstance(module, ModuleList)]
    stacked = {layer for stack in stacks for layer in stack.modules() if type(layer) in (Linear, Conv1D)}
    owners = Counter(id(weight) for module in model.modules() for weight in module.parameters(recurse=False))
    linear = {
        name: layer
        for name, layer in model.named_modules()
        if layer in stacked and owners[id(layer.get_parameter("weight"))] == 1
    }
    if not linear:
        raise ModelError("This base model has no linear layers that LoRA could adapt: set the LoRA rank to 0.")
    return linear


def _above_the_layers(model: PreTrainedModel) -> list[str]:
    """Return names of the modules with weights between the last layer and the logits."""
    encoder = model.base_model_prefix
    names = [
        name for name, child in model.named_children() if name != encoder and any(True for _ in child.parameters())
    ]
    return [f"{encoder}.pooler", *names] if getattr(model.base_model, "pooler", None) is not None else names


def _keep_number_format(model: PreTrainedModel) -> None:
    """Leave the choice of number format to autocast; peft would convert each layer's input to fp32 and back."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    layers: list[Any] = [module for module in model.modules() if isinstance(module, BaseTunerLayer)]
    for layer in layers:
        layer.cast_input_dtype_enabled = False
