"""Words that look like shortcuts, and what masking them does."""

from __future__ import annotations

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset
from bertdemo.explanation.tokenized_text import TokenizedText, Word, words_in
from bertdemo.studies import shortcuts
from bertdemo.studies.records import WordFinding
from bertdemo.studies.shortcuts import masked_effects, suspects, words_of
from bertdemo.studies.words import Term, kind_of

TICKET, GOOD, THE = Term("number", "4711"), Term("word", "good"), Term("word", "the")


def finding(term, low=0.5):
    return WordFinding(term.key, term.kind, term.group, 20, 20, 1.0, 0.1, low, 1.5, 1.0, False, (0,))


FOUND = {GOOD: finding(GOOD), THE: finding(THE), TICKET: finding(TICKET)}


def dataset(rows):
    texts, labels = zip(*rows, strict=True)
    return Dataset("x", texts, labels, ("a", "b"))


@pytest.fixture
def train():
    """A number in half of the texts of label 0 and in none of label 1; "good" mostly in label 0; "the" everywhere."""
    ours = [(f"the {'good' if i % 2 else 'fine'} day {'4711' if i % 2 else ''}", 0) for i in range(40)]
    others = [(f"the {'good' if i < 4 else 'bad'} day", 1) for i in range(60)]
    return dataset(ours + others)


def test_a_word_is_suspected_that_is_rare_elsewhere_and_those_of_mere_form_come_first(train):
    found = suspects(FOUND, train, label=0)
    assert list(found) == [TICKET, GOOD]
    assert (found[TICKET].in_label, found[TICKET].label_texts) == (20, 40)
    assert (found[TICKET].in_others, found[TICKET].other_texts) == (0, 60)
    assert found[TICKET].p_value < 1e-6


def test_a_word_that_moves_nothing_for_sure_is_not_suspected(train):
    assert suspects({TICKET: finding(TICKET, low=-0.1)}, train, label=0) == {}


def test_a_word_in_three_texts_of_one_label_may_be_chance():
    train = dataset([(f"word{'x' * i} 4711" if i < 3 else "nothing", 0) for i in range(20)] + [("nothing", 1)] * 20)
    assert suspects({TICKET: finding(TICKET)}, train, label=0) == {}


def tokenized(text):
    words = tuple(Word(word, 0, len(word), 0, (row,)) for row, word in enumerate(words_in(text)))
    return TokenizedText(text, None, np.arange(len(words)), None, (), words, False)


def believes_in_the_ticket(readings, masked):
    """Calls a text 0 that has an unmasked 4711 or "good" in it."""
    told = [
        any(word.text in ("4711", "good") and not hidden for word, hidden in zip(each.words, row, strict=True))
        for each, row in zip(readings, masked, strict=True)
    ]
    return np.array([[1.0, 0.0] if each else [0.0, 1.0] for each in told])


def test_masking_tells_what_hangs_on_a_word_in_texts_of_all_labels(train):
    test = dataset([("good 4711", 0), ("4711 it was", 0), ("bad 4711", 1), ("4711 4711", 1), ("good", 0), ("bad", 1)])
    chosen = suspects(FOUND, train, label=0)
    ticket, good = masked_effects(
        chosen, FOUND, test, 0, lambda place: tokenized(test.texts[place]), believes_in_the_ticket
    )
    masked = ticket.masked
    assert (masked.texts, masked.of_label, masked.called_before, masked.called_after) == (4, 2, 4, 1)
    assert (masked.right_before, masked.right_after) == (2, 3)
    assert masked.change == pytest.approx(0.25)
    assert masked.low < masked.change < masked.high
    assert masked.p_value == 1.0  # three texts of four changed, which proves nothing
    assert ticket.formal
    assert not good.formal
    assert good.masked.texts == 2


def test_a_text_that_has_several_of_the_words_is_asked_once_as_it_is(train):
    def counted(readings, masked):
        whole.extend(each.text for each, row in zip(readings, masked, strict=True) if not row.any())
        return believes_in_the_ticket(readings, masked)

    whole = []
    test = dataset([("good 4711", 0), ("4711 it was", 0), ("good", 1)])
    read = lambda place: tokenized(test.texts[place])  # noqa: E731
    assert len(list(masked_effects(suspects(FOUND, train, label=0), FOUND, test, 0, read, counted))) == 2
    assert sorted(whole) == sorted(test.texts)


def test_a_word_that_no_test_text_has_is_left_out(train):
    test = dataset([("good", 0), ("bad", 1)])
    chosen = suspects(FOUND, train, label=0)
    effects = masked_effects(chosen, FOUND, test, 0, lambda row: tokenized(test.texts[row]), believes_in_the_ticket)
    assert [each.word.text for each in effects] == ["good"]


def test_of_many_texts_a_sample_is_masked_that_is_always_the_same(train, monkeypatch):
    monkeypatch.setattr(shortcuts, "MOST_TEXTS", 7)
    test = dataset([(f"4711 {'x' * row}", row % 2) for row in range(30)])
    chosen = {TICKET: suspects(FOUND, train, label=0)[TICKET]}
    seen = []
    for _ in range(2):
        read = lambda place: seen.append(place) or tokenized(test.texts[place])  # noqa: E731
        [effect] = masked_effects(chosen, FOUND, test, 0, read, believes_in_the_ticket)
        assert effect.masked.texts == 7
    assert seen[:7] == seen[7:]


def test_a_group_stands_for_all_its_words():
    assert words_of(tokenized("12 of 12 times, 3rd"), Term("number")).tolist() == [
        True,
        False,
        True,
        False,
        False,
        True,
    ]
    assert kind_of("3rd") == "number"
