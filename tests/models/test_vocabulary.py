from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from bertdemo.errors import ModelError
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.vocabulary import open_tokenizer, unread_emoji
from bertdemo.training.loading import load_for_training
from bertdemo.training.recipe import Recipe

LABELS = ("bad", "good")


@pytest.fixture
def base(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), LABELS, dropout=0.0, max_length=128)


@pytest.fixture
def plain(tiny_base: Path) -> Tokenizer:
    return Tokenizer.from_file(str(tiny_base / "tokenizer.json"))


def test_a_word_that_touches_an_emoji_is_still_read(base: Classifier, plain: Tokenizer) -> None:
    assert plain.encode("the room💕", add_special_tokens=False).tokens == ["the", "[UNK]"]
    room = plain.encode("the room", add_special_tokens=False).tokens
    assert base.tokenizer.tokenize("the room💕💕👍") == [*room, "💕", "💕", "👍"]


def test_an_emoji_begins_as_the_mean_of_the_words_of_its_name(base: Classifier) -> None:
    vectors = base.model.get_input_embeddings().weight
    pieces = base.tokenizer("unamused face", add_special_tokens=False)["input_ids"]
    unamused = base.tokenizer.convert_tokens_to_ids("😒")
    torch.testing.assert_close(vectors[unamused], vectors[pieces].mean(dim=0))


def test_the_vectors_of_known_pieces_stay_as_they_came(base: Classifier, tiny_base: Path) -> None:
    came = AutoModelForSequenceClassification.from_pretrained(tiny_base).get_input_embeddings().weight
    assert torch.equal(base.model.get_input_embeddings().weight[: len(came)], came)
    assert base.model.config.vocab_size == len(base.tokenizer) > len(came)


def test_no_emoji_is_left_unread_and_none_is_added_twice(base: Classifier) -> None:
    assert not unread_emoji(base.tokenizer.backend_tokenizer)


def test_a_tokenizer_without_unknown_words_has_nothing_to_be_added(plain: Tokenizer) -> None:
    from tokenizers.models import BPE

    assert not unread_emoji(Tokenizer(BPE()))


def test_an_emoji_whose_name_cannot_be_read_either_is_left_alone() -> None:
    from tokenizers.models import WordLevel

    assert not unread_emoji(Tokenizer(WordLevel({"[UNK]": 0, "the": 1}, unk_token="[UNK]")))


def test_plain_transformers_reads_the_emoji_of_a_saved_model(base: Classifier, tmp_path: Path) -> None:
    save_classifier(base, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    text = "the room💕"
    assert tokenizer(text)["input_ids"] == base.tokenizer(text)["input_ids"]
    ours = base.model.eval()(**base.tokenizer(text, return_tensors="pt")).logits
    torch.testing.assert_close(model(**tokenizer(text, return_tensors="pt")).logits, ours)


def test_an_adapter_is_added_to_the_base_with_the_emoji_it_was_trained_with(tiny_base: Path, tmp_path: Path) -> None:
    trained = load_for_training(Recipe(base=str(tiny_base), lora_rank=2, precision="fp32"), LABELS)
    save_classifier(trained, tmp_path)
    loaded = load_classifier(tmp_path)
    inputs = loaded.tokenizer("the room💕😒", return_tensors="pt")
    assert inputs["input_ids"].tolist() == [trained.tokenizer("the room💕😒")["input_ids"]]
    torch.testing.assert_close(
        loaded.model(**inputs).logits, trained.model.eval()(**inputs).logits.float(), rtol=1e-2, atol=1e-3
    )  # the adapter is stored in half precision


def test_an_adapter_from_before_emoji_were_read_stays_without(tiny_base: Path, tmp_path: Path) -> None:
    trained = load_for_training(Recipe(base=str(tiny_base), lora_rank=2, precision="fp32"), LABELS)
    save_classifier(trained, tmp_path)
    card = json.loads((tmp_path / "classifier.json").read_text())
    del card["tokens"]
    (tmp_path / "classifier.json").write_text(json.dumps(card))
    assert load_classifier(tmp_path).tokenizer.tokenize("💕") == ["[UNK]"]


@pytest.mark.parametrize("content", [None, "{}", "rubbish"])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer"):
        open_tokenizer(path)
