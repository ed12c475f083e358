"""Recipes check themselves and survive a round trip."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.errors import ModelError, RecipeError
from bertdemo.training.presets import PRESET_SETTINGS, Preset, recipe_for
from bertdemo.training.recipe import SETTINGS, Recipe


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 0), ("batch_size", -1), ("learning_rate", 0.0), ("learning_rate", float("nan")), ("dropout", 1.0),
     ("warmup", 2), ("max_length", 2), ("seed", -1), ("schedule", "zigzag"), ("optimizer", "none"),
     ("precision", "fp8")],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_named_with_its_remedy(field, value):
    with pytest.raises(RecipeError, match=field.replace("_", " ").capitalize()) as error:
        Recipe(**{field: value})
    assert "choose" in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "bounds"),
    [
        ("seed", -1, "0 to 4,294,967,295"),
        ("max_length", 2, "4 to 8,192"),
        ("learning_rate", 2.0, "1e-08 to 1"),
        ("averaging", 1.0, "0 to 0.9999"),
    ],
)
def test_bounds_are_written_as_people_write_numbers(field, value, bounds):
    with pytest.raises(RecipeError, match=f"choose a value from {bounds}\\.$"):
        Recipe(**{field: value})


def test_a_recipe_survives_a_round_trip():
    recipe = Recipe(epochs=7, schedule="cosine", class_weights=True)
    assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_a_setting_from_the_future_is_refused_by_name():
    with pytest.raises(RecipeError, match="telepathy"):
        Recipe.from_dict({"telepathy": 1})


def test_every_setting_is_explained_in_one_sentence():
    assert all(each.help.endswith(".") and len(each.help) < 130 for each in SETTINGS.values())


def test_defaults_suit_the_base(tiny_base):
    assert recipe_for("minilm-l6") == Recipe()
    assert recipe_for("bert-base").learning_rate == 3e-5
    assert recipe_for(str(tiny_base)).max_length == 128


@pytest.mark.parametrize("texts", [8, 100, 500, None])
def test_presets_differ_in_how_often_the_data_is_read(texts):
    epochs = [recipe_for("bert-base", preset, texts).epochs for preset in ("quick", "standard", "thorough")]
    assert epochs == sorted(set(epochs))


def test_quick_trains_the_highest_layers_of_the_base_that_it_was_measured_on():
    assert [recipe_for(base, "quick").frozen_layers for base in ("minilm-l6", "bert-base")] == [4, 0]


def test_presets_differ_in_the_settings_that_the_page_sets_anew_and_in_no_other():
    presets = [recipe_for("minilm-l6", preset).to_dict() for preset in ("quick", "standard", "thorough")]
    assert {name for name in presets[0] if len({recipe[name] for recipe in presets}) > 1} == set(PRESET_SETTINGS)


@pytest.mark.parametrize(
    ("texts", "batch_size", "epochs"),
    [(60, 8, 20), (200, 8, 16), (800, 8, 4), (1600, 16, 2), (3627, 32, 2), (10**5, None, 2)],
)
def test_few_texts_are_read_more_often_and_in_smaller_batches(texts, batch_size, epochs):
    recipe = recipe_for("minilm-l6", "standard", texts)
    assert (recipe.batch_size, recipe.epochs) == (batch_size or recipe_for("minilm-l6").batch_size, epochs)


@given(texts=st.integers(0, 10**6), more=st.integers(0, 10**6), preset=st.sampled_from(get_args(Preset)))
def test_more_texts_are_never_read_more_often_nor_in_smaller_batches(texts, more, preset):
    few, many = recipe_for("minilm-l6", preset, texts), recipe_for("minilm-l6", preset, texts + more)
    assert few.epochs >= many.epochs
    assert few.batch_size <= many.batch_size


def test_a_recipe_for_no_base_is_refused():
    with pytest.raises(ModelError):
        recipe_for("no such model")
