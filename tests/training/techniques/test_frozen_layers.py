"""Frozen layers: what they make of a text is computed once, and nothing else changes by it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from torch.nn.functional import cross_entropy
from transformers import AutoTokenizer

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.training.events import Noted, Stepped, Validated
from bertdemo.training.kept_states import KeptStates
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe
from tests.training.test_architectures import SPECIAL

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")
COMMON = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
KINDS = {
    "Bert": COMMON,
    "Roberta": COMMON,
    "RobertaPreLayerNorm": COMMON,
    "Electra": COMMON | {"embedding_size": 32},
    "DistilBert": {"dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 64},
    "ModernBert": COMMON | {"local_attention": 8, "global_attn_every_n_layers": 2},
}
OTHERS = {
    "Electra": COMMON | {"embedding_size": 16},
    "GPT2": {"n_embd": 32, "n_layer": 3, "n_head": 2},
    "XLNet": {"d_model": 32, "n_layer": 3, "n_head": 2, "d_inner": 64},
}


def make_recipe(folder: Path, tiny_base: Path, kind: str, settings: dict) -> Recipe:
    """Of a random model of this kind, which reads as the tiny BERT does and drops a third of what it can."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(tokenizer), **SPECIAL, **settings)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Recipe(
        base=str(folder), epochs=2, batch_size=8, learning_rate=5e-3, precision="fp32", frozen_layers=2, dropout=0.3
    )


def trained(recipe: Recipe, dataset: Dataset, keep=lambda _: None):
    split, events = make_split(dataset, seed=0), []
    classifier = load_for_training(recipe, dataset.label_names)
    train(classifier, split, recipe, events.append, lambda: None, keep)
    return classifier, events


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [*((kind, {}) for kind in KINDS), ("Bert", {"lora_rank": 2}), ("Bert", {"averaging": 0.9, "mean_teacher": 0.5})],
)
def test_training_from_kept_states_is_training_from_texts(
    kind, settings, tmp_path: Path, tiny_base: Path, small_dataset: Dataset, monkeypatch
):
    recipe = replace(make_recipe(tmp_path, tiny_base, kind, KINDS[kind]), **settings)
    kept, told = trained(recipe, small_dataset)
    monkeypatch.setattr("bertdemo.training.techniques.frozen_layers.MOST_KEPT_MB", 0)
    anew, told_anew = trained(recipe, small_dataset)
    notes = [note.message.partition(" is computed ")[2] for note in of(Noted, told + told_anew)]
    assert [note.split()[0] for note in notes] == ["once", "again"]
    for one, other in zip(of(Stepped, told), of(Stepped, told_anew), strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-4)
    for one, other in zip(of(Validated, told), of(Validated, told_anew), strict=True):
        assert one.loss == pytest.approx(other.loss, abs=1e-4)
    weights = anew.model.state_dict()
    for name, weight in kept.model.state_dict().items():
        torch.testing.assert_close(weight, weights[name], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("kind", "settings"), OTHERS.items())
def test_other_architectures_are_frozen_without_it(
    kind, settings, tmp_path: Path, tiny_base: Path, small_dataset: Dataset
):
    recipe = make_recipe(tmp_path, tiny_base, kind, settings)
    before = load_for_training(recipe, small_dataset.label_names).model.state_dict()
    classifier, events = trained(recipe, small_dataset)
    assert not of(Noted, events)
    moved = {name for name, weight in classifier.model.state_dict().items() if not torch.equal(weight, before[name])}
    assert any(".2." in name for name in moved)
    assert not any(f".{layer}." in name for name in moved for layer in (0, 1))


@pytest.mark.parametrize("frozen_layers", [1, 2, 9])
def test_a_saved_classifier_predicts_what_was_validated(
    frozen_layers, tmp_path: Path, tiny_base: Path, small_dataset: Dataset
):
    recipe = replace(make_recipe(tmp_path, tiny_base, "Bert", COMMON), frozen_layers=frozen_layers, epochs=1)
    _, events = trained(recipe, small_dataset, keep=lambda best: save_classifier(best, tmp_path / "kept"))
    validation = make_split(small_dataset, seed=0).part("validation")
    logits = predict(load_classifier(tmp_path / "kept"), validation.texts, placement=EXACT).logits
    loss = cross_entropy(torch.from_numpy(logits), torch.tensor(validation.labels)).item()
    (best,) = [event for event in of(Validated, events) if event.is_best][-1:]
    assert loss == pytest.approx(best.loss, abs=1e-4)


def test_states_are_computed_as_they_are_needed_and_once(
    tmp_path: Path, tiny_base: Path, small_dataset: Dataset, monkeypatch
):
    read, compute = [], KeptStates._compute
    monkeypatch.setattr(KeptStates, "_compute", lambda states, rows: (read.append(len(rows)), compute(states, rows)))
    split = make_split(small_dataset, seed=0)
    _, events = trained(make_recipe(tmp_path, tiny_base, "Bert", COMMON), small_dataset)
    first, *_ = of(Stepped, events)
    tried, some, *batches = read
    assert (tried, some) == (4, 1)
    assert sum(batches) == len(split.train) + len(split.part("validation"))
    assert max(batches[:3]) <= 8  # the first steps wait for no other texts
    assert first.remaining > 0
