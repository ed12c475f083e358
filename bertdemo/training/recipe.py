"""The recipe: every setting of a fine-tuning run, checked when it is made.

Its fields are the settings of the basics (below) and those of the training techniques (``techniques/``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, make_dataclass
from typing import Any, Literal, get_args, get_type_hints

from bertdemo import registry
from bertdemo.errors import RecipeError
from bertdemo.training import techniques
from bertdemo.training.technique import Technique, setting

Schedule = Literal["linear", "cosine", "constant"]
Optimizer = Literal["adamw", "adam", "sgd"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

TECHNIQUES: tuple[Technique, ...] = tuple(registry.members(techniques, Technique))

_SCHEDULES, _OPTIMIZERS, _PRECISIONS = map(get_args, (Schedule, Optimizer, Precision))


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


@dataclass(frozen=True)
class _Basics:
    """The settings that every training has, but for the last two of the recipe."""

    base: str = setting(
        "minilm-l6",
        help="The pre-trained model to start from; it has read a lot of text and has never seen your labels.",
    )  # fmt: skip
    epochs: int = setting(
        2, bounds=(1, 100),
        help="How many times the model reads every training text; more learn more, until it learns them by heart.",
    )  # fmt: skip
    batch_size: int = setting(
        64, bounds=(1, 1024),
        help="How many texts the model looks at before it corrects itself once; larger is steadier and faster.",
    )  # fmt: skip
    learning_rate: float = setting(
        2e-4, bounds=(1e-8, 1.0), step=1e-5, shape="%.1e",
        help="How far each correction goes; too small learns nothing, too large forgets what the base knew.",
    )  # fmt: skip
    schedule: Schedule = setting(
        "linear", choices=_SCHEDULES,
        help="How the learning rate changes over the run: falling in a line, along a cosine, or not at all.",
    )  # fmt: skip
    warmup: float = setting(
        0.1, bounds=(0.0, 0.9), step=0.05, shape="%.2f", label="Warm-up",
        help="The share of the run over which the learning rate rises from zero, so that the first steps do no harm.",
    )  # fmt: skip
    weight_decay: float = setting(
        0.01, bounds=(0.0, 1.0), step=0.01, shape="%.3f",
        help="How strongly weights are pulled towards zero, so that the model does not lean on a few of them.",
    )  # fmt: skip
    optimizer: Optimizer = setting(
        "adamw", choices=_OPTIMIZERS, label="Optimiser",
        help="The rule that turns gradients into corrections; AdamW is what BERT is usually tuned with.",
    )  # fmt: skip
    dropout: float = setting(
        0.1, bounds=(0.0, 0.9), step=0.05, shape="%.2f",
        help="The share of hidden values blanked out at random in training, so that none is relied on alone.",
    )  # fmt: skip
    max_length: int = setting(
        128, bounds=(4, 8192), label="Longest text (tokens)",
        help="Texts longer than this many tokens are truncated; time and memory grow with it.",
    )  # fmt: skip
    precision: Precision = setting(
        "auto", choices=_PRECISIONS,
        help="The number format of the matrix products; auto takes the fastest that is safe on this machine.",
    )  # fmt: skip
    accumulation: int = setting(
        1, bounds=(1, 256),
        help="How many batches are added up before one correction: a large batch in the memory of a small one.",
    )  # fmt: skip


def _settings_of_techniques() -> Iterator[tuple[str, Any, Any]]:
    """Yield name, type and field of each, by the ``place`` of its technique."""
    for technique in TECHNIQUES:
        kinds = get_type_hints(type(technique))
        for each in fields(technique):
            yield each.name, kinds[each.name], field(default=each.default, metadata=each.metadata)


# To mypy these settings are of any type: which there are is found out when this module is imported.
_Techniques: Any = make_dataclass("_Techniques", _settings_of_techniques(), frozen=True)


@dataclass(frozen=True)
class Recipe(_Techniques, _Basics):  # type: ignore[misc]
    """How a base model is fine-tuned. All defaults suit the bundled MiniLM-L6; see ``recipe_for`` for others.

    Its fields come in the order of the bases from right to left: basics, techniques, and what stands here.

    Raises:
        RecipeError: a setting is outside of its bounds, or two of them contradict each other.
    """

    evaluations_per_epoch: int = setting(
        2, bounds=(1, 50),
        help="How often the validation texts are scored; the best model seen there is kept.",
    )  # fmt: skip
    seed: int = setting(
        42, bounds=(0, 2**32 - 1),
        help="The start of all random choices; the same seed on the same CPU gives the same model.",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, about in SETTINGS.items():
            value = getattr(self, name)
            if about.bounds and not about.bounds[0] <= value <= about.bounds[1]:
                low, high = map(_number, about.bounds)
                raise RecipeError(f"{_words(name)} is {value}: choose a value from {low} to {high}.")
            if about.choices and value not in about.choices:
                raise RecipeError(f"{_words(name)} is {value!r}: choose {', '.join(about.choices)}.")
        for technique in self.techniques():
            technique.check(self.to_dict())

    def techniques(self) -> list[Technique]:
        """Return the techniques that this recipe switches on, with its settings, for one training."""
        chosen = (type(each)(**{name: getattr(self, name) for name in each.settings}) for each in TECHNIQUES)
        return [technique for technique in chosen if technique.is_on]

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


SETTINGS: Mapping[str, Setting] = {
    each.name: Setting(**{"label": _words(each.name), **each.metadata}) for each in fields(Recipe)
}
