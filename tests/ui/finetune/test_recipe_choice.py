"""The widgets of the recipe and the recipe itself agree."""

from dataclasses import fields

from bertdemo.training.recipe import BOUNDS, Recipe
from bertdemo.ui.finetune import recipe_choice


def test_every_number_of_the_recipe_has_bounds_and_every_fraction_a_step():
    numbers = {field.name: field.default for field in fields(Recipe) if type(field.default) in (int, float)}
    assert set(BOUNDS) == set(numbers)
    assert set(recipe_choice._STEPS) == {name for name, value in numbers.items() if type(value) is float}
