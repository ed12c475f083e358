"""Whatever somebody typed fits on one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bertdemo.lines import printable, shorten


def test_a_long_name_is_shortened_and_a_short_one_is_not():
    assert shorten("a" * 70, 60) == "a" * 59 + "…"
    assert shorten("short", 60) == "short"


def test_no_space_stands_before_the_ellipsis():
    assert shorten("two words", 5) == "two…"


@given(st.text(), st.integers(1, 20))
def test_a_printable_and_shortened_text_is_one_line_that_fits(text: str, length: int):
    line = shorten(printable(text), length)
    assert len(line) <= length
    assert line.isprintable()
