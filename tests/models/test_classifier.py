"""Loading a base, saving and loading a classifier."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.errors import ModelError
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier, write_temperature
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")
TEXTS = ["the coffee was wonderful", "a dirty room", "", "漢字 and 😀 <b>HTML</b>", "word " * 500]
LABELS = ("no", "yes", "maybe")


@pytest.fixture(scope="module")
def classifier(tiny_base: Path):
    return load_base(str(tiny_base), LABELS, dropout=0.3, max_length=64, seed=1)


def test_saved_and_loaded_gives_the_same_logits(classifier, tmp_path: Path):
    save_classifier(classifier, tmp_path / "model")
    again = load_classifier(tmp_path / "model")
    assert (again.label_names, again.max_length) == (LABELS, 64)
    before, after = (predict(c, TEXTS, placement=EXACT).logits for c in (classifier, again))
    # Where arrays begin in memory decides how sums are rounded.
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)


def test_a_second_save_replaces_the_first_and_leaves_no_draft(classifier, tiny_base: Path, tmp_path: Path):
    save_classifier(classifier, tmp_path)
    other = load_base(str(tiny_base), LABELS, dropout=0.0, max_length=32, seed=2)
    save_classifier(other, tmp_path)
    assert load_classifier(tmp_path).max_length == 32
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_only_safetensors_are_written(classifier, tmp_path: Path):
    save_classifier(classifier, tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}


def test_a_full_disk_leaves_the_last_good_model(classifier, tmp_path: Path, monkeypatch):
    save_classifier(classifier, tmp_path)
    good = (tmp_path / "model.safetensors").read_bytes()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(classifier.tokenizer), "save_pretrained", full)
    with pytest.raises(OSError, match="No space"):
        save_classifier(classifier, tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == good
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_equal_seeds_give_equal_heads_and_different_seeds_different_ones(tiny_base: Path):
    heads = [
        load_base(str(tiny_base), LABELS, dropout=0.1, max_length=64, seed=seed).model.classifier.weight
        for seed in (3, 3, 4)
    ]
    assert heads[0].equal(heads[1])
    assert not heads[0].equal(heads[2])


@pytest.mark.parametrize("old_labels", [LABELS, ("other", "labels", "were", "here")])
def test_a_checkpoint_that_was_fine_tuned_before_is_a_base_with_a_fresh_head(tiny_base: Path, tmp_path, old_labels):
    old = load_base(str(tiny_base), old_labels, dropout=0.1, max_length=64, seed=3)
    old.model.base_model.embeddings.word_embeddings.weight.data += 1
    save_classifier(old, tmp_path)
    new = load_base(str(tmp_path), LABELS, dropout=0.1, max_length=64, seed=4)
    assert new.model.config.id2label == dict(enumerate(LABELS))
    assert new.model.classifier.weight.shape[0] == len(LABELS)
    assert not new.model.classifier.weight.equal(old.model.classifier.weight)
    assert all(
        weight.equal(old.model.state_dict()[name])
        for name, weight in new.model.state_dict().items()
        if not name.startswith("classifier")
    )


def test_a_full_disk_is_not_blamed_on_the_model(tiny_base: Path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", full)
    with pytest.raises(OSError, match="No space"):
        load_base(str(tiny_base), LABELS, dropout=0.1, max_length=64)


def test_dropout_is_set_for_hidden_states_and_switched_off_for_attention(classifier):
    assert classifier.model.config.hidden_dropout_prob == 0.3
    assert classifier.model.config.attention_probs_dropout_prob == 0.0
    assert classifier.model.dropout.p == 0.3


def test_the_length_is_lowered_to_what_the_base_can_read(tiny_base: Path):
    assert load_base(str(tiny_base), LABELS, dropout=0.1, max_length=4000).max_length == 128


def test_a_model_of_the_hub_without_a_network_is_one_sentence():
    with pytest.raises(ModelError, match="could not be had from the Hub"):
        load_base("google-bert/bert-base-uncased", LABELS, dropout=0.1, max_length=64)


def test_a_folder_of_something_else_is_one_sentence(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 32}))
    (tmp_path / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ModelError, match="could not be read"):
        load_base(str(tmp_path), LABELS, dropout=0.1, max_length=64)


def test_a_damaged_run_is_one_sentence(tmp_path: Path):
    with pytest.raises(ModelError, match="missing or damaged"):
        load_classifier(tmp_path / "nothing")


def test_the_temperature_is_stored_with_the_classifier(tiny_base, tmp_path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.1, max_length=32)
    save_classifier(classifier, tmp_path / "model")
    assert load_classifier(tmp_path / "model").temperature == 1.0
    write_temperature(tmp_path / "model", 1.7)
    assert load_classifier(tmp_path / "model").temperature == 1.7


def test_the_copy_in_bf16_leaves_the_classifier_as_it_was(tiny_base):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    before = {name: weight.clone() for name, weight in classifier.model.state_dict().items()}
    rounded = classifier.in_bf16
    assert rounded is classifier.in_bf16
    assert rounded.lock is classifier.lock
    assert {weight.dtype for weight in rounded.model.parameters()} == {torch.bfloat16}
    after = classifier.model.state_dict()
    assert all(
        after[name].dtype == weight.dtype and torch.equal(after[name], weight) for name, weight in before.items()
    )
    assert all(
        torch.equal(weight, before[name].to(weight.dtype)) for name, weight in rounded.model.state_dict().items()
    )
