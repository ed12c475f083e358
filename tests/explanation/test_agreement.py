"""How far explanations agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.errors import ExplanationError
from bertdemo.explanation.agreement import agree
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.tokenized_text import Token, TokenizedText, Word

SCORES = st.lists(st.integers(-50, 50).map(float), min_size=5, max_size=5)


def explanation(scores: list[float], *, signed: bool = True, target: int = 0) -> Attribution:
    """Scores of the words w0, w1, …, one token each."""
    text = " ".join(f"w{i}" for i in range(len(scores)))
    spans = [(3 * i, 3 * i + 2) for i in range(len(scores))]
    tokenized = TokenizedText(
        text, None, np.arange(len(scores)), None,
        tuple(Token(text[a:b], a, b, 0, i) for i, (a, b) in enumerate(spans)),
        tuple(Word(text[a:b], a, b, 0, (i,)) for i, (a, b) in enumerate(spans)), truncated=False,
    )  # fmt: skip
    values = np.array(scores) if signed else np.abs(scores)
    return Attribution(tokenized, target, None, "occlusion", "pad", values, signed, False, 1.0, 0.0, None)


@given(one=SCORES, other=SCORES)
def test_agreement_is_mutual_and_of_each_with_itself_complete(one: list[float], other: list[float]):
    found = agree([explanation(one), explanation(other), explanation(one)])
    assert np.array_equal(found.correlations, found.correlations.T, equal_nan=True)
    assert np.array_equal(found.shared, found.shared.T)
    assert found.shared[0, 2] == 1
    assert len(set(one)) == 1 or found.correlations[0, 2] == pytest.approx(1)
    known = found.correlations[~np.isnan(found.correlations)]
    assert (np.abs(known) <= 1 + 1e-12).all()


@given(scores=SCORES.filter(lambda scores: len(set(scores)) > 1))
def test_only_the_order_counts_and_the_opposite_order_is_minus_one(scores: list[float]):
    found = agree([explanation(scores), explanation([2 * s**3 + 1 for s in scores]), explanation([-s for s in scores])])
    assert found.correlations[0, 1:] == pytest.approx([1, -1])


def test_sizes_are_compared_where_one_is_unsigned():
    scores = [-5.0, 1.0, 2.0, -3.0, 0.0]
    found = agree([explanation(scores), explanation(scores, signed=False)])
    assert found.correlations[0, 1] == pytest.approx(1)


def test_a_sentence_says_how_far_they_agree_and_which_word_is_first():
    alike = agree([explanation([5, 1, 2, 3, 0]), explanation([9, 1, 2, 4, 0])])
    assert alike.sentence == "They rank the words much alike (rank correlation 1.00). All of them put “w0” first."
    apart = agree([explanation([5, 1, 2, 3, 0]), explanation([0, 3, 2, 1, 5])])
    assert apart.sentence.startswith("They rank the words differently")
    assert apart.sentence.endswith("Each of them puts another word first.")
    three = agree([explanation([5, 1, 2, 3, 0]), explanation([9, 1, 2, 4, 0]), explanation([1, 2, 9, 0, 3])])
    assert three.sentence.endswith("2 of 3 put “w0” first.")


def test_scores_that_are_the_same_everywhere_have_no_order():
    found = agree([explanation([1, 1, 1]), explanation([1, 2, 3])])
    assert np.isnan(found.correlations[0, 1])
    assert found.sentence.startswith("Nothing can be said")


@pytest.mark.parametrize(
    ("explanations", "sentence"),
    [
        ([], "two or more"),
        ([explanation([1, 2])], "two or more"),
        ([explanation([1]), explanation([2])], "one word"),
        ([explanation([1, 2]), explanation([1, 2], target=1)], "different texts or labels"),
        ([explanation([1, 2]), explanation([1, 2, 3])], "different texts or labels"),
    ],
)
def test_what_cannot_agree_is_said(explanations: list[Attribution], sentence: str):
    with pytest.raises(ExplanationError, match=sentence):
        agree(explanations)
