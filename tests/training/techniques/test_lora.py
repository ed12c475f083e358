"""LoRA in the loop: little is trained, the base stays as it came."""

import copy
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification

from benchmarks.tiny_bases import tiny_config
from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.errors import ModelError
from bertdemo.models.checkpoints import load_base, merge_adapter, save_adapter
from bertdemo.training.events import Started, Stepped
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe
from bertdemo.training.techniques.lora import LoRA


@pytest.fixture
def recipe(learned_base: Path) -> Recipe:
    return Recipe(base=str(learned_base), epochs=4, batch_size=8, learning_rate=5e-3, precision="fp32", lora_rank=4)


def trained_names(model: nn.Module) -> set[str]:
    return {name for name, weight in model.named_parameters() if weight.requires_grad}


def test_it_learns_and_leaves_the_base_as_it_came(recipe, small_dataset: Dataset):
    split, events = make_split(small_dataset, seed=0), []
    classifier = load_for_training(recipe, split.dataset.label_names)
    before = {name: weight.clone() for name, weight in classifier.model.named_parameters()}
    train(classifier, split, recipe, events.append, lambda: None, lambda _: None)
    after = dict(classifier.model.named_parameters())
    trained = trained_names(classifier.model)
    assert all(torch.equal(before[name], after[name]) for name in before if name not in trained)
    assert any(not torch.equal(before[name], after[name]) for name in trained if ".lora_A." in name)
    losses = [event.loss for event in events if isinstance(event, Stepped)]
    epoch = len(losses) // recipe.epochs
    assert sum(losses[-epoch:]) < sum(losses[:epoch]) / 4
    [started] = [event for event in events if isinstance(event, Started)]
    assert started.trained_parameters == sum(after[name].numel() for name in trained)


def test_before_training_the_answers_are_those_of_the_base(recipe, small_dataset: Dataset):
    """B is zero at first (Hu et al., 2022, section 4.1)."""
    ids = torch.randint(5, 100, (3, 9), generator=torch.Generator().manual_seed(0))
    with_it, without = (
        load_for_training(each, ("a", "b")).model.eval() for each in (recipe, replace(recipe, lora_rank=0))
    )
    with torch.inference_mode():
        assert torch.allclose(with_it(input_ids=ids).logits, without(input_ids=ids).logits, atol=1e-5)


def test_equal_seeds_give_equal_adapters(recipe):
    first, second = (load_for_training(recipe, ("a", "b")).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_every_linear_layer_of_the_encoder_and_the_head_are_trained_and_nothing_else(recipe):
    names = trained_names(load_for_training(recipe, ("a", "b")).model)
    assert {name.split(".")[1] for name in names if ".lora_" in name} == {"encoder"}
    assert sum(".lora_A." in name for name in names) == 12
    others = {name for name in names if ".lora_" not in name}
    assert others == {
        f"{module}.modules_to_save.default.{kind}"
        for module in ("bert.pooler", "classifier")
        for kind in (("dense.weight", "dense.bias") if module == "bert.pooler" else ("weight", "bias"))
    }


def test_the_lowest_layers_can_be_left_without(recipe, small_dataset: Dataset):
    split = make_split(small_dataset, seed=0)
    frozen = replace(recipe, frozen_layers=1, epochs=1)
    classifier = load_for_training(frozen, split.dataset.label_names)
    train(classifier, split, frozen, lambda _: None, lambda: None, lambda _: None)
    assert not [name for name in trained_names(classifier.model) if ".layer.0." in name]
    assert [name for name in trained_names(classifier.model) if ".layer.1." in name]


def test_the_rank_decides_how_much_is_trained(recipe):
    small, large = (
        sum(w.numel() for name, w in load_for_training(each, ("a", "b")).model.named_parameters() if ".lora_" in name)
        for each in (recipe, replace(recipe, lora_rank=8))
    )
    assert large == 2 * small


@pytest.mark.parametrize(
    ("architecture", "layers"),
    [("gpt2", 4), ("bart", 16), ("xlm", 6), ("albert", 6), ("mpnet", 6), ("t5", 16), ("phimoe", 4)],
)  # layers: linear ones of a layer of the encoder, and of one of the decoder
def test_all_linear_layers_of_any_architecture_are_adapted_and_merged_as_they_were_trained(
    recipe: Recipe, architecture: str, layers: int, tmp_path: Path
):
    config = tiny_config(architecture, vocab_size=100, pad_token_id=0, eos_token_id=3)
    config.num_labels = 2
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    whole = copy.deepcopy(model)
    LoRA(recipe.lora_rank).adapt_model(model, recipe.base)
    adapters = {name: weight for name, weight in model.named_parameters() if ".lora_B." in name}
    stacks = {re.sub(r"\.\d+\.", ".0.", name) for name in adapters}
    assert len(stacks) == layers
    for weight in adapters.values():
        torch.nn.init.normal_(weight, std=0.1)
    save_adapter(model, tmp_path)
    merge_adapter(whole, tmp_path)
    ids = torch.tensor([[5, 6, 7, 8, 3]])
    with torch.inference_mode():
        trained, merged = (each(input_ids=ids).logits for each in (model, whole))
    assert torch.allclose(trained, merged, atol=1e-3)


def test_weights_that_several_modules_share_are_left_as_they_are(recipe: Recipe):
    """Each module's adapter would be added to the one weight, and answer otherwise than it was trained."""
    config = tiny_config("bert", vocab_size=100)
    model = AutoModelForSequenceClassification.from_config(config)
    first, second = model.bert.encoder.layer
    second.output.dense.weight = first.output.dense.weight
    LoRA(recipe.lora_rank).adapt_model(model, recipe.base)
    names = {name for name, _ in model.named_parameters() if ".lora_A." in name}
    assert len(names) == 10
    assert not any("layer.0.output.dense" in name or "layer.1.output.dense" in name for name in names)


def test_a_base_without_linear_layers_is_one_sentence(recipe, learned_base):
    model = load_base(str(learned_base), ("a", "b"), dropout=0.0, max_length=64).model
    model.bert.encoder.layer = nn.ModuleList([nn.LayerNorm(32)])
    with pytest.raises(ModelError, match="set the LoRA rank to 0"):
        LoRA(recipe.lora_rank).adapt_model(model, recipe.base)
