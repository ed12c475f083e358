"""Before a run is queued its base is tried, once for files of one kind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split
from bertdemo.errors import ModelError
from bertdemo.models.catalog import find_base
from bertdemo.runs import base_checking
from bertdemo.runs.base_checking import BaseCheck, Verdict
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.training.recipe import Recipe
from tests.models.bases import change_weights, copy_of, make_base


class Tries(list[Recipe]):
    """Stands in for the trial and counts what was tried."""

    told = ""

    def __call__(self, recipe: Recipe) -> Verdict:
        self.append(recipe)
        return Verdict(self.told, notes=() if self.told else ("It is slow.",))


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> Tries:
    counted = Tries()
    monkeypatch.setattr(base_checking, "_verdict", counted)
    return counted


def recipe_of(base: Path | str, **settings: object) -> Recipe:
    return Recipe(base=str(base), **settings)


def check(settings: Settings, recipe: Recipe) -> None:
    BaseCheck(settings)(find_base(recipe.base), recipe)


def test_a_base_is_tried_once_for_files_and_format(settings: Settings, tries: Tries, tiny_base: Path, tmp_path: Path):
    base = copy_of(tiny_base, tmp_path / "base")
    for recipe in (recipe_of(base), recipe_of(base, epochs=5), recipe_of(base, precision="bf16"), recipe_of(base)):
        check(settings, recipe)
    assert [recipe.precision for recipe in tries] == ["auto", "bf16"]
    os.utime(base / "config.json", (1, 1))
    check(settings, recipe_of(base))
    assert len(tries) == 3


def test_a_refusal_is_remembered(settings: Settings, tries: Tries, tiny_base: Path):
    tries.told = "It cannot be trained: choose another."
    for _ in range(2):
        with pytest.raises(ModelError, match="choose another"):
            check(settings, recipe_of(tiny_base))
    assert len(tries) == 1


def test_what_is_known_of_a_base_is_told_before_it_is_asked_for(settings: Settings, tries: Tries, tiny_base: Path):
    known = BaseCheck(settings).known
    base, recipe = find_base(str(tiny_base)), recipe_of(tiny_base)
    assert known(base, recipe) is None
    check(settings, recipe)
    assert known(base, recipe) == Verdict(notes=("It is slow.",))
    tries.told = "It cannot."
    with pytest.raises(ModelError):
        check(settings, recipe_of(tiny_base, lora_rank=4))
    assert known(base, recipe_of(tiny_base, lora_rank=4)) == Verdict("It cannot.")
    assert not BaseCheck(settings).is_due(find_base("minilm-l6"))


def test_a_damaged_verdict_is_found_anew(settings: Settings, tries: Tries, tiny_base: Path):
    check(settings, recipe_of(tiny_base))
    (verdict,) = (settings.home / "base_checks").iterdir()
    verdict.write_text("{")
    check(settings, recipe_of(tiny_base))
    assert len(tries) == 2


def test_the_base_that_comes_with_the_app_is_not_tried_again(settings: Settings, tries: Tries):
    check(settings, Recipe())
    assert not tries


def test_a_base_that_cannot_be_trained_makes_no_run(
    settings: Settings, small_dataset: Dataset, tiny_base: Path, tmp_path: Path
):
    base = copy_of(tiny_base, tmp_path / "base")
    change_weights(base, lambda weights: {k: v for k, v in weights.items() if "layer.0" not in k})
    runs = Runs(settings, backend=object(), starters=tmp_path / "none")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"16 of \d+ weights are missing"):
        runs.submit(split(small_dataset, seed=0), recipe_of(base))
    assert not list((settings.home / "runs").glob("*"))


def test_a_process_of_its_own_says_the_same(monkeypatch: pytest.MonkeyPatch, tiny_base: Path, tmp_path: Path):
    base = copy_of(tiny_base, tmp_path / "base")
    change_weights(base, lambda weights: {k: v for k, v in weights.items() if "layer.0" not in k})
    monkeypatch.setattr(base_checking, "_SMALL", -1)
    verdict = base_checking._try([base / "model.safetensors"], recipe_of(base))
    assert verdict is not None
    assert "weights are missing" in verdict.refused


def test_what_a_base_costs_is_noted(tiny_base: Path, tmp_path: Path):
    base = make_base(tmp_path, tiny_base, "convbert")
    longest = find_base(str(base)).max_length
    padding, length = base_checking._verdict(recipe_of(base, max_length=longest + 50)).notes
    assert "The architecture convbert reads padding as text" in padding
    assert f"reads at most {longest} tokens" in length


def test_a_check_that_does_not_come_to_an_end_refuses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tiny_base: Path
):
    monkeypatch.setattr(base_checking, "_SMALL", -1)
    monkeypatch.setattr(sys, "executable", "/bin/true")
    check(settings, recipe_of(tiny_base))
    assert not list(settings.home.rglob("*.json"))
