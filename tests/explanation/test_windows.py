"""Texts longer than the model reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertdemo.errors import ExplanationError, PredictionError
from bertdemo.explanation.cancelling import CancelledError
from bertdemo.explanation.reading import read
from bertdemo.explanation.windows import logits_of_windows, windows
from bertdemo.models.classifier import Classifier, load_classifier
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
    found = windows(short(classifier, len(read(classifier, "unfriendly")) - 1), "unfriendly", overlap=0.0)
    assert len(found.parts) > 1
    assert not any(part.reading.truncated for part in found.parts)


@settings(max_examples=60)
@given(text=LONG, overlap=st.sampled_from([0.0, 0.25, 0.75]), length=st.integers(5, 20))
def test_every_word_is_read_and_no_part_is_cut(classifier, text: str, overlap: float, length: int):
    found = windows(short(classifier, length), text, overlap=overlap)
    covered = {unit for window in found.parts for span in window.spans for unit in range(*span)}
    assert {int(row) for window in found.parts for row in window.rows} == set(range(len(found.whole.words)))
    assert covered == set(range(len(found.units)))
    assert set(found.units.tolist()) == set(range(len(found.whole.words)))
    for window in found.parts:
        assert not window.reading.truncated
        assert len(window.reading) <= length
        assert text[window.start : window.end] == window.reading.text
    starts = [window.start for window in found.parts]
    assert starts == sorted(set(starts))


@settings(max_examples=40)
@given(text=LONG, overlap=st.sampled_from([0.0, 0.5]))
def test_what_every_part_agrees_on_is_what_is_merged(classifier: Classifier, text: str, overlap: float):
    found = windows(short(classifier, 12), text, overlap=overlap)
    told = [np.array([float(window.start + word.start) for word in window.reading.words]) for window in found.parts]
    merged = found.merge(told)
    pieces = np.bincount(found.units)
    for row, word in enumerate(found.whole.words):
        if pieces[row] == 1:
            assert merged[row] == word.start


def test_a_word_in_two_parts_has_the_mean_of_its_scores(classifier: Classifier):
    found = windows(short(classifier, 8), "cold bread and a rude waiter and a lovely room", overlap=0.5)
    told = [np.full(len(window.rows), float(number)) for number, window in enumerate(found.parts)]
    merged = found.merge(told)
    holders = [[n for n, window in enumerate(found.parts) if row in window.rows] for row in range(len(found.units))]
    assert any(len(each) > 1 for each in holders)
    assert merged.tolist() == [np.mean(each) for each in holders]


def test_a_word_longer_than_a_part_has_the_sum_of_its_pieces(classifier: Classifier):
    found = windows(short(classifier, 10), "bread" * 18 + " cold", overlap=0.0)
    assert len(found.parts) > 1
    assert found.units.tolist() == [0] * (len(found.units) - 1) + [1]
    told = [np.full(len(window.reading.words), 10.0) for window in found.parts]
    assert found.merge(told)[0] == pytest.approx(10.0 * sum(0 in window.rows for window in found.parts), rel=0.2)


def test_a_text_that_fits_is_one_part_as_it_is_predicted(classifier: Classifier):
    found = windows(classifier, "a lovely room", "cold bread")
    (window,) = found.parts
    reading = read(classifier, "a lovely room", "cold bread")
    assert window.reading.ids.tolist() == reading.ids.tolist()
    assert found.merge([np.arange(5.0)]).tolist() == [0, 1, 2, 3, 4]
    assert found.overlap == 0


def test_parts_share_what_was_asked_for_and_the_last_is_full(classifier: Classifier):
    text = " ".join(["cold"] * 47)
    none, some = (windows(short(classifier, 12), text, overlap=share) for share in (0.0, 0.5))
    assert [window.rows[0] for window in none.parts] == [0, 10, 20, 30, 37]
    assert [window.rows[0] for window in some.parts] == [0, 5, 10, 15, 20, 25, 30, 35, 37]
    assert {len(window.reading) for window in (*none.parts, *some.parts)} == {12}


@pytest.mark.parametrize("longer", [0, 1])
def test_of_a_pair_the_longer_text_is_divided_and_the_other_is_read_whole(classifier: Classifier, longer: int):
    texts = ["cold tea", "a rude waiter " * 10]
    text, pair = texts if longer else texts[::-1]
    found = windows(short(classifier, 16), text, pair)
    assert found.part == longer
    for window in found.parts:
        whole = window.reading.text if longer else window.reading.pair
        assert whole == "cold tea"
    merged = found.merge([np.ones(len(window.reading.words)) for window in found.parts])
    assert merged.tolist() == [1.0] * len(found.whole.words)


def test_the_answers_of_the_parts_are_those_of_their_texts(classifier: Classifier):
    cut = short(classifier, 16)
    found = windows(cut, "cold tea", "a rude waiter " * 30)
    texts, pairs = zip(*((window.reading.text, window.reading.pair) for window in found.parts), strict=True)
    assert np.allclose(logits_of_windows(cut, found), predict(cut, texts, pairs).logits, atol=0.1)
    single = windows(cut, "a rude waiter " * 30)
    expected = [predict(cut, [window.reading.text]).logits[0] for window in single.parts]
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
        logits_of_windows(classifier, found, cancelled=lambda: True)
