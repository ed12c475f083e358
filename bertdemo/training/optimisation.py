"""What moves the weights: which of them, by which optimiser, at which learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertdemo.errors import RecipeError
from bertdemo.models.vocabulary import embeddings_of
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from transformers import PreTrainedModel

_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


def freeze(model: PreTrainedModel, recipe: Recipe) -> None:
    """Switch off gradients of the word embeddings and of the lowest encoder layers, as the recipe says.

    Raises:
        RecipeError: layers that share their weights (ALBERT) were to be frozen one by one.
    """
    embeddings, layers = _anatomy(model)
    depth = getattr(model.config, "num_hidden_layers", None) or 0
    if recipe.frozen_layers and len(layers) < depth:
        raise RecipeError(
            f"The {depth} layers of the architecture {model.config.model_type} share their weights or come in blocks, "
            "so that the lowest of them cannot be frozen alone: set frozen layers to 0."
        )
    if recipe.freeze_embeddings or recipe.frozen_layers:
        for weight in embeddings:
            weight.requires_grad_(False)
    for layer in layers[: recipe.frozen_layers]:
        for weight in layer.parameters():
            weight.requires_grad_(False)


def make_optimizer(model: PreTrainedModel, recipe: Recipe) -> Optimizer:
    """Return AdamW (Loshchilov & Hutter, 2019), Adam, or SGD with momentum 0.9, in one fused kernel.

    Biases and layer-norm weights are not decayed, as in Devlin et al. (2019).
    """
    import torch

    trained = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [w for w in trained if w.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [w for w in trained if w.ndim <= 1], "weight_decay": 0.0},
    ]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, fused=True)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.learning_rate, fused=True)


def make_scheduler(optimizer: Optimizer, recipe: Recipe, steps: int) -> LRScheduler:
    """Warm up from 0 over ``recipe.warmup`` of all steps, then fall linearly or by cosine to 0, or stay."""
    from transformers import get_scheduler

    warmup = round(recipe.warmup * steps)
    scheduler: LRScheduler = get_scheduler(
        _SCHEDULES[recipe.schedule], optimizer, num_warmup_steps=warmup, num_training_steps=steps
    )
    return scheduler


def class_weights(labels: tuple[int, ...], n_labels: int, recipe: Recipe) -> Tensor:
    """Return weights n / (K · n_k) for each label k, so that every label counts the same; all 1 if not asked for."""
    import torch

    if not recipe.class_weights:
        return torch.ones(n_labels)
    counts = torch.bincount(torch.tensor(labels), minlength=n_labels).clamp(min=1)
    return len(labels) / (n_labels * counts)


def _anatomy(model: PreTrainedModel) -> tuple[list[Tensor], list[nn.Module]]:
    """The word-embedding weights, where there are any, and the encoder layers, bottom first, of any architecture."""
    from torch.nn import ModuleList

    stacks = [list(module) for module in model.modules() if isinstance(module, ModuleList)]
    words = embeddings_of(model)
    return list(words.parameters()) if words else [], max(stacks, key=len, default=[])
