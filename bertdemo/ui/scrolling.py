"""A new view begins at its top, also where it replaces a longer one on the same page."""

from __future__ import annotations

import streamlit as st

_UP = "<script>/* {} */ document.querySelector('[data-testid=\"stMain\"]')?.scrollTo(0, 0)</script>"


def to_top_of(view: str) -> None:
    """Scroll up once when ``view`` (an identifier, never a person's text) differs from the last one."""
    number, last = st.session_state.get("view", (0, ""))
    if last != view:
        st.session_state["view"] = number, last = number + 1, view
    st.html(_UP.format(number), unsafe_allow_javascript=True)
