"""Adapters on disk: small, in peft's own format, and a plain model once they are loaded."""

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.errors import ModelError
from bertdemo.models import checkpoints
from bertdemo.models.checkpoints import (
    has_adapter,
    is_adapted,
    load_base,
    load_classifier,
    save_classifier,
    write_temperature,
)
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")


def logits(classifier: Classifier, dataset: Dataset) -> np.ndarray:
    return predict(classifier, dataset.texts, placement=EXACT).logits


@pytest.fixture(scope="module")
def trained(learned_base: Path, small_dataset: Dataset) -> Classifier:
    recipe = Recipe(base=str(learned_base), epochs=3, batch_size=8, learning_rate=5e-3, precision="fp32", lora_rank=4)
    classifier = load_for_training(recipe, small_dataset.label_names)
    train(classifier, make_split(small_dataset, seed=0), recipe, lambda _: None, lambda: None, lambda _: None)
    return classifier


@pytest.fixture
def saved(trained: Classifier, tmp_path: Path) -> Path:
    save_classifier(trained, tmp_path / "model")
    return tmp_path / "model"


def test_a_merged_adapter_answers_as_the_model_that_was_trained(trained, saved, small_dataset):
    again = load_classifier(saved)
    assert (again.label_names, again.max_length) == (trained.label_names, trained.max_length)
    # Weights are stored with 11 significant bits.
    assert np.allclose(logits(again, small_dataset), logits(trained, small_dataset), atol=5e-3)
    assert np.ptp(logits(trained, small_dataset)) > 0.5


def test_what_is_loaded_is_a_plain_model_like_any_other(saved, learned_base, small_dataset):
    loaded = load_classifier(saved).model
    plain = load_base(str(learned_base), small_dataset.label_names, dropout=0.0, max_length=64).model
    assert type(loaded) is type(plain)
    assert not is_adapted(loaded)
    assert loaded.state_dict().keys() == plain.state_dict().keys()


def test_a_merged_model_can_be_saved_whole(saved, small_dataset, tmp_path):
    merged = load_classifier(saved)
    save_classifier(merged, tmp_path / "whole")
    assert not has_adapter(tmp_path / "whole")
    whole = load_classifier(tmp_path / "whole")
    assert np.allclose(logits(whole, small_dataset), logits(merged, small_dataset), atol=1e-6)


def test_only_what_was_trained_is_written(saved):
    assert {file.name for file in saved.iterdir()} == {
        "adapter_model.safetensors", "adapter_config.json", "classifier.json",
    }  # fmt: skip
    names = load_file(saved / "adapter_model.safetensors")
    assert all(".lora_" in name or ".pooler." in name or ".classifier." in name for name in names)
    assert sum(".lora_A." in name for name in names) == 2 * 6  # layers, linear layers of each


def test_peft_itself_can_load_what_was_written(saved, learned_base, small_dataset):
    from peft import PeftModel

    base = load_base(str(learned_base), small_dataset.label_names, dropout=0.0, max_length=128)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        adapted = PeftModel.from_pretrained(base.model, str(saved)).eval()
    expected = logits(load_classifier(saved), small_dataset)
    assert np.allclose(logits(replace(base, model=adapted), small_dataset), expected, atol=1e-5)


def test_an_adapter_has_a_temperature_like_any_other_model(saved):
    write_temperature(saved, 1.5)
    assert load_classifier(saved).temperature == 1.5


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_answers_nonsense_is_damage(saved, temperature):
    write_temperature(saved, temperature)
    with pytest.raises(ModelError, match="missing or damaged"):
        load_classifier(saved)


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_damaged_adapter_is_one_sentence(saved, name):
    (saved / name).write_bytes(b"{")
    with pytest.raises(ModelError, match="missing or damaged"):
        load_classifier(saved)


def test_an_adapter_that_does_not_fit_its_base_is_damaged(saved):
    config = json.loads((saved / "adapter_config.json").read_text())
    (saved / "adapter_config.json").write_text(json.dumps(config | {"target_modules": [".query"]}))
    with pytest.raises(ModelError, match="missing or damaged"):
        load_classifier(saved)


def test_an_adapter_whose_base_is_not_to_be_had_says_so(saved):
    config = json.loads((saved / "adapter_config.json").read_text())
    (saved / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "nobody/nothing"}))
    with pytest.raises(ModelError, match=r"nobody/nothing could not be had"):
        load_classifier(saved)


def test_what_is_added_without_peft_is_what_peft_adds(saved, learned_base, small_dataset, monkeypatch):
    ours = load_classifier(saved).model.state_dict()
    monkeypatch.setattr(checkpoints, "_is_plain_lora", lambda _: False)
    theirs = load_classifier(saved).model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("added", [{"use_dora": True}, {"use_rslora": True}, {"rank_pattern": {"query": 2}}])
def test_an_adapter_that_is_more_than_lora_is_left_to_peft(saved, monkeypatch, added):
    asked = []
    monkeypatch.setattr(checkpoints, "_merge_by_peft", lambda *_: asked.append(1))
    config = json.loads((saved / "adapter_config.json").read_text())
    (saved / "adapter_config.json").write_text(json.dumps(config | added))
    load_classifier(saved)
    assert asked


@pytest.mark.parametrize("lost", ["query.lora_B", "classifier.weight"])
def test_an_adapter_whose_weights_are_another_s_is_damaged(saved, lost):
    file = saved / "adapter_model.safetensors"
    weights = {name.replace(lost, "other"): weight for name, weight in load_file(file).items()}
    save_file(weights, file)
    with pytest.raises(ModelError, match="missing or damaged"):
        load_classifier(saved)
