"""Texts to read, a few at a time, each with a line above that says what was thought of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.ui.kit.formatting import escape, percent

if TYPE_CHECKING:
    from bertdemo.evaluation.mistakes import Example

_Item = TypeVar("_Item")
_AT_ONCE = 5
_LONGEST = 600  # characters shown of a text


def to_read(examples: Sequence[Example], key: str) -> None:
    """Draw the texts of the test part, and what the classifier said of each."""
    few_at_a_time(examples, _one, key)


def few_at_a_time(items: Sequence[_Item], draw: Callable[[_Item], None], key: str) -> None:
    """Draw the first few, and a button for more. ``key`` tells lists apart, also those of different runs."""
    shown = min(st.session_state.get(f"{key}_shown", _AT_ONCE), len(items))
    with st.container(gap="small"):
        for item in items[:shown]:
            draw(item)
    if shown < len(items):
        then = min(2 * shown, len(items))
        st.button(f"Show {then - shown} more of {len(items):,}", key=f"{key}_more", on_click=_show, args=(key, then))


def _show(key: str, number: int) -> None:
    st.session_state[f"{key}_shown"] = number


def _one(example: Example) -> None:
    with st.container(border=True, gap=None):
        said = f"Predicted **{escape(example.predicted)}** ({percent(example.confidence, 0)})"
        truth = "rightly" if example.truth == example.predicted else f"labelled **{escape(example.truth)}**"
        st.caption(f"{said}, {truth}")
        text_as_it_is(example.text, example.pair)


def text_as_it_is(text: str, pair: str | None) -> None:
    """Draw a text, and its second one where it has one: never markup, and no longer than a person reads."""
    for each in (text, pair):
        if each is not None:
            st.text(shorten(each, _LONGEST))
