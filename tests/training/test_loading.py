"""A base is tried in the number format of its run, before the run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.errors import ModelError, RecipeError
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.training.events import Noted, Started
from bertdemo.training.loading import load_for_training, try_base
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe
from tests.models.bases import change_weights, copy_of, make_base

BF16 = Placement("cpu", "bf16", "CPU", "for tests")
LABELS = ("bad", "good")


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_what_cannot_compute_in_bf16_trains_and_predicts_in_fp32_and_says_so(
    precision: str, tiny_base: Path, small_dataset: Dataset, tmp_path: Path
) -> None:
    recipe = Recipe(base=str(make_base(tmp_path / "base", tiny_base, "fnet")), epochs=1, precision=precision)
    told: list[object] = []
    classifier = load_for_training(recipe, small_dataset.label_names)
    kept = tmp_path / "kept"
    train(
        classifier, make_split(small_dataset, seed=0), recipe, told.append, lambda: None,
        lambda best: save_classifier(best, kept),
    )  # fmt: skip
    (plan,) = [event for event in told if isinstance(event, Started)]
    assert plan.precision == "fp32"
    assert precision == "fp32" or plan.reason == "fp32: this base cannot compute in bf16"
    assert any("reads padding as text" in event.message for event in told if isinstance(event, Noted))
    assert predict(load_classifier(kept), small_dataset.texts[:9], placement=BF16).precision == "fp32"


def test_what_fails_under_autocast_alone_is_found(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path, tiny_base, "deberta", pos_att_type=["c2p", "p2c"], relative_attention=True)
    assert load_for_training(Recipe(base=str(base), precision="bf16"), LABELS).only_fp32
    assert any("deberta computes in fp32 only" in note for note in try_base(Recipe(base=str(base), precision="bf16")))


def test_a_proven_base_computes_in_bf16(tiny_base: Path) -> None:
    assert not load_for_training(Recipe(base=str(tiny_base), precision="bf16"), LABELS).only_fp32


def test_layers_that_share_their_weights_cannot_be_frozen_one_by_one(tiny_base: Path, tmp_path: Path) -> None:
    base = str(make_base(tmp_path, tiny_base, "albert"))
    try_base(Recipe(base=base))
    with pytest.raises(RecipeError, match=r"The 2 layers of the architecture albert share their weights.*to 0"):
        try_base(Recipe(base=base, frozen_layers=1))


def test_a_base_that_answers_with_no_numbers_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    base = copy_of(tiny_base, tmp_path / "base")
    change_weights(base, lambda weights: weights | {"pooler.dense.bias": torch.full((32,), torch.inf)})
    with pytest.raises(ModelError, match="not numbers"):
        try_base(Recipe(base=str(base)))
