"""The recipe: every setting of a fine-tuning run, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args

from bertdemo.errors import RecipeError

Schedule = Literal["linear", "cosine", "constant"]
Optimizer = Literal["adamw", "adam", "sgd"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

_SCHEDULES, _OPTIMIZERS, _PRECISIONS = map(get_args, (Schedule, Optimizer, Precision))
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Setting:
    """What there is to know of a field of the recipe besides its default.

    ``help`` is one sentence for a student; ``bounds`` are the lowest and the highest value that make sense, both
    allowed; ``step`` is one press on plus or minus, and ``shape`` how a number is written; ``choices`` are all values.
    """

    help: str
    label: str
    bounds: tuple[float, float] | None = None
    step: float | None = None
    shape: str | None = None
    choices: tuple[str, ...] = ()


def _setting(default: _Value, *, label: str = "", **about: Any) -> _Value:
    described: _Value = field(default=default, metadata={"label": label, **about})
    return described


@dataclass(frozen=True)
class Recipe:
    """How a base model is fine-tuned. All defaults suit the bundled MiniLM-L6; see ``recipe_for`` for others.

    Raises:
        RecipeError: a setting is outside of its bounds, or two of them contradict each other.
    """

    base: str = _setting(
        "minilm-l6",
        help="The pre-trained model to start from; it has read a lot of text and has never seen your labels.",
    )  # fmt: skip
    epochs: int = _setting(
        2, bounds=(1, 100),
        help="How many times the model reads every training text; more learn more, until it learns them by heart.",
    )  # fmt: skip
    batch_size: int = _setting(
        64, bounds=(1, 1024),
        help="How many texts the model looks at before it corrects itself once; larger is steadier and faster.",
    )  # fmt: skip
    learning_rate: float = _setting(
        2e-4, bounds=(1e-8, 1.0), step=1e-5, shape="%.1e",
        help="How far each correction goes; too small learns nothing, too large forgets what the base knew.",
    )  # fmt: skip
    schedule: Schedule = _setting(
        "linear", choices=_SCHEDULES,
        help="How the learning rate changes over the run: falling in a line, along a cosine, or not at all.",
    )  # fmt: skip
    warmup: float = _setting(
        0.1, bounds=(0.0, 0.9), step=0.05, shape="%.2f", label="Warm-up",
        help="The share of the run over which the learning rate rises from zero, so that the first steps do no harm.",
    )  # fmt: skip
    weight_decay: float = _setting(
        0.01, bounds=(0.0, 1.0), step=0.01, shape="%.3f",
        help="How strongly weights are pulled towards zero, so that the model does not lean on a few of them.",
    )  # fmt: skip
    optimizer: Optimizer = _setting(
        "adamw", choices=_OPTIMIZERS, label="Optimiser",
        help="The rule that turns gradients into corrections; AdamW is what BERT is usually tuned with.",
    )  # fmt: skip
    dropout: float = _setting(
        0.1, bounds=(0.0, 0.9), step=0.05, shape="%.2f",
        help="The share of hidden values blanked out at random in training, so that none is relied on alone.",
    )  # fmt: skip
    max_length: int = _setting(
        128, bounds=(4, 8192), label="Longest text (tokens)",
        help="Texts longer than this many tokens are truncated; time and memory grow with it.",
    )  # fmt: skip
    precision: Precision = _setting(
        "auto", choices=_PRECISIONS,
        help="The number format of the matrix products; auto takes the fastest that is safe on this machine.",
    )  # fmt: skip
    accumulation: int = _setting(
        1, bounds=(1, 256),
        help="How many batches are added up before one correction: a large batch in the memory of a small one.",
    )  # fmt: skip
    class_weights: bool = _setting(
        False,
        help="Count rare labels as much as frequent ones; helps macro-F1 when labels are very uneven.",
    )  # fmt: skip
    freeze_embeddings: bool = _setting(
        True, label="Freeze word embeddings",
        help="Leave the token embeddings as they came; faster, and often as good with little data.",
    )  # fmt: skip
    frozen_layers: int = _setting(
        0, bounds=(0, 128),
        help="Leave this many of the lowest layers as they came; faster, and less able to adapt.",
    )  # fmt: skip
    lora_rank: int = _setting(
        0, bounds=(0, 256), label="LoRA rank",
        help="Rank of small matrices (LoRA) trained in the layers' place; they want ten times the rate; 0: none.",
    )  # fmt: skip
    averaging: float = _setting(
        0.0, bounds=(0.0, 0.9999), step=0.01, shape="%.4f", label="Weight averaging",
        help="Judge and keep a moving average of the weights, steadier than the last ones; 0.99 is usual; 0: none.",
    )  # fmt: skip
    mean_teacher: float = _setting(
        0.0, bounds=(0.0, 0.9), step=0.1, shape="%.2f",
        help="The share of each label that the averaged model gives, so that wrong labels count less; 0: none.",
    )  # fmt: skip
    patience: int = _setting(
        0, bounds=(0, 100),
        help="Stop after this many evaluations without a better macro-F1; 0 never stops early.",
    )  # fmt: skip
    evaluations_per_epoch: int = _setting(
        2, bounds=(1, 50),
        help="How often the validation texts are scored; the best model seen there is kept.",
    )  # fmt: skip
    seed: int = _setting(
        42, bounds=(0, 2**32 - 1),
        help="The start of all random choices; the same seed on the same CPU gives the same model.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, setting in SETTINGS.items():
            value = getattr(self, name)
            if setting.bounds and not setting.bounds[0] <= value <= setting.bounds[1]:
                low, high = map(_number, setting.bounds)
                raise RecipeError(f"{_words(name)} is {value}: choose a value from {low} to {high}.")
            if setting.choices and value not in setting.choices:
                raise RecipeError(f"{_words(name)} is {value!r}: choose {', '.join(setting.choices)}.")
        if self.mean_teacher and not self.averaging:
            raise RecipeError("The mean teacher is the average of the weights: set averaging, too (0.99 is usual).")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Return the recipe stored in a run folder; settings this version does not know are refused.

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


def _described(name: str, label: str, **about: Any) -> Setting:
    return Setting(label=label or _words(name), **about)


SETTINGS: Mapping[str, Setting] = {each.name: _described(each.name, **each.metadata) for each in fields(Recipe)}
