"""What a model reads of a text, and the units that attention is shown between."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from bertdemo.errors import PredictionError
from bertdemo.explanation.tokenized_text import (
    aggregate_attention,
    sum_tokens_to_words,
    tokenize_with_words,
    tokens_of,
    words_of,
)
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from bertdemo.models.encoding import encode
from tests.readable import is_readable

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=60).filter(is_readable)


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), ("bad", "good"), dropout=0.0, max_length=32)


def byte_level(classifier: Classifier, *, trim: bool) -> Classifier:
    """With a tokenizer as RoBERTa (which trims white space) and ModernBERT (which does not) have one.

    It knows all bytes, the space together with each of them, and "Ġthe"; a space may be a token of its own.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = [*(("Ġ", each) for each in alphabet if each.isascii()), ("t", "h"), ("Ġt", "h"), ("Ġth", "e")]
    pieces = dict.fromkeys(["[CLS]", "[PAD]", "[SEP]", *alphabet, *("".join(pair) for pair in pairs)])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    ends = [(name, vocabulary[name]) for name in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.RobertaProcessing(*ends, trim_offsets=trim, add_prefix_space=False)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", split_special_tokens=True
    )
    return replace(classifier, tokenizer=fast, max_length=200)


@pytest.fixture(scope="module", params=["word pieces", "bytes, trimmed", "bytes"])
def any_classifier(request, classifier: Classifier) -> Classifier:
    if request.param == "word pieces":
        return classifier
    return byte_level(classifier, trim=request.param.endswith("trimmed"))


def words(classifier: Classifier, text: str) -> list[str]:
    return [word.text for word in tokenize_with_words(classifier, text).words]


@example(text="[PAD]")  # characters, as to every tokenizer of ours
@given(text=TEXTS)
def test_words_are_characters_of_the_text_in_its_order_and_never_overlap(any_classifier: Classifier, text: str):
    tokenized = tokenize_with_words(any_classifier, text)
    assert all(text[word.start : word.end] == word.text for word in tokenized.words)
    assert all(left.end <= right.start for left, right in zip(tokenized.words, tokenized.words[1:], strict=False))
    assert all(word.text == word.text.strip() != "" for word in tokenized.words)


@given(text=TEXTS)
def test_every_token_is_special_or_in_one_word_that_holds_its_characters(any_classifier: Classifier, text: str):
    tokenized = tokenize_with_words(any_classifier, text)
    assert [p for word in tokenized.words for p in word.tokens] == [
        place for place, token in enumerate(tokenized.tokens) if not token.special
    ]
    for row, word in enumerate(tokenized.words):
        for token in (tokenized.tokens[place] for place in word.tokens):
            assert token.word == row
            if inked := text[token.start : token.end].strip():
                assert inked in word.text
                assert token.start < word.end
                assert word.start < token.end


@given(text=TEXTS, pair=st.none() | TEXTS)
def test_what_is_read_is_what_is_predicted(classifier: Classifier, text: str, pair: str | None):
    tokenized = tokenize_with_words(classifier, text, pair)
    encoded = encode(classifier, [text], None if pair is None else [pair])
    assert tokenized.ids.tolist() == encoded.ids[0].tolist()
    assert tokenized.segments is not None
    assert encoded.segments is not None
    assert tokenized.segments.tolist() == encoded.segments[0].tolist()


@given(text=TEXTS, seed=st.integers(0, 99))
def test_word_scores_and_those_of_special_tokens_sum_to_those_of_all_tokens(classifier, text: str, seed: int):
    tokenized = tokenize_with_words(classifier, text)
    scores = np.random.default_rng(seed).normal(size=(len(tokenized), 2))
    total = tokenized.sum_to_words(scores).sum(axis=0) + scores[tokenized.special].sum(axis=0)
    assert np.allclose(total, scores.sum(axis=0), atol=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@united don't lose it...", ["@united", "don't", "lose", "it", ".", ".", "."]),
        ("我的行李 lost", ["我", "的", "行", "李", "lost"]),
        ("a naïve café, 3.5 stars", ["a", "naïve", "café", ",", "3.5", "stars"]),
        ("see https://t.co/x?y=1 now", ["see", "https://t.co/x?y=1", "now"]),
        ("late.My bag", ["late", ".", "My", "bag"]),
        (unicodedata.normalize("NFD", "dé"), [unicodedata.normalize("NFD", "dé")]),
    ],
)
def test_words_are_what_a_reader_calls_words(classifier: Classifier, text: str, expected: list[str]):
    assert words(classifier, text) == expected


