"""The zip is used as a stranger would: unzipped, and loaded by transformers alone."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from transformers import AutoConfig, AutoModelForSequenceClassification, pipeline

from bertdemo.data.dataset import Source
from bertdemo.errors import ModelError, RunError
from bertdemo.export.package import calibrate, model_card, subject, write_package
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict
from bertdemo.prediction.single import predict_one
from bertdemo.training.recipe import Recipe
from tests.export.conftest import EXACT, LABELS, TEMPERATURE

TEXTS = [
    "the coffee was cold",
    "a lovely room with a view of the river " * 9,
    "漢字",
    "😀",
    "<script>",
    "cold [SEP] coffee",
]
SOME_TEXTS = ["the coffee was cold", "a lovely room " * 20, "漢字"]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
         "num_labels": 3, "max_position_embeddings": 80}  # fmt: skip


@pytest.fixture(scope="module")
def package(runs, tmp_path_factory):
    file = tmp_path_factory.mktemp("package") / "run.zip"
    write_package(runs, "finished", file)
    return file


@pytest.fixture(scope="module")
def folder(package, tmp_path_factory):
    place = tmp_path_factory.mktemp("unzipped")
    zipfile.ZipFile(package).extractall(place)
    return place


@pytest.fixture(scope="module")
def card(folder):
    return (folder / "README.md").read_text(encoding="utf-8")


def test_a_pipeline_gives_the_calibrated_probabilities(folder, classifier):
    classify = pipeline("text-classification", model=str(folder), top_k=None)
    for text in TEXTS:
        found = {each["label"]: each["score"] for each in classify([text], truncation=True)[0]}
        assert found == pytest.approx(dict(predict_one(classifier, text).scores), abs=1e-5)


def test_it_can_be_loaded_here_again(folder, classifier):
    again = load_classifier(folder)
    assert (again.label_names, again.max_length, again.temperature) == (LABELS, classifier.max_length, 1.0)
    expected, found = (predict(each, TEXTS, placement=EXACT).probabilities for each in (classifier, again))
    assert np.allclose(found, expected, atol=1e-5)


def test_it_holds_what_is_needed_and_nothing_else(folder):
    assert {file.name for file in folder.iterdir()} == {
        "README.md", "classifier.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    config = json.loads((folder / "config.json").read_text())
    assert config["id2label"] == {str(place): label for place, label in enumerate(LABELS)}
    assert config["calibration_temperature"] == TEMPERATURE


def test_no_file_tells_where_it_was_made(folder, tiny_base, runs):
    for file in folder.iterdir():
        content = file.read_bytes()
        for place in (tiny_base, runs.folder("finished").path, "/home", "secret-host"):
            assert str(place).encode() not in content


def test_the_card_tells_scores_with_intervals_and_the_baseline(card, runs):
    test = runs.report("finished").test
    assert f"{test.accuracy:.3f} [{test.accuracy_interval.low:.3f}, {test.accuracy_interval.high:.3f}]" in card
    assert f"{test.macro_f1:.3f} [{test.macro_f1_interval.low:.3f}, {test.macro_f1_interval.high:.3f}]" in card
    assert "TF-IDF" in card
    assert f"temperature of {TEMPERATURE:.3f}" in card
    assert "Calibration error" in card


def test_the_card_tells_data_recipe_limits_and_versions(card, classifier):
    assert "30 texts to train, 15 to validate, 15 to test" in card
    assert "https://example.org" in card
    assert "| learning rate | 0.0002 |" in card
    assert f"first {classifier.max_length} tokens" in card
    assert "Fewer than 30 test texts" in card
    assert "torch 1.2.3" in card


@pytest.mark.parametrize(("padding", "told"), [("right", ()), ("left", ("on the left",)), ("none", ("one text at a",))])
def test_the_card_tells_how_batches_are_filled_up_where_it_matters(padding, told, runs, classifier):
    card = model_card(subject(runs, "finished", replace(classifier, padding=padding)))
    assert [words for words in ("on the left", "one text at a") if words in card] == list(told)


def test_the_front_matter_holds_the_scores_as_hubs_read_them(card, runs):
    test, facts = runs.report("finished").test, ModelCard(card).data
    found = {each.metric_type: each.metric_value for each in facts.eval_results}
    assert found == {"accuracy": test.accuracy, "f1": test.macro_f1}
    assert {(each.task_type, each.dataset_split) for each in facts.eval_results} == {("text-classification", "test")}
    assert (facts.model_name, facts.library_name, facts.pipeline_tag) == (
        "finished", "transformers", "text-classification",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "base_model", "licence"),
    [
        ("minilm-l6", "sentence-transformers/all-MiniLM-L6-v2", "apache-2.0"),
        ("bert-base", "google-bert/bert-base-uncased", "apache-2.0"),
        ("somebody/some-model", "somebody/some-model", "unknown"),
        ("/a folder/of mine", None, "unknown"),
    ],
)
def test_the_front_matter_names_base_and_licence_by_their_ids_on_the_hub(base, base_model, licence, runs, classifier):
    told = subject(runs, "finished", classifier)
    card = ModelCard(model_card(replace(told, run=replace(told.run, recipe=Recipe(base=base)))))
    assert (card.data.get("base_model"), card.data.license) == (base_model, licence)


@pytest.mark.parametrize(
    ("url", "datasets", "kind"),
    [
        ("https://huggingface.co/datasets/somebody/reviews", ["somebody/reviews"], "somebody/reviews"),
        ("https://example.org", None, "unknown"),
    ],
)
def test_the_front_matter_names_data_of_the_hub_only(url, datasets, kind, runs, classifier):
    source = Source("Reviews", "Some.", "cc0-1.0", url)
    facts = ModelCard(model_card(replace(subject(runs, "finished", classifier), source=source))).data
    assert (facts.get("datasets"), facts.eval_results[0].dataset_type) == (datasets, kind)


@pytest.mark.parametrize("name", ["a: b # c\n---\nlicense: mit", "<b>*[x](y)*</b>", "'\"", "日本語 💕", "x " * 90])
def test_the_name_of_the_data_cannot_break_the_front_matter(name, runs, classifier):
    told = subject(runs, "finished", classifier)
    run = replace(told.run, data=replace(told.run.data, name=name))
    card = ModelCard(model_card(replace(told, run=run)))
    assert card.data.license == "unknown"
    assert card.text.lstrip().startswith("# ")
    assert not set("<>*[]") & set(card.data.eval_results[0].dataset_name)


def test_what_a_person_typed_is_no_markup_in_the_card(card):
    assert "<b>" not in card
    assert "<img" not in card
    assert "[x](y)" not in card
    title = next(line for line in card.splitlines() if line.startswith("# "))
    assert title == "# \\# My \\*run\\* &lt;img src=x&gt;".replace("&gt;", "\\>")
    rows = [line for line in card.splitlines() if line.startswith("| ") and "complaint" in line]
    assert [line.replace("\\|", "").count("|") for line in rows] == [6]


def test_the_same_run_gives_the_same_zip(package, runs, tmp_path):
    write_package(runs, "finished", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == package.read_bytes()


def test_a_run_without_a_classifier_cannot_be_exported(runs, tmp_path):
    with pytest.raises(RunError, match="cancelled"):
        write_package(runs, "cancelled", tmp_path / "none.zip")


def a_classifier(kind: str, tokenizer, temperature: float) -> Classifier:
    """A random model of another architecture, whose logits are far from zero."""
    sizes = SMALL | ({"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32} if kind == "distilbert" else {})
    config = AutoConfig.for_model(kind, **sizes, vocab_size=len(tokenizer), pad_token_id=0)
    torch.manual_seed(5)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    for weight in model.parameters():
        weight.data *= 3
    return Classifier(model, tokenizer, ("a", "b", "c"), 32, temperature)


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "distilbert", "modernbert", "camembert", "albert"])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_probabilities_stay_what_they_were(kind, temperature, classifier, tmp_path):
    original = a_classifier(kind, classifier.tokenizer, temperature)
    save_classifier(original, tmp_path)
    calibrated = calibrate(load_classifier(tmp_path))
    before, after = (predict(each, SOME_TEXTS, placement=EXACT) for each in (original, calibrated))
    assert calibrated.temperature == 1.0
    assert calibrated.model.config.calibration_temperature == temperature
    assert np.allclose(after.probabilities, before.probabilities, atol=1e-6)
    assert np.allclose(after.logits * temperature, before.logits, atol=1e-4)


def test_a_model_that_does_something_to_what_its_last_layer_says_is_refused(classifier):
    """Divided weights would not divide these logits, and the export would answer otherwise than the run."""
    bent = a_classifier("bert", classifier.tokenizer, 2.0)
    bent.model.classifier.register_forward_hook(lambda _module, _inputs, logits: logits.tanh())
    with pytest.raises(ModelError, match="cannot be exported"):
        calibrate(bent)


def test_a_model_that_ends_otherwise_is_refused(classifier, tmp_path):
    save_classifier(replace(classifier, label_names=("a", "b", "c")), tmp_path)
    with pytest.raises(ModelError, match="cannot be exported"):
        calibrate(load_classifier(tmp_path))
