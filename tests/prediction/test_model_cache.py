"""Classifiers are loaded once, kept while they are asked for, and loaded anew when they changed."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from bertdemo.errors import RunError
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.prediction import model_cache
from bertdemo.prediction.model_cache import ModelCache, last_written


class Folders:
    """Every folder below ``root`` is the model of a run of that name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def model_folder(self, run_id: str) -> Path:
        return self.root / run_id


@pytest.fixture
def folders(tmp_path, tiny_base):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    for name in "xyz":
        save_classifier(classifier, tmp_path / name)
    return Folders(tmp_path)


@pytest.fixture
def loads(monkeypatch):
    """Names of the folders that were loaded, in order."""
    names = []
    load = model_cache.load_classifier
    monkeypatch.setattr(
        model_cache, "load_classifier", lambda folder, **kw: (names.append(folder.name), load(folder, **kw))[1]
    )
    return names


def test_a_classifier_is_loaded_once(folders, loads):
    shelf = ModelCache(folders)
    assert not shelf.holds("x")
    first = shelf.classifier("x")
    assert shelf.classifier("x") is first
    assert first.label_names == ("a", "b")
    assert loads == ["x"]
    assert shelf.holds("x")


def test_many_who_ask_at_the_same_moment_wait_for_one_loading(folders, loads):
    shelf, ready = ModelCache(folders), threading.Barrier(4)

    def ask(_):
        ready.wait()
        return shelf.classifier("x")

    with ThreadPoolExecutor(4) as threads:
        assert len({id(each) for each in threads.map(ask, range(4))}) == 1
    assert loads == ["x"]


def test_who_asks_for_a_loaded_one_does_not_wait_for_another_loading(folders, monkeypatch):
    shelf = ModelCache(folders)
    shelf.classifier("x")
    begun, go_on = threading.Event(), threading.Event()
    load = model_cache.load_classifier

    def slow(folder, **options):
        begun.set()
        assert go_on.wait(600)
        return load(folder, **options)

    monkeypatch.setattr(model_cache, "load_classifier", slow)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(shelf.classifier, "y")
        assert begun.wait(600)
        assert shelf.classifier("x") is not None
        assert not other.done()
        go_on.set()
        assert other.result(30) is not None


def test_the_one_not_asked_for_the_longest_makes_room(folders, loads):
    shelf = ModelCache(folders, capacity=2)
    for name in ("x", "y", "x", "z", "x", "y"):
        shelf.classifier(name)
    assert loads == ["x", "y", "z", "y"]


def test_a_model_that_was_written_anew_is_loaded_anew_and_takes_no_second_place(folders, loads):
    shelf = ModelCache(folders, capacity=2)
    shelf.classifier("y")
    old = shelf.classifier("x")
    later = (folders.root / "x").stat().st_mtime + 10
    os.utime(folders.root / "x" / "model.safetensors", (later, later))
    assert shelf.classifier("x") is not old
    shelf.classifier("y")
    assert loads == ["y", "x", "x"]


def test_an_adapter_has_changed_when_its_base_has_though_the_new_file_is_older(adapter):
    weights = adapter.parent / "base" / "model.safetensors"
    for path in (*adapter.iterdir(), adapter, *weights.parent.iterdir(), weights.parent):
        os.utime(path, (1000, 1000))
    assert last_written("x", adapter) == 1000 * 10**9
    new = weights.with_name("draft")
    new.write_bytes(b"another base")
    os.utime(new, (1, 1))
    new.replace(weights)
    assert last_written("x", adapter) > 1000 * 10**9


def test_an_adapter_whose_base_is_gone_is_told_in_one_sentence(adapter):
    shutil.rmtree(adapter.parent / "base")
    with pytest.raises(RunError, match="run x is missing or damaged"):
        last_written("x", adapter)


@pytest.mark.parametrize("damage", ["weights", "card", "all"])
def test_a_damaged_model_is_told_in_one_sentence(folders, damage):
    if damage == "weights":
        (folders.root / "x" / "model.safetensors").write_bytes(b"no weights")
    else:
        for file in (folders.root / "x").glob("classifier.json" if damage == "card" else "*"):
            file.unlink()
    if damage == "all":
        (folders.root / "x").rmdir()
    with pytest.raises(RunError, match="run x is missing or damaged") as told:
        ModelCache(folders).classifier("x")
    assert str(folders.root) not in str(told.value)


def test_one_that_could_not_be_loaded_is_tried_again(folders, loads):
    shelf = ModelCache(folders)
    (folders.root / "x" / "classifier.json").rename(folders.root / "card")
    with pytest.raises(RunError):
        shelf.classifier("x")
    (folders.root / "card").rename(folders.root / "x" / "classifier.json")
    assert shelf.classifier("x") is not None


def test_a_complete_classifier_tells_its_attention_and_gives_the_same_logits(folders):
    inputs = {"input_ids": torch.tensor([[2, 7, 8, 9, 3]])}
    with torch.inference_mode():
        usual = ModelCache(folders).classifier("x").model(**inputs)
        complete = ModelCache(folders, output_attentions=True).classifier("x").model(**inputs, output_attentions=True)
    assert torch.allclose(usual.logits, complete.logits, atol=1e-5)
    assert {tuple(weights.shape[-2:]) for weights in complete.attentions} == {(5, 5)}


def test_weights_that_classifiers_have_in_common_are_held_once_and_answers_stay(folders):
    other = load_classifier(folders.root / "y")
    other.model.classifier.weight.data += 1
    save_classifier(other, folders.root / "y")
    usual = ModelCache(folders)
    inside = ModelCache(folders, output_attentions=True, beside=usual)
    first, second, third = usual.classifier("x"), usual.classifier("y"), inside.classifier("x")
    places = [{name: w.data_ptr() for name, w in each.model.named_parameters()} for each in (first, second, third)]
    assert {name for name in places[0] if places[0][name] != places[1][name]} == {"classifier.weight"}
    assert places[2] == places[0]
    inputs = {"input_ids": torch.tensor([[2, 7, 8, 9, 3]])}
    with torch.inference_mode():
        for found, saved in ((first, "x"), (second, "y"), (third, "x")):
            alone = load_classifier(folders.root / saved)
            assert torch.allclose(found.model(**inputs).logits, alone.model(**inputs).logits, atol=1e-5)