def test_white_space_is_of_no_word_but_its_tokens_are(any_classifier: Classifier):
    tokenized = tokenize_with_words(any_classifier, " the  coffee\n\n你 😀 ")
    assert [word.text for word in tokenized.words] == ["the", "coffee", "你", "😀"]
    assert sum(len(word.tokens) for word in tokenized.words) == len(tokenized) - 2


def test_a_text_of_which_only_white_space_is_read_has_that_as_its_word(classifier: Classifier):
    tokenized = tokenize_with_words(byte_level(classifier, trim=False), " " * 300 + "end")
    [word] = tokenized.words
    assert (tokenized.truncated, word.text.strip(), len(word.tokens)) == (True, "", 198)


def test_a_text_that_is_too_long_says_so_and_one_that_just_fits_does_not(classifier: Classifier):
    assert tokenize_with_words(classifier, "a " * 31).truncated
    assert not tokenize_with_words(classifier, "a " * 30).truncated
    assert len(tokenize_with_words(classifier, "a " * 30)) == 32


def test_a_pair_knows_which_text_a_word_is_of(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "one two", "three")
    assert [(word.text, word.part) for word in tokenized.words] == [("one", 0), ("two", 0), ("three", 1)]


def test_a_blank_text_is_refused_in_a_sentence(classifier: Classifier):
    with pytest.raises(PredictionError, match="empty"):
        tokenize_with_words(classifier, " \n")
    with pytest.raises(PredictionError, match="second text is empty"):
        tokenize_with_words(classifier, "a", "")


def attention_over(tokens: int, seed: int):
    raw = np.random.default_rng(seed).random((2, 3, tokens, tokens))
    return raw / raw.sum(axis=-1, keepdims=True)


def test_words_are_those_of_the_text_and_special_tokens_keep_their_places(classifier):
    tokenized = tokenize_with_words(classifier, "Wonderful breakfast!", "the staff")
    units = words_of(tokenized)
    assert [unit.text for unit in units] == [
        "[CLS]", "Wonderful", "breakfast", "!", "[SEP]", "the", "staff", "[SEP]",
    ]  # fmt: skip
    assert [unit.part for unit in units] == [None, 0, 0, 0, None, 1, 1, None]
    assert [token for unit in units for token in unit.tokens] == list(range(len(tokenized)))


def test_tokens_are_units_by_themselves(classifier):
    tokenized = tokenize_with_words(classifier, "suitcases")
    assert [unit.text for unit in tokens_of(tokenized)] == [token.text for token in tokenized.tokens]
    weights = attention_over(len(tokenized), 0)
    assert np.allclose(aggregate_attention(weights, tokens_of(tokenized)), weights)


@given(text=st.text(min_size=1, max_size=40).filter(lambda text: text.strip().isprintable() and text.strip()))
def test_attention_of_words_still_sums_to_one(classifier, text):
    tokenized = tokenize_with_words(classifier, f"x{text}")
    merged = aggregate_attention(attention_over(len(tokenized), 1), words_of(tokenized))
    assert merged.shape[-1] == len(words_of(tokenized))
    assert np.allclose(merged.sum(axis=-1), 1.0)


def test_what_a_word_is_paid_is_the_sum_and_what_it_pays_the_mean(classifier):
    tokenized = tokenize_with_words(classifier, "qzxv")  # several tokens, one word
    word = words_of(tokenized)[1]
    assert len(word.tokens) > 1
    weights = attention_over(len(tokenized), 2)
    merged = aggregate_attention(weights, words_of(tokenized))
    inside = weights[..., list(word.tokens), :]
    assert np.allclose(merged[..., 1, 0], inside[..., 0].mean(axis=-1))
    assert np.allclose(merged[..., 0, 1], weights[..., 0, list(word.tokens)].sum(axis=-1))
    assert np.allclose(sum_tokens_to_words(weights[..., 0, :], words_of(tokenized)), merged[..., 0, :])
