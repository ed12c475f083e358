"""What becomes of labels that are not plain: several in a row, spellings, "n/a", texts that several people labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.data.labels import FIRST, LEAVE_OUT, LabelRules, Offers
from bertdemo.ui.words import quoted

if TYPE_CHECKING:
    from bertdemo.errors import SeveralLabelsError


def rules(table: str) -> LabelRules:
    """What is set for this table; the widgets are drawn after it was read, where it needs them."""
    state = st.session_state
    no_label = state.get(f"no_label_{table}")
    return LabelRules(
        several=state.get(f"several_{table}") or LEAVE_OUT,
        merge=state.get(f"merge_{table}", True),
        no_label=None if no_label is None else tuple(no_label),
        majority=state.get(f"majority_{table}", False),
    )


def ask(table: str, offers: Offers | None = None) -> None:
    """Show what can be decided about the labels of this table; without ``offers``, what could be when it last was."""
    place = f"offers_{table}"
    if offers is not None:
        st.session_state[place] = offers
    offers = st.session_state.get(place, Offers())
    with st.container(horizontal=True, vertical_alignment="bottom", key="label_choices"):
        if offers.several:
            _several(table, offers.several)
        if offers.no_label:
            _no_label(table, offers)
        if offers.merge:
            _tick(table, "merge", "Read spellings as one label", default=True)
        if offers.majority:
            _tick(table, "majority", "Of a text with several answers, take the most frequent one", default=False)


def ask_what_to_learn(table: str, error: SeveralLabelsError) -> None:
    """Ask about a table in which so many rows have several labels that leaving them out leaves too few."""
    st.info("Most rows have several labels. What is to be learned of them?")
    _several(table, error.labels)


def _several(table: str, labels: tuple[str, ...]) -> None:
    key = f"several_{table}"
    options = [LEAVE_OUT, FIRST, *labels]
    chosen = st.session_state.get(key, LEAVE_OUT)
    st.selectbox(
        "Rows with several labels",
        options,
        index=options.index(chosen) if chosen in options else 0,
        format_func=_rule_in_words,
        key=key,
        persist_state="session",
        width=320,
    )


def _rule_in_words(rule: str) -> str:
    usual = {LEAVE_OUT: "Leave them out", FIRST: "Take the first label"}
    return usual.get(rule) or f"Learn only {quoted(rule)}, against all others"


def _no_label(table: str, offers: Offers) -> None:
    key = f"no_label_{table}"
    st.multiselect(
        "Values that mean “no label”",
        offers.no_label,
        default=[value for value in st.session_state.get(key, offers.blank) if value in offers.no_label],
        key=key,
        persist_state="session",
        width=320,
    )


def _tick(table: str, rule: str, title: str, *, default: bool) -> None:
    key = f"{rule}_{table}"
    st.checkbox(title, value=st.session_state.get(key, default), key=key, persist_state="session")
