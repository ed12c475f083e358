"""Frozen layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertdemo.errors import RecipeError
from bertdemo.training.technique import Technique, setting
from bertdemo.training.techniques.frozen_embeddings import FrozenEmbeddings

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass
class FrozenLayers(Technique):
    """Leave the lowest layers as they came, and the token embeddings below them."""

    place = 3
    may_not_suit_base = True
    frozen_layers: int = setting(
        0, bounds=(0, 128),
        help="Leave this many of the lowest layers as they came; faster, and less able to adapt.",
    )  # fmt: skip

    def freeze_weights(self, model: PreTrainedModel) -> None:
        """Freeze the layers, see ``Technique.freeze_weights``.

        Raises:
            RecipeError: layers that share their weights (ALBERT) were to be frozen one by one.
        """
        from torch.nn import ModuleList

        stacks = [list(module) for module in model.modules() if isinstance(module, ModuleList)]
        layers = max(stacks, key=len, default=[])  # bottom first
        depth = getattr(model.config, "num_hidden_layers", None) or 0
        if len(layers) < depth:
            raise RecipeError(
                f"The {depth} layers of the architecture {model.config.model_type} share their weights or come in "
                "blocks, so that the lowest of them cannot be frozen alone: set frozen layers to 0."
            )
        FrozenEmbeddings().freeze_weights(model)
        for layer in layers[: self.frozen_layers]:
            layer.requires_grad_(False)
