"""Explain, "where the model looks": every head as a map, and any of them word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui import attention_choice, attention_grid, attention_head, attention_numbers, errors
from bertdemo.ui.attention_choice import Part
from bertdemo.ui.attention_filters import Filters

if TYPE_CHECKING:
    from bertdemo.runs.records import Run
    from bertdemo.ui.attention_numbers import Looked
    from bertdemo.ui.try_it import Asked

_WHAT = (
    "At each layer every token takes in the others in shares that sum to 100 %: its attention. It says where the model "
    "looks, not why it answers as it does: quite different weights can give the same answer "
    "(Jain & Wallace 2019, Wiegreffe & Pinter 2019; for what moved the answer see Bastings & Filippova 2020)."
)


def show(run: Run, asked: Asked) -> None:
    """The attention of a run's classifier to a text. Only this part is drawn anew with each choice."""
    st.fragment(_show)(run, asked)


def _show(run: Run, asked: Asked) -> None:
    with errors.shown():
        looked = attention_numbers.look(run, asked)
        if off := attention_choice.switched_off(looked.layers, looked.heads):
            looked = attention_numbers.look(run, asked, off)
        st.caption(_WHAT)
        _heads(looked)


def _heads(looked: Looked) -> None:
    parts = attention_choice.chosen(looked.layers, looked.heads, _first(looked))
    controls = st.container(horizontal=True, vertical_alignment="center")
    several = controls.toggle(
        f"Compare up to {attention_choice.MOST} heads", key="attention_several", value=len(parts) > 1
    )
    attention_grid.show(
        looked, looked.weights, parts, lambda part: attention_choice.choose(part, parts, several=several)
    )
    attention_head.show(looked, parts, attention_head.LINES, False, Filters(), False)


def _first(looked: Looked) -> Part:
    """The head that is open before anybody has chosen: the one with the most attention between words."""
    best = min(looked.statistics, key=lambda head: head.first + head.separator + head.itself)
    return Part(best.layer, best.head)
