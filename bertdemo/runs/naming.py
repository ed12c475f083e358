"""What a run and its recipe are called: so that runs in a list can be told apart."""

from __future__ import annotations

import contextlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from bertdemo.data.dataset import Dataset
from bertdemo.errors import ModelError
from bertdemo.lines import printable, shorten
from bertdemo.models.catalog import base_name
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.training.presets import Preset

LONGEST_NAME, _LONGEST_DATA = 120, 60  # characters


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


def recipe_in_words(recipe: Recipe, texts: int) -> str:
    """Return the preset that comes nearest for so many texts, unless it is the standard one, and what differs."""
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
