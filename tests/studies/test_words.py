"""Means of words over many attributions, and how far they can be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bertdemo.studies.records import Explained, ScoredWord
from bertdemo.studies.words import FEWEST, Term, count_compared, findings, mean_interval, surely, tally


def text(place, *scored):
    words = tuple(ScoredWord(word, 0, len(word), 0, score) for word, score in scored)
    return Explained(place, 1.0, 0.0, 0.0, True, False, words)


def test_a_text_counts_once_with_the_sum_over_a_word_that_it_repeats():
    found = findings(tally([text(3, ("so", 1.0), ("So", 2.0)), text(7, ("SO", 1.0), ("else", 9.0)), text(8)]))
    word = found[Term("word", "so")]
    assert (word.texts, word.occurrences, word.mean) == (2, 3, 2.0)
    assert word.spread == pytest.approx(np.std([3.0, 1.0], ddof=1))
    assert word.examples == (3, 7)
    assert Term("word", "else") not in found  # it stands in one text alone


def test_it_is_shown_as_it_is_most_often_written():
    found = findings(tally([text(0, ("Thanks", 1.0)), text(1, ("thanks", 1.0)), text(2, ("Thanks", 1.0))]))
    assert found[Term("word", "thanks")].text == "Thanks"


def test_a_group_is_told_where_several_words_make_it_up():
    same = tally([text(0, ("@a", 1.0)), text(1, ("@A", 1.0))])
    several = tally([text(0, ("@a", 1.0)), text(1, ("@b", 3.0))])
    assert Term("handle") not in same
    assert findings(several)[Term("handle")].text == "any @handle"
    assert findings(several)[Term("handle")].mean == 2.0


def test_the_interval_is_student_s_for_all_compared_words_at_once():
    scores = {"a": [1.0, 2.0, 3.0, 4.0, 6.0], "b": [0.1, -0.2, 0.3, 0.0, 0.2]}
    explained = [text(i, ("a", scores["a"][i]), ("b", scores["b"][i]), ("rare" * (i < 4), 1.0)) for i in range(5)]
    found = findings(tally(explained))
    for word, values in scores.items():
        low, high = stats.t.interval(1 - 0.05 / 2, len(values) - 1, np.mean(values), stats.sem(values))
        assert (found[Term("word", word)].low, found[Term("word", word)].high) == pytest.approx((low, high))
    assert found[Term("word", "rare")].few
    assert found[Term("word", "rare")].low is None
    assert surely(found[Term("word", "rare")]) == 0
    assert surely(found[Term("word", "b")]) == 0  # zero lies within
    assert next(iter(found)) == Term("word", "a")


def test_words_without_effect_hardly_ever_stand_out():
    """Of 60 studies of 20 words whose scores are noise around zero, about one in twenty may name any word."""
    generator, wrong = np.random.default_rng(1), 0
    for _ in range(60):
        scores = generator.normal(size=(20, 12))
        explained = [text(i, *((f"w{'x' * row}", scores[row, i]) for row in range(20))) for i in range(12)]
        wrong += any(surely(each) for each in findings(tally(explained)).values())
    assert wrong <= 8


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=9), st.floats(0.001, 0.5))
def test_an_interval_holds_its_mean_and_grows_with_what_it_promises(scores, level):
    values = np.array(scores)
    low, high = mean_interval(values, level)
    assert low <= values.mean() <= high
    wider = mean_interval(values, level / 10)
    assert wider[0] <= low
    assert wider[1] >= high


@given(st.lists(st.lists(st.tuples(st.sampled_from("abc1@#!"), st.floats(-5, 5)), max_size=6), max_size=12))
def test_nothing_is_lost_in_counting(texts):
    explained = [text(place, *words) for place, words in enumerate(texts)]
    tallies = tally(explained)
    told = sum(sum(each.scores.values()) for term, each in tallies.items() if not term.group)
    assert told == pytest.approx(sum(score for words in texts for _, score in words), abs=1e-9)
    found = findings(tallies)
    assert all(each.texts >= 2 for each in found.values())
    assert count_compared(tallies) == sum(each.texts >= FEWEST for each in found.values())
    few = [each.few for each in found.values()]
    assert few == sorted(few)
