"""Runs that nobody named are told apart by what they were made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bertdemo.runs.planning import default_name, recipe_in_words
from bertdemo.runs.records import LONGEST_NAME
from bertdemo.training.presets import recipe_for
from bertdemo.training.recipe import Recipe


@pytest.mark.parametrize(
    ("base", "limit", "expected"),
    [
        (Recipe.base, None, "visits"),
        ("bert-base", None, "visits, bert-base"),
        ("answerdotai/ModernBERT-base", 48, "visits, answerdotai/ModernBERT-base, 48 texts"),
    ],
)
def test_the_name_tells_the_data_and_the_base_where_it_is_not_the_usual_one(small_dataset, base, limit, expected):
    data = replace(small_dataset, name="visits")
    assert default_name(data, recipe_for(base, texts=48), limit) == expected


def test_a_folder_is_called_by_its_last_part(small_dataset, tiny_base):
    name = default_name(small_dataset, recipe_for(str(tiny_base), texts=48), None)
    assert name == f"{small_dataset.name}, {tiny_base.name}"


def test_what_is_unusual_about_the_recipe_is_told(small_dataset):
    usual = recipe_for(Recipe.base, texts=48)
    assert default_name(small_dataset, replace(usual, seed=7), None).endswith(", seed 7")


@pytest.mark.parametrize(
    ("preset", "seed", "expected"),
    [("standard", 42, ""), ("thorough", 42, "thorough"), ("thorough", 7, "thorough, seed 7"), ("quick", 42, "quick")],
)
def test_a_recipe_is_told_by_the_preset_that_it_is_nearest_to(preset, seed, expected):
    assert recipe_in_words(replace(recipe_for(Recipe.base, preset, 5_000), seed=seed), 5_000) == expected


def test_a_recipe_whose_base_has_gone_is_told_by_its_settings():
    gone = replace(Recipe(), base="/no/such/folder", epochs=9)
    assert recipe_in_words(gone, 5_000) == "epochs 9"


@pytest.mark.parametrize("data", ["x" * 500, "a\nb\x00c"])
def test_a_name_is_one_short_line(small_dataset, data):
    name = default_name(replace(small_dataset, name=data), recipe_for(Recipe.base, texts=48), None)
    assert 0 < len(name) <= LONGEST_NAME
    assert name.isprintable()
