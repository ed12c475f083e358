"""From a data set and what a person set to a named run that can be submitted: the same for every way to start one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, get_args, get_type_hints

from bertdemo.data.dataset import Dataset, Split
from bertdemo.errors import ModelError, RecipeError
from bertdemo.lines import printable, shorten
from bertdemo.models.catalog import base_name, find_base
from bertdemo.runs.records import LONGEST_NAME
from bertdemo.tasks.codec import is_plain
from bertdemo.training.presets import Preset, recipe_for
from bertdemo.training.recipe import Recipe

_LONGEST_DATA = 60  # characters


def default_name(data: Dataset, recipe: Recipe, limit: int | None) -> str:
    """Name the data, the base if it is not the usual one, what is unusual about the recipe, and a limit of texts."""
    from bertdemo.data.splitting import training_texts

    base = "" if recipe.base == Recipe.base else base_name(recipe.base)
    parts = [
        shorten(printable(data.name), _LONGEST_DATA),
        base,
        recipe_in_words(recipe, training_texts(data, limit)),
        f"{limit:,} texts" if limit else "",
    ]
    return shorten(", ".join(part for part in parts if part), LONGEST_NAME)


@lru_cache(4096)
def recipe_in_words(recipe: Recipe, texts: int) -> str:
    """Return the preset that comes nearest for so many texts, unless it is the standard one, and what differs.

    Kept, as a list of runs asks it of every one of them whenever it is drawn.
    """
    nearest, changed = nearest_preset(recipe, texts)
    different = [f"{name.replace('_', ' ')} {value}" for name, value in changed.items()]
    return ", ".join([nearest, *different] if nearest != "standard" else different)


def nearest_preset(recipe: Recipe, texts: int) -> tuple[Preset, dict[str, Any]]:
    """Return the preset that comes nearest for so many texts, and the settings that differ from it but for the base."""
    from bertdemo.training.presets import Preset, recipe_for

    presets: dict[Preset, Recipe] = {"standard": Recipe()}
    with contextlib.suppress(ModelError):  # the base has gone since
        presets = {preset: recipe_for(recipe.base, preset, texts) for preset in get_args(Preset)}
    different = {preset: _changed(recipe, usual) for preset, usual in presets.items()}
    nearest = min(different, key=lambda preset: (len(different[preset]), preset != "standard"))
    return nearest, different[nearest]


def _changed(recipe: Recipe, usual: Recipe) -> dict[str, Any]:
    names = [each.name for each in fields(Recipe) if getattr(recipe, each.name) != getattr(usual, each.name)]
    return {name: getattr(recipe, name) for name in names if name != "base"}


@dataclass(frozen=True)
class Plan:
    """What a run is made of."""

    split: Split
    recipe: Recipe
    name: str


def plan(
    usable: Dataset, preset: Preset, settings: Mapping[str, Any], *, name: str = "", max_train: int | None = None
) -> Plan:
    """Divide a data set and choose a recipe for so many texts.

    Args:
        usable: a cleaned data set (``data.checkup.clean``).
        preset: where the settings start.
        settings: fields of the recipe that are not the preset's.
        name: of the run; empty for one of data, base and settings.
        max_train: at most so many training texts.

    Raises:
        RecipeError, ModelError: see ``recipe_of``.
        DataError: there are too few texts.
    """
    from bertdemo.data.splitting import split, training_texts

    recipe = recipe_of(preset, settings, training_texts(usable, max_train))
    parts = split(usable, seed=recipe.seed, max_train=max_train)
    return Plan(parts, recipe, name or default_name(usable, recipe, max_train))


def recipe_of(preset: Preset, settings: Mapping[str, Any], texts: int | None = None) -> Recipe:
    """Return the recipe of a preset with some settings changed, for about so many texts.

    Raises:
        RecipeError: there is no such preset or setting, a value is of another kind or out of bounds, or the base does
            not read so long texts.
        ModelError: there is no such base.
    """
    if preset not in get_args(Preset):
        raise RecipeError(f"There is no preset {preset!r}: choose {', '.join(get_args(Preset))}.")
    kinds = get_type_hints(Recipe)
    for setting, value in settings.items():
        if setting not in kinds:
            names = ", ".join(field.name for field in fields(Recipe))
            raise RecipeError(f"There is no setting {setting!r} in a recipe: choose from {names}.")
        if kinds[setting] in (int, float, bool, str) and not is_plain(value, kinds[setting]):
            kind = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}[kinds[setting]]
            raise RecipeError(f"{setting} is {value!r}: give {kind}.")
    recipe = replace(recipe_for(settings.get("base", Recipe.base), preset, texts), **settings)
    _refuse_too_long(recipe)
    return recipe


def _refuse_too_long(recipe: Recipe) -> None:
    """As the page does. What a base can read that was never downloaded is known when it is loaded."""
    base = find_base(recipe.base)
    if base.parameters and recipe.max_length > base.max_length:
        most = base.max_length
        raise RecipeError(f"{base.title} reads at most {most:,} tokens: choose a max_length of {most} or less.")
