"""The widgets of the recipe and the recipe itself agree."""

from dataclasses import fields

from bertdemo.training.recipe import SETTINGS, Recipe


def test_every_number_of_the_recipe_has_bounds_and_every_fraction_a_step():
    numbers = {field.name: field.default for field in fields(Recipe) if type(field.default) in (int, float)}
    assert {name for name, each in SETTINGS.items() if each.bounds} == set(numbers)
    stepped = {name for name, each in SETTINGS.items() if each.step and each.shape}
    assert stepped == {name for name, value in numbers.items() if type(value) is float}
