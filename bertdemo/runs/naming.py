"""What a run is called that nobody gave a name: so that runs in a list can be told apart."""

from __future__ import annotations

from dataclasses import fields

from bertdemo.data.dataset import Dataset
from bertdemo.runs.failures import one_line
from bertdemo.training.recipe import Recipe

LONGEST_NAME, _LONGEST_DATA = 120, 60  # characters


def default_name(data: Dataset, recipe: Recipe, limit: int | None) -> str:
    """The data, the base if it is not the usual one, what is unusual about the recipe for it, and a limit of texts.

    Raises:
        ModelError: there is no such base model.
    """
    from bertdemo.data.splitting import training_texts
    from bertdemo.training.presets import recipe_for

    usual = recipe_for(recipe.base, texts=training_texts(data, limit))
    base = "" if recipe.base == Recipe.base else short_base(recipe)
    parts = [
        _cut(printable(data.name), _LONGEST_DATA),
        base,
        changed(recipe, usual),
        f"{limit:,} texts" if limit else "",
    ]
    return _cut(", ".join(part for part in parts if part), LONGEST_NAME)


def short_base(recipe: Recipe) -> str:
    """The base model's id; of a folder or a name of the Hub only its last part."""
    return recipe.base.rstrip("/").rsplit("/", 1)[-1] or recipe.base


def changed(recipe: Recipe, usual: Recipe) -> str:
    """The settings that differ from the usual ones, in words; empty if none does."""
    names = [each.name for each in fields(Recipe) if getattr(recipe, each.name) != getattr(usual, each.name)]
    return ", ".join(f"{name.replace('_', ' ')} {getattr(recipe, name)}" for name in names if name != "base")


def printable(text: str) -> str:
    """``text`` on one line, without characters that a screen cannot show."""
    return one_line("".join(character if character.isprintable() else " " for character in text))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
