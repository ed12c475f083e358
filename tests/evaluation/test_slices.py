from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.metrics import wilson
from bertdemo.evaluation.slices import (
    FEW,
    Familiar,
    Slice,
    Slices,
    is_much,
    knows_share,
    lowest,
    main_script,
    slice_all,
)

rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 40), st.sampled_from(["web", "mail", ""])),
    min_size=1,
    max_size=120,
)
TWEETS = [f"@air flight {n} was late again" for n in range(99)] + ["我的航班又晚点了"]


def part_of(drawn: list[tuple[int, int, int, str]]) -> Dataset:
    return Dataset(
        name="d",
        texts=tuple(" ".join(["word"] * n) for _, _, n, _ in drawn),
        labels=tuple(label for label, *_ in drawn),
        label_names=("a", "b", "c"),
        extras={"channel": tuple(channel for *_, channel in drawn)},
    )


@given(rows)
def test_every_text_is_in_one_slice_of_each_kind(drawn) -> None:
    predicted = np.array([called for _, called, _, _ in drawn])
    by_length, by_label, by_channel = slice_all(predicted, part_of(drawn))
    right = sum(label == called for label, called, _, _ in drawn)
    assert (by_length.by, by_label.by, by_channel.by) == ("length in words", "label", "channel")
    for each in (by_length, by_label, by_channel):
        assert sum(part.n for part in each.slices) == len(drawn)
        assert sum(part.right for part in each.slices) == right
        for part in each.slices:
            assert part.accuracy == pytest.approx(part.right / part.n, abs=1e-12)
            assert part.accuracy_interval == wilson(part.right, part.n)
            assert part.is_small == (part.n < FEW)
    assert len(by_length.slices) <= 4
    sizes = [part.n for part in by_channel.slices]
    assert sizes == sorted(sizes, reverse=True)
    assert [each.is_column for each in (by_length, by_label, by_channel)] == [False, False, True]


def test_lengths_are_told_as_ranges_of_about_equal_size() -> None:
    drawn = [(0, 0, n, "") for n in range(1, 41)]
    by_length, *_ = slice_all(np.zeros(40, int), part_of(drawn))
    assert [(each.name, each.n) for each in by_length.slices] == [
        ("1 to 10", 10),
        ("11 to 20", 10),
        ("21 to 30", 10),
        ("31 to 40", 10),
    ]


def test_texts_of_one_length_are_one_slice() -> None:
    by_length, *_ = slice_all(np.zeros(5, int), part_of([(0, 0, 7, "")] * 5))
    assert [(each.name, each.n) for each in by_length.slices] == [("7", 5)]


def test_languages_without_spaces_are_measured_in_characters_and_pairs_as_a_whole() -> None:
    chinese = Dataset("d", ("服务很好我非常喜欢这家店",), (0,), ("a",))
    assert slice_all(np.array([0]), chinese)[0].by == "length in characters"
    pair = Dataset("d", ("one two",), (0,), ("a",), pairs=("three",))
    assert slice_all(np.array([0]), pair)[0].slices[0].name == "3"


def division(counts: list[tuple[int, int]]) -> Slices:
    return Slices("x", tuple(Slice(str(n), n, k, k / n, wilson(k, n), n < FEW) for n, k in counts))


@given(st.lists(st.integers(1, 90).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=6))
def test_the_lowest_slice_is_tested_against_the_others_as_one_of_many(counts) -> None:
    found, large = lowest(division(counts)), [each for each in counts if each[0] >= FEW]
    if len(large) < 2:
        assert found is None
        return
    n, right = min(large, key=lambda each: each[1] / each[0])
    rest_n, rest_right = (sum(column) - own for column, own in zip(zip(*counts, strict=True), (n, right), strict=True))
    table = [[right, n - right], [rest_right, rest_n - rest_right]]
    expected = stats.fisher_exact(table, alternative="less").pvalue
    assert found is not None
    assert (found.slice.n, found.slice.right, found.compared) == (n, right, len(large))
    assert found.p_value == pytest.approx(min(1.0, len(large) * expected), abs=1e-9)


def test_the_worst_of_many_equal_slices_is_seldom_called_worse_than_luck() -> None:
    generator = np.random.default_rng(0)
    rounds = [division([(50, int(generator.binomial(50, 0.8))) for _ in range(20)]) for _ in range(400)]
    assert sum(lowest(each).p_value < 0.05 for each in rounds) <= 20


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("late again", "LATIN"), ("ＬＡＴＥ", "LATIN"), ("𝓵𝓪𝓽𝓮", "LATIN"), ("naïve", "LATIN"), ("Привет", "CYRILLIC"),
        ("สวัสดี", "THAI"), ("我的航班 ok", "CJK"), ("مرحبا", "ARABIC"), ("123 !!", ""), ("😀", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_script_of_a_text_is_that_of_most_of_its_letters(text, script):
    assert main_script(text) == script


def test_a_script_is_known_from_one_test_text_in_a_hundred_on():
    assert Familiar.of(TWEETS).knows_script("行李丢了")
    assert not Familiar.of([*TWEETS, "again"]).knows_script("行李丢了")
    assert not Familiar.of(TWEETS).knows_script("12345")


def test_a_text_twice_as_long_as_all_others_is_unlike_them():
    familiar = Familiar.of(["x" * 100] * 50)
    assert familiar.knows_length("x" * 200)
    assert not familiar.knows_length("x" * 201)
    assert familiar.knows_length("x")


def test_so_much_is_known_as_one_test_text_in_a_hundred_had():
    tested = np.array([0.0] * 99 + [0.4])
    assert knows_share(0.4, tested)
    assert not knows_share(0.41, tested)
    assert not is_much(0.05)
