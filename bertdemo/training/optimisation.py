"""What moves the weights: the optimiser, its learning rate, and the devices and number formats of accelerate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertdemo.models.devices import Placement
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from transformers import PreTrainedModel

_MIXED_PRECISION = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}
_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


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


def make_accelerator(placement: Placement) -> Accelerator:
    """Return an accelerator for this placement, whatever one made earlier in this process was for.

    accelerate keeps its state for the life of the process and refuses a second, different one; a worker trains once,
    but tests and notebooks train often.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001 - there is no public way
    return Accelerator(cpu=placement.device == "cpu", mixed_precision=_MIXED_PRECISION[placement.precision])
