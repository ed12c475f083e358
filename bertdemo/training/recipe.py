"""The recipe: every setting of a fine-tuning run, checked when it is made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from bertdemo.errors import RecipeError

Schedule = Literal["linear", "cosine", "constant"]
Optimizer = Literal["adamw", "adam", "sgd"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

# field -> (lowest, highest) that makes sense; both ends are allowed.
BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, 100),
    "batch_size": (1, 1024),
    "accumulation": (1, 256),
    "learning_rate": (1e-8, 1.0),
    "warmup": (0.0, 0.9),
    "weight_decay": (0.0, 1.0),
    "dropout": (0.0, 0.9),
    "max_length": (4, 8192),
    "frozen_layers": (0, 128),
    "lora_rank": (0, 256),
    "averaging": (0.0, 0.9999),
    "mean_teacher": (0.0, 0.9),
    "patience": (0, 100),
    "evaluations_per_epoch": (1, 50),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True)
class Recipe:
    """How a base model is fine-tuned. All defaults suit the bundled MiniLM-L6; see ``recipe_for`` for others.

    ``warmup`` is a share of all steps; ``accumulation`` multiplies ``batch_size`` into the batch of one optimiser
    step; ``frozen_layers`` counts encoder layers from the bottom; ``lora_rank`` is the rank of the
    low-rank adapters that are trained in place of the encoder's weights (0: the weights themselves); ``averaging`` is
    the decay of the moving average of the weights that is judged and kept (0: the weights themselves);
    ``mean_teacher`` is the share of each label that this average answers; ``patience`` is how many evaluations without
    a better macro-F1 end the run early (0: never).
    """

    base: str = "minilm-l6"
    epochs: int = 2
    batch_size: int = 64
    learning_rate: float = 2e-4
    schedule: Schedule = "linear"
    warmup: float = 0.1
    weight_decay: float = 0.01
    optimizer: Optimizer = "adamw"
    dropout: float = 0.1
    max_length: int = 128
    precision: Precision = "auto"
    accumulation: int = 1
    class_weights: bool = False
    freeze_embeddings: bool = True
    frozen_layers: int = 0
    lora_rank: int = 0
    averaging: float = 0.0
    mean_teacher: float = 0.0
    patience: int = 0
    evaluations_per_epoch: int = 2
    seed: int = 42

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RecipeError(f"{_words(name)} is {value}: choose a value from {_number(low)} to {_number(high)}.")
        for name, choices in (("schedule", Schedule), ("optimizer", Optimizer), ("precision", Precision)):
            if getattr(self, name) not in get_args(choices):
                raise RecipeError(f"{_words(name)} is {getattr(self, name)!r}: choose {', '.join(get_args(choices))}.")
        if self.mean_teacher and not self.averaging:
            raise RecipeError("The mean teacher is the average of the weights: set averaging, too (0.99 is usual).")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """The recipe stored in a run folder; settings this version does not know are refused.

        Raises:
            RecipeError: an unknown setting, or a value out of bounds.
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise RecipeError(f"This recipe has settings that this version does not know: {', '.join(unknown)}.")
        return cls(**values)


def _words(field_name: str) -> str:
    return field_name.replace("_", " ").capitalize()


def _number(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
