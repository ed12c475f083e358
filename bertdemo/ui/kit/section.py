"""A question of the report: a heading until somebody opens it, and nothing is computed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from bertdemo.ui.kit import errors


@st.fragment
def question(title: str, key: str, icon: str, answer: Callable[..., None], *arguments: Any) -> None:
    """Draw ``answer(*arguments)`` once the question is open; the address says which questions are (``?key=true``)."""
    with st.expander(title, key=key, icon=f":material/{icon}:", bind="query-params") as box:
        if box.open:
            with errors.shown():
                answer(*arguments)
