"""Recipes to start from."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

from bertdemo.models.catalog import find_base
from bertdemo.training.recipe import Recipe

Preset = Literal["quick", "standard", "thorough"]

# The share of the base's learning rate, and what else differs. "quick" and "thorough" were chosen by validation
# macro-F1 (benchmarks/README.md).
_PRESETS: dict[Preset, tuple[float, dict[str, Any]]] = {
    "quick": (2.5, {"epochs": 2, "frozen_layers": 4}),
    "standard": (1.0, {"epochs": 2}),
    "thorough": (7.0, {"epochs": 3, "lora_rank": 16, "averaging": 0.99, "mean_teacher": 0.5}),
}
_QUICK_ELSEWHERE = (1.0, {"epochs": 1})  # which layers another base can do without training nobody has measured
# Few texts, read once or twice in large batches, teach next to nothing: 200 tweets read twice in batches of 32 left
# macro-F1 at that of a single answer (.26), read 16 times in batches of 8 they gave .73 (benchmarks/README.md).
# Mosbach et al. (2021) find the same of BERT.
_LEAST_READ = 1600  # texts, for each time that a preset reads the data
_MOST_TIMES = 10  # as often as many texts
_STEPS_PER_EPOCH = 60  # that a batch should leave, where there are so few texts
_BATCH_SIZES = (8, 16, 32, 64)
# The settings by which the presets differ.
PRESET_SETTINGS = ("epochs", "learning_rate", "frozen_layers", "lora_rank", "averaging", "mean_teacher")


def recipe_for(base_name: str, preset: Preset = "standard", texts: int | None = None) -> Recipe:
    """Return defaults that suit the base, what it can read, the preset, and how many texts there are.

    Args:
        base_name: see ``find_base``.
        preset: ``standard`` reads the data twice; ``quick`` once, but of the bundled base it computes the lowest
            four layers once, and trains those above them in two passes; ``thorough`` reads the data three times, to
            train an adapter (LoRA) whose averaged weights are its teacher. Fewer than 1,600 texts are read up to 10
            times as often.
        texts: about how many texts are trained on; fewer make smaller batches. None: thousands.

    Raises:
        ModelError: there is no such base.
    """
    base = find_base(base_name)
    is_measured = base.id == Recipe.base
    share, settings = _QUICK_ELSEWHERE if preset == "quick" and not is_measured else _PRESETS[preset]
    recipe = Recipe(
        base=base_name,
        learning_rate=base.learning_rate * share,
        # On the bundled base, half of whose weights are token embeddings, freezing them made training a third faster
        # and batches of 64 in place of 32 another quarter, and neither made tweets worse (benchmarks/README.md).
        # Nobody has measured it for the others here; 32 is the larger of the sizes that Devlin et al. (2019) recommend.
        freeze_embeddings=is_measured,
        batch_size=Recipe.batch_size if is_measured else 32,
        **settings,
    )
    recipe = replace(recipe, max_length=min(recipe.max_length, base.max_length))
    return recipe if texts is None else _for_so_many(recipe, texts)


def _for_so_many(recipe: Recipe, texts: int) -> Recipe:
    """Return the recipe with batches that leave enough steps, and enough readings."""
    fitting = [size for size in _BATCH_SIZES if size * _STEPS_PER_EPOCH <= texts and size <= recipe.batch_size]
    recipe = replace(recipe, batch_size=max(fitting, default=_BATCH_SIZES[0]))
    epochs = math.ceil(recipe.epochs * min(_LEAST_READ / max(texts, 1), _MOST_TIMES))
    return replace(recipe, epochs=epochs, evaluations_per_epoch=1) if epochs > recipe.epochs else recipe
