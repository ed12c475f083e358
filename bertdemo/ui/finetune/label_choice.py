"""What becomes of labels that are not plain: several in a row, spellings, "n/a", texts that several people labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from bertdemo.data.dataset import FIRST, LEAVE_OUT, LabelRules, Offers
from bertdemo.ui.kit.formatting import escape, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertdemo.errors import SeveralLabelsError

_Value = TypeVar("_Value")


def begin(about: str, table: str) -> None:
    """Forget what was said of the values of another table; the other choices stay, as in a file that was corrected.

    Args:
        about: names of columns, which tables may share.
        table: tells this table from others.
    """
    state, place = st.session_state, f"labels_of_{about}"
    if state.get(place) != table:
        state[place] = table
        state.pop(f"no_label_{about}", None)


def forget_label(about: str) -> None:
    """Choose no more which one label is learned against all others."""
    st.session_state.pop(f"several_{about}", None)


def rules(about: str) -> LabelRules:
    """Return what is set for these columns; the widgets are drawn after the table was read, where it needs them."""
    state = st.session_state
    no_label = state.get(f"no_label_{about}")
    return LabelRules(
        several=state.get(f"several_{about}") or LEAVE_OUT,
        merge=state.get(f"merge_{about}", True),
        no_label=None if no_label is None else tuple(no_label),
        majority=state.get(f"majority_{about}", False),
    )


def ask(about: str, offers: Offers | None = None) -> None:
    """Show what can be decided about the labels of this table; without ``offers``, what could be when it last was."""
    place = f"offers_{about}"
    if offers is not None:
        st.session_state[place] = offers
    offers = st.session_state.get(place, Offers())
    with st.container(horizontal=True, vertical_alignment="bottom", key="label_choices"):
        if offers.several:
            _several(about, [LEAVE_OUT, FIRST, *offers.several])
        if offers.no_label:
            _no_label(about, offers)
        if offers.merge:
            _tick(about, "merge", "Read these spellings as one label", default=True)
        if offers.majority:
            _tick(
                about, "majority", "Of a text with different labels, take the most frequent", default=False,
                explained="Otherwise such a text is left out, for nobody knows which of its labels is right.",
            )  # fmt: skip


def ask_what_to_learn(about: str, error: SeveralLabelsError) -> None:
    """Ask about a table in which so many rows have several labels that leaving them out leaves too few."""
    if st.session_state.get(f"several_{about}") == LEAVE_OUT:
        forget_label(about)  # it led here
    st.session_state[f"offers_{about}"] = Offers(several=error.labels)
    st.info(f"{escape(error.question)}. Choose what to learn from them.")
    _several(about, [FIRST, *error.labels])


def _several(about: str, rules_: Sequence[str]) -> None:
    key = f"several_{about}"
    options = list(dict.fromkeys(rules_))  # a label may be called "first"
    begins_as = LEAVE_OUT if LEAVE_OUT in options else None
    chosen = _known_or_said(key, begins_as)
    st.selectbox(
        "Rows with several labels",
        options,
        index=options.index(chosen) if chosen in options else None,
        format_func=_rule_in_words,
        placeholder="Choose what to learn",
        key=key,
        persist_state="session",
        width=320,
    )


def _rule_in_words(rule: str) -> str:
    usual = {LEAVE_OUT: "Leave them out", FIRST: "Take the first label"}
    return usual.get(rule) or f"Learn {quoted(rule)} against all others"


def _no_label(about: str, offers: Offers) -> None:
    key = f"no_label_{about}"
    chosen = _known_or_said(key, list(offers.blank))
    st.multiselect(
        "Values that mean “no label”",
        offers.no_label,
        default=[value for value in chosen if value in offers.no_label],
        key=key,
        persist_state="session",
        placeholder="None: each is a label",
        help="Rows with such a value are left out.",
        width=320,
    )


def _known_or_said(key: str, begins_as: _Value) -> _Value:
    """Return what is set.

    Where nothing is, or no more, that is told the browser, which would go on to show what was.
    """
    value: _Value = st.session_state.setdefault(key, begins_as)
    return value


def _tick(about: str, rule: str, title: str, *, default: bool, explained: str | None = None) -> None:
    key = f"{rule}_{about}"
    st.checkbox(title, value=st.session_state.get(key, default), key=key, help=explained, persist_state="session")
