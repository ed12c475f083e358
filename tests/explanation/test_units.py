"""Attention between words: sums and means over their tokens, with nothing lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.explanation.units import aggregate_attention, pieces_of, sum_tokens_to_words, words_of
from bertdemo.models.checkpoints import load_base


@pytest.fixture(scope="module")
def classifier(tiny_base):
    return load_base(str(tiny_base), ("praise", "complaint"), dropout=0.0, max_length=64)


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


def test_pieces_are_the_tokens(classifier):
    tokenized = tokenize_with_words(classifier, "suitcases")
    assert [unit.text for unit in pieces_of(tokenized)] == [token.text for token in tokenized.tokens]
    weights = attention_over(len(tokenized), 0)
    assert np.allclose(aggregate_attention(weights, pieces_of(tokenized)), weights)


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
