from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from bertdemo.data.dataset import Dataset
from bertdemo.errors import RunError
from bertdemo.evaluation.comparison import aligned, compare, difference_words, sentence
from bertdemo.evaluation.report import Interval

counts = st.integers(0, 40)


def predictions(both: int, first: int, second: int, neither: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True labels all 0, and what two classifiers said: right together, alone, or not at all."""
    sizes = (both, first, second, neither)
    return np.zeros(sum(sizes), int), np.repeat([0, 0, 1, 1], sizes), np.repeat([0, 1, 0, 1], sizes)


@given(counts, counts, counts, counts.map(lambda n: n + 1))
def test_the_p_value_is_that_of_the_binomial_test(both: int, first: int, second: int, neither: int) -> None:
    compared = compare(*predictions(both, first, second, neither))
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert compared.p_value == pytest.approx(expected, abs=1e-9)
    found = (compared.both_right, compared.only_first, compared.only_second, compared.both_wrong)
    assert found == (both, first, second, neither)
    assert compared.difference_interval.low < compared.difference < compared.difference_interval.high
    assert compared.difference == pytest.approx((first - second) / compared.n)


@given(counts, counts, counts, counts.map(lambda n: n + 1))
def test_who_comes_first_does_not_matter(both: int, first: int, second: int, neither: int) -> None:
    truth, ours, theirs = predictions(both, first, second, neither)
    one, other = compare(truth, ours, theirs), compare(truth, theirs, ours)
    assert one.p_value == other.p_value
    assert one.difference == -other.difference
    assert one.difference_interval.low == pytest.approx(-other.difference_interval.high)


# Agresti, Categorical Data Analysis (2002), table 10.1: 794, 150, 86 and 570 opinions of 1,600 people.
def test_a_published_table() -> None:
    compared = compare(*predictions(794, 150, 86, 570))
    assert compared.p_value == pytest.approx(3.7e-5, rel=0.05)
    assert compared.difference == pytest.approx(0.04)
    assert (compared.difference_interval.low, compared.difference_interval.high) == pytest.approx(
        (0.021, 0.059), abs=5e-4
    )


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (30, 5, "so A is better and luck hardly explains it."),
        (5, 30, "so B is better and luck hardly explains it."),
        (12, 8, "so luck may explain the difference."),
        (0, 0, "right and wrong on the same ones"),
    ],
)
def test_the_sentence_names_the_better_one_only_where_the_test_does(first: int, second: int, words: str) -> None:
    said = sentence(compare(*predictions(1000, first, second, 10)), "A", "B")
    assert words in said
    assert said.count(".") - said.count("0.") <= 2
    assert f"the same {1010 + first + second:,} test texts" in said


def test_equal_counts_that_differ_in_texts_are_no_difference_of_size() -> None:
    said = sentence(compare(*predictions(10, 3, 3, 1)), "A", "B")
    assert "A alone is right on 3 and B alone on 3" in said
    assert said.endswith(" These are as many, so this test shows no difference.")


@pytest.mark.parametrize("arrays", [([], [], []), ([0], [0], [0, 1]), ([[0]], [[0]], [[0]])])
def test_impossible_input_is_refused(arrays) -> None:
    with pytest.raises(ValueError, match="need two predictions"):
        compare(*arrays)


@given(st.permutations(range(12)))
def test_the_same_texts_in_another_order_are_found(order: list[int]) -> None:
    first = part()
    second = first.select(order)
    places = aligned(first, second)
    assert [second.texts[i] for i in places] == list(first.texts)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.select(range(11)),
        lambda data: replace(data, label_names=("x", "z")),
        lambda data: replace(data, labels=(1,) * 12),
        lambda data: replace(data, texts=("another", *data.texts[1:])),
        lambda data: replace(data, pairs=data.texts[::-1]),
    ],
)
def test_other_test_texts_are_refused_in_one_sentence(change) -> None:
    with pytest.raises(RunError, match=r"different texts: .*\.$"):
        aligned(part(), change(part()))


def part() -> Dataset:
    return Dataset("d", tuple(f"text {i}" for i in range(12)), (0, 1) * 6, ("x", "y"))


def test_an_interval_that_seems_to_contradict_the_test_is_explained() -> None:
    truth, first, second = np.zeros(30), np.zeros(30), np.zeros(30)
    first[:5] = 1  # wrong on five that the other gets right
    found = compare(truth, first, second)
    assert not found.is_significant
    assert found.difference_interval.high < 0
    assert "more cautious" in sentence(found, "one", "two")
    first[1:] = 0
    assert "cautious" not in sentence(compare(truth, first, second), "one", "two")


def test_an_end_of_an_interval_that_is_not_0_is_not_shown_as_0() -> None:
    found = replace(
        compare(np.zeros(9), np.zeros(9), np.zeros(9)), difference=0.01, difference_interval=Interval(0.0004, 0.02, "m")
    )
    assert difference_words(found) == "+1.00 points, 95 % interval +0.04 to +2.00 (m)"
    usual = replace(found, difference_interval=Interval(-0.02, 0.04, "m"))
    assert difference_words(usual) == "+1.0 points, 95 % interval -2.0 to +4.0 (m)"
