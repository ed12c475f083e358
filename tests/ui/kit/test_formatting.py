"""Numbers and names as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo import lines
from bertdemo.lines import distinct
from bertdemo.ui.kit import formatting


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (8.4, "8 s"),
        (80, "1 min 20 s"),
        (120, "2 min"),
        (3599, "59 min"),
        (7500, "2 h 5 min"),
        (-3, "0 s"),
        (0.43, "0.4 s"),
        (0.97, "1 s"),
        (0.02, "under 0.1 s"),
    ],
)
def test_a_duration_has_the_digits_it_deserves(seconds, said):
    assert formatting.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "under 20 seconds"), (57, "about 60 seconds"), (200, "about 3 minutes")]
)
def test_an_estimate_is_rounded_to_what_it_is_worth(seconds, said):
    assert formatting.about(seconds) == said


@pytest.mark.parametrize(
    ("value", "told"), [(0.5, "+0.50"), (-0.5, "−0.50"), (0.0, "0.00"), (-0.001, "0.00"), (0.001, "0.00")]
)
def test_a_number_has_its_sign(value, told):
    assert lines.signed(value) == told
    assert lines.plain(value) == told.removeprefix("+")


def test_names_are_listed_as_in_a_sentence():
    assert [formatting.listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a",
        "a and b",
        "a, b and c",
    ]
    assert formatting.quoted("<b>" * 20) == f"“{formatting.escape('<b>' * 9 + '<b…')}”"


def test_a_word_from_right_to_left_leaves_the_figures_behind_it_where_they_are():
    assert formatting.quoted("شركة") == "“\u2068شركة\u2069”"
    assert formatting.quoted("今天 émoji 🙂") == "“今天 émoji 🙂”"


def test_counts_agree_in_number():
    assert formatting.count(1, "text") == "1 text"
    assert formatting.count(15_000, "text") == "15,000 texts"


@given(st.text())
def test_escaped_text_holds_no_bare_markup(text):
    bare = formatting.escape(text).replace("\\\\", "")
    for mark in "*_[]`$~:#":
        assert mark not in bare.replace(f"\\{mark}", "")
    assert "<" not in bare
    assert "\n" not in bare


@given(st.text(st.characters(exclude_characters="\u2060")))
def test_what_was_escaped_comes_back_but_for_spaces(text):
    assert formatting.unescape(formatting.escape(text)) == " ".join(text.split())


def test_escaped_html_keeps_its_words():
    assert formatting.escape("<b>hi</b> & co") == "&lt;b\\>hi&lt;/b\\> &amp; co"


@pytest.mark.parametrize(("number", "said"), [(22_713_216, "22.7 M"), (3_912.4, "3,912"), (0.72, "0.7")])
def test_sizes_have_three_digits(number, said):
    assert formatting.compact(number) == said


@pytest.mark.parametrize("address", ["https://t.co/x", "www.example.org", "a.b@example.org"])
def test_an_address_does_not_become_a_link(address):
    escaped = formatting.escape(address).replace("\\", "")
    assert escaped != address
    assert escaped.replace("\u2060", "") == address


@pytest.mark.parametrize("code", [":smile:", ":material/delete:", ":+1:"])
def test_a_shortcode_does_not_become_a_picture(code):
    escaped = formatting.escape(code).replace("\\", "")
    assert escaped != code
    assert escaped.replace("\u2060", "") == code


def test_names_that_repeat_get_a_number_that_no_other_has():
    assert distinct(["a", "b", "a", "a (2)", "a"]) == ["a", "b", "a (2)", "a (2) (2)", "a (3)"]
