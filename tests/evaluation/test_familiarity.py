"""Whether a text is like those of the test: its script, its length, and how much of it is unknown."""

import numpy as np
import pytest

from bertdemo.evaluation.familiarity import Familiar, is_much, knows_share, main_script

TWEETS = [f"@air flight {n} was late again" for n in range(99)] + ["我的航班又晚点了"]


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
