"""A chart as it stands on a page: its finding above, a name for those who cannot see it, a table below."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import pandas as pd


@cache
def _spec(chart: Callable[..., Any], arguments: tuple[Hashable, ...]) -> str:
    spec = chart(*arguments).to_dict()
    del spec["data"]  # a mere name: the rows travel beside the specification
    return json.dumps(spec)


def draw(
    data: pd.DataFrame,
    chart: Callable[..., Any],
    *arguments: Hashable,
    key: str,
    alt: str,
    clicked: Callable[[], None] | None = None,
) -> None:
    """Draw ``data`` by a function of ``bertdemo.charts``, whose specification is built once.

    ``clicked`` is called when a person selects something in a chart that allows it; what, stands in the session's
    state under ``key``.
    """
    spec = json.loads(_spec(chart, arguments))  # a copy: Streamlit changes what it is given
    st.vega_lite_chart(data, spec, key=key, alt=alt, width="stretch", on_select=clicked or "ignore")


def figure(
    title: str,
    data: pd.DataFrame,
    chart: Callable[..., Any],
    *arguments: Hashable,
    key: str,
    alt: str,
    note: str = "",
    table: pd.DataFrame | None = None,
    clicked: Callable[[], None] | None = None,
) -> None:
    """A titled chart with its table twin, or a fuller ``table``; ``clicked`` as in ``draw``.

    ``title`` and ``note`` are Markdown: names in them must be escaped.
    """
    with st.container(key=f"{key}_figure", gap="small"):
        st.markdown(f"**{title}**")
        draw(data, chart, *arguments, key=key, alt=alt, clicked=clicked)
        if note:
            st.caption(note)
        with st.expander("Show as a table", type="compact", key=f"{key}_table"):
            st.dataframe(data if table is None else table, hide_index=True, key=f"{key}_rows")
