"""Texts longer than the model reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertdemo.errors import CancelledError, ExplanationError, PredictionError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.explanation.windows import Whole, logits_of_windows, windows
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict

# A word of many tokens, one that is a single [UNK], ideographs without spaces, an emoji, an accent of its own.
SOME = ("cold", "lovely,", "wonderfully", "bread" * 9, "¤" * 3, "我的行", "🙂", "cafe\u0301", "don't", "x" * 200)
LONG = st.lists(st.sampled_from(SOME), min_size=1, max_size=60).map(" ".join)


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return load_classifier(learned_base)


def short(classifier: Classifier, max_length: int) -> Classifier:
    return replace(classifier, max_length=max_length)


def test_a_word_that_is_just_longer_than_a_window_is_read_in_pieces(classifier):
    found = windows(
        short(classifier, len(tokenize_with_words(classifier, "unfriendly")) - 1), "unfriendly", overlap=0.0
    )
    assert len(found.parts) > 1
    assert not any(part.tokenized.truncated for part in found.parts)


@settings(max_examples=60)
@given(text=LONG, overlap=st.sampled_from([0.0, 0.25, 0.75]), length=st.integers(5, 20))
def test_every_word_and_token_is_read_and_no_part_is_cut(classifier, text: str, overlap: float, length: int):
    found = windows(short(classifier, length), text, overlap=overlap)
    held = {int(place) for window in found.parts for places in window.places for place in places}
    assert held == set(range(len(found.whole)))
    assert {row for window in found.parts for row in found.words_of(window)} == set(range(len(found.whole.words)))
    for window in found.parts:
        assert not window.tokenized.truncated
        assert len(window.tokenized) == len(window.places) <= length
        assert text[window.start : window.end] == window.tokenized.text
    starts = [window.start for window in found.parts]
    assert starts == sorted(set(starts))


@settings(max_examples=40)
@given(text=LONG, overlap=st.sampled_from([0.0, 0.5]))
def test_what_every_part_agrees_on_is_what_is_merged(classifier: Classifier, text: str, overlap: float):
    """A token that is read as in its whole word gets its own score, whatever stands beside it in a window."""
    found = windows(short(classifier, 12), text, overlap=overlap)
    told = [np.array([len(each.text) for each in window.tokenized.tokens], float) for window in found.parts]
    merged = found.merge(told)
    whole = [any(words_whole(found, window, word) for window in found.parts) for word in range(len(found.whole.words))]
    for place, token in enumerate(found.whole.tokens):
        spans = [(each.start, each.end) for each in found.whole.tokens if each.part == token.part]
        if token.special or (whole[token.word] and spans.count((token.start, token.end)) == 1):
            assert merged[place] == pytest.approx(len(token.text))


def words_whole(found, window, row: int) -> bool:
    """Whether a window holds all of a word."""
    word = found.whole.words[row]
    return window.start <= word.start and word.end <= window.end


@settings(max_examples=40)
@given(text=LONG, overlap=st.sampled_from([0.0, 0.25]), length=st.integers(5, 20))
def test_scores_of_tokens_add_up_to_those_of_words(classifier: Classifier, text: str, overlap: float, length: int):
    found = windows(short(classifier, length), text, overlap=overlap)
    generator = np.random.default_rng(0)
    own = tuple(scored(window.tokenized, generator.normal(size=len(window.tokenized))) for window in found.parts)
    whole = Whole(found, np.zeros((len(own), 2)), own)
    specials = whole.scores[found.whole.special].sum()
    assert whole.word_scores.sum() + specials == pytest.approx(whole.scores.sum(), abs=1e-9)
    assert specials == pytest.approx(np.mean([each.other for each in own]))
    held = [place for window in found.parts for place in {int(each) for places in window.places for each in places}]
    if len(held) == len(set(held)) + (len(own) - 1) * int(found.whole.special.sum()):  # only special ones in several
        assert whole.word_scores.sum() == pytest.approx(sum(each.word_scores.sum() for each in own))


def scored(tokenized, scores) -> Attribution:
    return Attribution(tokenized, 0, None, "integrated_gradients", "pad", scores, True, True, 1.0, 0.0, 20)


def test_a_word_in_two_parts_has_the_mean_of_its_scores(classifier: Classifier):
    found = windows(short(classifier, 8), "cold bread and a rude waiter and a lovely room", overlap=0.5)
    told = [np.full(len(window.tokenized), float(number)) for number, window in enumerate(found.parts)]
    merged = found.merge(told)
    holders = [[n for n, window in enumerate(found.parts) if row in found.words_of(window)] for row in range(10)]
    assert any(len(each) > 1 for each in holders)
    assert [merged[list(word.tokens)].mean() for word in found.whole.words] == [np.mean(each) for each in holders]


def test_a_word_longer_than_a_part_has_the_sum_of_its_pieces(classifier: Classifier):
    found = windows(short(classifier, 10), "bread" * 18 + " cold", overlap=0.0)
    assert len(found.parts) > 1
    told = [
        10.0
        / np.maximum(1, window.tokenized.sum_to_words(np.ones(len(window.tokenized)))[0])
        * np.ones(len(window.tokenized))
        for window in found.parts
    ]
    merged = found.whole.sum_to_words(found.merge(told))
    assert merged[0] == pytest.approx(10.0 * sum(0 in found.words_of(window) for window in found.parts), rel=0.2)


def test_characters_of_a_window_count_from_its_start_and_those_of_the_other_text_do_not(classifier: Classifier):
    pair = "a rude waiter " * 10
    found = windows(short(classifier, 16), "cold tea", pair)
    for window in found.parts:
        for word in window.tokenized.words:
            own = slice(word.start + found.shift(window, word.part), word.end + found.shift(window, word.part))
            assert ("cold tea", pair)[word.part][own] == word.text


def test_a_text_that_fits_is_one_part_as_it_is_predicted(classifier: Classifier):
    found = windows(classifier, "a lovely room", "cold bread")
    (window,) = found.parts
    tokenized = tokenize_with_words(classifier, "a lovely room", "cold bread")
    assert window.tokenized.ids.tolist() == tokenized.ids.tolist()
    assert found.merge([np.arange(float(len(tokenized)))]).tolist() == list(range(len(tokenized)))
    assert found.overlap == 0


def test_parts_share_what_was_asked_for_and_the_last_is_full(classifier: Classifier):
    text = " ".join(["cold"] * 47)
    none, some = (windows(short(classifier, 12), text, overlap=share) for share in (0.0, 0.5))
    assert [none.words_of(window)[0] for window in none.parts] == [0, 10, 20, 30, 37]
    assert [some.words_of(window)[0] for window in some.parts] == [0, 5, 10, 15, 20, 25, 30, 35, 37]
    assert {len(window.tokenized) for window in (*none.parts, *some.parts)} == {12}


@pytest.mark.parametrize("longer", [0, 1])
def test_of_a_pair_the_longer_text_is_divided_and_the_other_is_read_whole(classifier: Classifier, longer: int):
    texts = ["cold tea", "a rude waiter " * 10]
    text, pair = texts if longer else texts[::-1]
    found = windows(short(classifier, 16), text, pair)
    assert found.part == longer
    for window in found.parts:
        whole = window.tokenized.text if longer else window.tokenized.pair
        assert whole == "cold tea"
    merged = found.merge([np.ones(len(window.tokenized)) for window in found.parts])
    assert merged.tolist() == [1.0] * len(found.whole)


def test_the_answers_of_the_parts_are_those_of_their_texts(classifier: Classifier):
    cut = short(classifier, 16)
    found = windows(cut, "cold tea", "a rude waiter " * 30)
    texts, pairs = zip(*((window.tokenized.text, window.tokenized.pair) for window in found.parts), strict=True)
    assert np.allclose(logits_of_windows(cut, found), predict(cut, texts, pairs).logits, atol=0.1)
    single = windows(cut, "a rude waiter " * 30)
    expected = [predict(cut, [window.tokenized.text]).logits[0] for window in single.parts]
    assert np.allclose(logits_of_windows(cut, single), expected, atol=0.1)


def test_what_cannot_be_divided_is_refused_in_a_sentence(classifier: Classifier):
    with pytest.raises(ExplanationError, match="Both texts are longer than half of the 16 tokens"):
        windows(short(classifier, 16), "a rude waiter " * 10, "a rude waiter " * 9)
    for wrong in (-0.1, 0.8):
        with pytest.raises(ExplanationError, match=r"from 0 to 0\.75"):
            windows(classifier, "cold", overlap=wrong)
    with pytest.raises(PredictionError, match="empty"):
        windows(classifier, " ")


def test_no_part_is_predicted_once_cancelled(classifier: Classifier):
    found = windows(short(classifier, 16), "a rude waiter " * 30)
    with pytest.raises(CancelledError):
        logits_of_windows(classifier, found, should_stop=lambda: True)
