"""Words deleted, masked and replaced, and the fewest that change an answer."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertdemo.data.dataset import Dataset
from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation.counterfactual import Edited, edit, find_flip, masked, without
from bertdemo.explanation.masking import ids_without
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.predict import predict
from tests.explanation.erasures import erased_table
from tests.readable import is_readable

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=40).filter(is_readable)
PLAIN = st.lists(st.sampled_from(["cold", "lovely", "wonderfully", "xyz", ",", "."]), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return load_classifier(learned_base)


def predicted(classifier: Classifier, edited: Edited) -> int:
    return int(predict(classifier, [edited.text], None if edited.pair is None else [edited.pair]).labels[0])


@given(text=TEXTS, data=st.data())
def test_a_replaced_word_leaves_every_other_character_as_it_was(classifier: Classifier, text: str, data):
    tokenized = tokenize_with_words(classifier, text)
    chosen = data.draw(st.sets(st.integers(0, len(tokenized.words) - 1))) if tokenized.words else set()
    if not chosen:
        return
    changed = edit(tokenized, dict.fromkeys(chosen, "⟨here⟩")).text
    kept, end = "", 0
    for row in sorted(chosen):
        kept, end = kept + text[end : tokenized.words[row].start] + "⟨here⟩", tokenized.words[row].end
    assert changed == kept + text[end:]


@given(text=TEXTS, pair=st.none() | TEXTS)
def test_no_change_is_no_change(classifier: Classifier, text: str, pair: str | None):
    tokenized = tokenize_with_words(classifier, text, pair)
    if tokenized.words:
        assert edit(tokenized, {}) == Edited(text, pair)


@given(words=PLAIN, data=st.data())
def test_the_other_words_are_the_same_after_a_deletion(classifier: Classifier, words: list[str], data):
    text = "".join(word if word in ",." else f" {word}" for word in words).strip()
    tokenized = tokenize_with_words(classifier, text)
    gone = data.draw(st.sets(st.integers(0, len(tokenized.words) - 1), max_size=len(tokenized.words) - 1))
    left = tokenize_with_words(classifier, edit(tokenized, dict.fromkeys(gone, "")).text)
    assert [word.text for word in left.words] == [
        word.text for row, word in enumerate(tokenized.words) if row not in gone
    ]


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("so cold.", 1, "so."),
        ("so cold", 0, "cold"),
        ("bread,tea", 1, "bread tea"),
        ("a \n b", 1, "a"),
        ("say (hello)", 1, "say hello)"),
        ("我的行", 1, "我 行"),
    ],
)
def test_a_deleted_word_takes_its_space_along_and_glues_no_others(classifier, text: str, word: int, expected: str):
    assert edit(tokenize_with_words(classifier, text), {word: ""}).text == expected


def test_only_the_text_that_a_word_stands_in_is_changed(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "cold tea", "warm bread")
    assert edit(tokenized, {0: "hot", 3: ""}) == Edited("hot tea", "warm")


@given(words=PLAIN, data=st.data())
def test_a_masked_text_is_read_as_the_text_with_its_tokens_masked(classifier: Classifier, words: list[str], data):
    tokenized = tokenize_with_words(classifier, " ".join(words))
    chosen = data.draw(st.sets(st.integers(0, len(words) - 1)))
    again = tokenize_with_words(classifier, without(classifier, tokenized, chosen, "mask").text)
    expected = ids_without(classifier, tokenized, erased_table(tokenized, [chosen]))[0]
    assert again.ids.tolist() == expected.tolist()


@pytest.mark.parametrize("row", [-1, 2])
def test_a_word_that_is_not_there_is_refused_in_a_sentence(classifier: Classifier, row: int):
    tokenized = tokenize_with_words(classifier, "cold tea")
    with pytest.raises(ExplanationError, match=f"no word number {row}"):
        edit(tokenized, {row: ""})
    with pytest.raises(ExplanationError, match=f"no word number {row}"):
        masked(classifier, tokenized, row)


@pytest.mark.parametrize("how", ["mask", "delete"])
@pytest.mark.parametrize("row", [0, 10, 31, 50])
def test_what_flips_an_answer_does_and_nothing_smaller(classifier, small_dataset: Dataset, how, row: int):
    tokenized = tokenize_with_words(classifier, small_dataset.texts[row])
    flip = find_flip(classifier, tokenized, how=how, most_calls=2000)
    assert flip.before == predicted(classifier, Edited(tokenized.text, None))
    if flip.words is None:
        return
    assert predicted(classifier, flip.edited) == flip.after != flip.before
    if flip.proven:
        smaller = [
            without(classifier, tokenized, each, how)
            for size in range(1, len(flip.words))
            for each in itertools.combinations(range(len(tokenized.words)), size)
        ]
        assert all(predicted(classifier, each) == flip.before for each in smaller)


def test_some_answers_flip_and_the_proof_is_found_for_short_sets(classifier, small_dataset: Dataset):
    flips = [find_flip(classifier, tokenize_with_words(classifier, text)) for text in small_dataset.texts[::6]]
    found = [flip for flip in flips if flip.words]
    assert found
    assert all(flip.proven for flip in found if len(flip.words) <= 2)


@settings(max_examples=20)
@given(limit=st.integers(1, 40), seed=st.integers(0, 9))
def test_a_search_keeps_its_limit_and_claims_no_more_than_it_tried(classifier, small_dataset, limit: int, seed: int):
    tokenized = tokenize_with_words(classifier, small_dataset.texts[35])
    scores = np.random.default_rng(seed).normal(size=len(tokenized.words))
    flip = find_flip(classifier, tokenized, scores, most_calls=limit)
    assert flip.calls <= limit
    if limit <= len(tokenized.words):
        assert flip.words is None or len(flip.words) == 1
        assert flip.words or not flip.proven


def test_a_text_that_cannot_flip_is_proven_so_when_all_sets_were_tried(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "lovely")
    flip = find_flip(classifier, tokenized, how="delete")
    assert (flip.words, flip.calls, flip.proven) == (None, 1, True)


@pytest.mark.parametrize("rest", ["\ufffd", "\ue000 \u0301"])
def test_what_the_model_cannot_read_is_no_text_that_is_left(classifier: Classifier, rest: str):
    flip = find_flip(classifier, tokenize_with_words(classifier, f"lovely {rest}"), how="delete")
    assert (flip.words, flip.proven) == (None, True)


def test_a_flip_to_a_label_that_is_not_another_one_is_refused(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "a lovely room")
    before = predicted(classifier, Edited("a lovely room", None))
    for wrong in (before, 2, -1):
        with pytest.raises(ExplanationError, match="choose another"):
            find_flip(classifier, tokenized, to=wrong)
    assert find_flip(classifier, tokenized, to=1 - before).after in (None, 1 - before)


def test_a_cancelled_search_ends(classifier: Classifier):
    with pytest.raises(CancelledError):
        find_flip(classifier, tokenize_with_words(classifier, "a lovely room"), should_stop=lambda: True)
