"""Which words are counted as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.explanation.tokenized_text import tokenize_with_words, words_in
from bertdemo.models.checkpoints import load_classifier
from bertdemo.studies.words import GROUPS, Term, kind_of, terms_in, terms_of


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("great", "word"), ("don't", "word"), ("Çok", "word"), ("好", "word"), ("@united", "handle"), ("@", "mark"),
        ("#fail", "tag"), ("#1", "tag"), ("https://t.co/x1", "address"), ("3.5", "number"), ("UA123", "number"),
        ("!", "mark"), ("😀", "mark"), ("http", "word"),
    ],
)  # fmt: skip
def test_a_word_has_the_kind_that_it_looks_like(word, kind):
    assert kind_of(word) == kind


def test_a_word_in_any_case_is_one_and_counts_for_its_group_too():
    assert terms_of("GREAT") == terms_of("great") == (Term("word", "great"),)
    assert terms_of("@United") == (Term("handle", "@united"), Term("handle"))
    assert terms_in(["Great, 3 of 4", "gate 3"]) == {
        Term("word", "great"), Term("mark", ","), Term("number", "3"), Term("word", "of"), Term("number", "4"),
        Term("number"), Term("word", "gate"),
    }  # fmt: skip


@given(st.text())
def test_every_word_of_any_text_counts_as_something(text):
    for word in words_in(text):
        own, *group = terms_of(word)
        assert own.key == word.casefold()
        assert [each.group for each in group] == [True] * (own.kind in GROUPS)


def test_words_found_without_a_model_are_those_that_it_reads(learned_base, small_dataset):
    classifier = load_classifier(learned_base)
    for text in small_dataset.texts[:10]:
        assert [word.text for word in tokenize_with_words(classifier, text).words] == words_in(text)
