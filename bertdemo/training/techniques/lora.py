"""Low-rank adapters (LoRA; Hu et al., 2022): the base stays as it came, and small matrices beside its layers learn."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.training.technique import Technique, setting

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


@dataclass
class LoRA(Technique):
    """Train B · A beside each linear layer of the encoder: its weight W becomes W + 2 · B · A.

    A (rank, inputs) is random and B (outputs, rank) zero at first (alpha = 2 · rank). What lies above the encoder's
    layers, the pooler and the head, is trained whole. ``models/checkpoints.py`` saves and loads such a model.
    """

    place = 4
    may_not_suit_base = True
    lora_rank: int = setting(
        0, bounds=(0, 256), label="LoRA rank",
        help="Rank of small matrices (LoRA) trained in the layers' place; they want ten times the rate; 0: none.",
    )  # fmt: skip

    def adapt_model(self, model: PreTrainedModel, base: str) -> None:
        """Put the small matrices into the model and freeze all but what is trained, see ``Technique.adapt_model``.

        Raises:
            ModelError: the encoder has no linear layers to adapt.
        """
        from peft import LoraConfig, inject_adapter_in_model
        from transformers.pytorch_utils import Conv1D

        targets = _linear_layers(model)
        config = LoraConfig(
            r=self.lora_rank,
            lora_alpha=2 * self.lora_rank,
            target_modules="|".join(map(re.escape, sorted(targets))),
            # GPT-2 and its kin keep the weights of a linear layer as (inputs, outputs).
            fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in targets.values()),
            modules_to_save=_above_the_layers(model),
            base_model_name_or_path=base,
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
