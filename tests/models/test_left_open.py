"""What an architecture leaves open until it is called is chosen when it is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoConfig, AutoModelForSequenceClassification

from bertdemo.errors import ModelError
from bertdemo.explanation.attention import attention
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.training.techniques.frozen_embeddings import FrozenEmbeddings
from tests.models.bases import configure, make_base

EXACT = Placement("cpu", "fp32", "CPU", "for tests")
SHORT, LONG = "the coffee was cold", "the coffee was cold and bitter " * 8


def load(base: Path) -> Classifier:
    return load_base(str(base), ("bad", "good"), dropout=0.0, max_length=100)


def logits(classifier: Classifier, text: str) -> np.ndarray:
    return predict(classifier, [text], placement=EXACT).logits


def kept(base: Path, folder: Path, *, complete: bool = False) -> Classifier:
    save_classifier(load(base), folder)
    return load_classifier(folder, output_attentions=complete)


def test_what_was_read_before_does_not_change_an_answer(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", tiny_base, "big_bird")
    classifier = kept(base, tmp_path / "kept")
    configure(tmp_path / "kept", attention_type="block_sparse")  # as in runs of older versions
    for each in (load(base), classifier, load_classifier(tmp_path / "kept")):
        before = logits(each, LONG)
        logits(each, SHORT)
        np.testing.assert_array_equal(logits(each, LONG), before)


@pytest.mark.parametrize("kind", ["big_bird", "falcon"])
def test_the_attention_of_architectures_that_choose_it_once_is_shown(kind: str, tiny_base: Path, tmp_path: Path):
    classifier = kept(make_base(tmp_path / "base", tiny_base, kind), tmp_path / "kept", complete=True)
    for text in (SHORT, LONG):
        found = attention(classifier, tokenize_with_words(classifier, text))
        np.testing.assert_allclose(found.weights.sum(axis=-1), 1, atol=1e-5)
        np.testing.assert_allclose(found.logits, logits(load_classifier(tmp_path / "kept"), text)[0], atol=1e-5)


def test_a_model_of_one_language_reads_that_one(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", tiny_base, "xmod", languages=["de_DE"])
    classifier = kept(base, tmp_path / "kept")
    assert classifier.model.config.default_language == "de_DE"
    assert np.isfinite(logits(classifier, SHORT)).all()


def test_a_model_of_several_languages_has_to_say_which(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", tiny_base, "xmod", languages=["en_XX", "de_DE"])
    with pytest.raises(ModelError, match=r"2 languages.*such as en_XX, as default_language into its config\.json"):
        load(base)
    configure(base, default_language="de_DE")
    assert load(base).model.config.default_language == "de_DE"


def test_a_head_that_looks_for_the_last_token_knows_what_fills_up(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", tiny_base, "gpt2")
    configure(base, pad_token_id=7)  # some word of the tokenizer's
    classifier = kept(base, tmp_path / "kept")
    assert classifier.pad_id == classifier.tokenizer.pad_token_id == classifier.model.config.pad_token_id != 7


def test_positions_that_are_counted_from_the_padding_stay(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", tiny_base, "roberta", pad_token_id=1)
    trained = load(base)
    save_classifier(trained, tmp_path / "kept")
    np.testing.assert_allclose(logits(load_classifier(tmp_path / "kept"), SHORT), logits(trained, SHORT), atol=1e-6)


def test_where_there_are_no_word_embeddings_all_that_reads_characters_learns(tiny_base: Path, tmp_path: Path) -> None:
    config = AutoConfig.from_pretrained(make_base(tmp_path, tiny_base, "canine"))
    model = AutoModelForSequenceClassification.from_config(config)
    FrozenEmbeddings().freeze_weights(model)
    assert all(weight.requires_grad for weight in model.parameters())


def test_parts_that_transformers_would_draw_anew_are_named(tiny_base: Path, tmp_path: Path) -> None:
    base = make_base(tmp_path, tiny_base, "perceiver")
    with pytest.raises(ModelError, match=r"perceiver lends .* others .input_preprocessor, decoder. would be random"):
        load(base)
