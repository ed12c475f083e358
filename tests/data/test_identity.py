from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.dataset import Dataset, keys, normalise, without_surrogates

any_text = st.text(alphabet=st.characters(codec=None))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello World", "hello   world\n"),
        ("ＡＢＣ", "abc"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "café"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("non\u00a0breaking", "non breaking"),
        ("nul\x00l", "null"),
        ("❤\ufe0f", "❤"),
    ],
)
def test_differences_of_looks_are_no_differences(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [("good", "good!"), ("not good", "good"), ("1.5", "15"), ("好", "坏")])
def test_differences_of_content_stay(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(any_text)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(any_text)
def test_without_surrogates_every_text_can_be_written(text: str) -> None:
    assert without_surrogates(text).encode("utf-8").decode("utf-8") == without_surrogates(text)


def test_a_pair_is_the_same_only_if_both_texts_are() -> None:
    dataset = Dataset("pairs", ("a", "A", "a"), (0, 0, 0), ("x",), pairs=("b", "B", "c"))
    first, second, third = keys(dataset)
    assert first == second != third
