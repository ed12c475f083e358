"""What a run and its recipe are called: so that runs in a list can be told apart."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

from bertdemo.data.dataset import Dataset
from bertdemo.errors import ModelError
from bertdemo.lines import printable, shorten
from bertdemo.models.catalog import base_name
from bertdemo.training.recipe import Recipe

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
    """Name the preset that comes nearest, unless it is the standard one, and what differs from it."""
    from bertdemo.training.presets import Preset, recipe_for

    try:
        presets = {preset: recipe_for(recipe.base, preset, texts) for preset in get_args(Preset)}
    except ModelError:  # the base has gone since
        presets = {"standard": Recipe()}
    different = {preset: _changed(recipe, usual) for preset, usual in presets.items()}
    nearest = min(different, key=lambda preset: (len(different[preset]), preset != "standard"))
    return ", ".join([nearest, *different[nearest]] if nearest != "standard" else different[nearest])


def _changed(recipe: Recipe, usual: Recipe) -> list[str]:
    names = [each.name for each in fields(Recipe) if getattr(recipe, each.name) != getattr(usual, each.name)]
    return [f"{name.replace('_', ' ')} {getattr(recipe, name)}" for name in names if name != "base"]
