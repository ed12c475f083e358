"""A chart as it stands on a page: its finding above, a name for those who cannot see it, a table below."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.data.tables.cells import safe_csv
from bertdemo.ui.kit.formatting import unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import pandas as pd
    import pyarrow as pa

_KINDS = {  # of files, by their endings
    "csv": "text/csv", "html": "text/html", "ipynb": "application/x-ipynb+json", "json": "application/json",
    "jsonl": "application/x-ndjson", "parquet": "application/vnd.apache.parquet", "png": "image/png",
}  # fmt: skip


@cache
def _spec(chart: Callable[..., Any], arguments: tuple[Hashable, ...]) -> str:
    spec = chart(*arguments).to_dict()
    del spec["data"]  # a mere name: the rows travel beside the specification
    return json.dumps(spec)


def draw(
    data: pd.DataFrame | pa.Table,
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
    """Draw a titled chart with its table twin, or a fuller ``table``, and its picture as a file.

    ``clicked`` as in ``draw``.

    ``title`` and ``note`` are Markdown: names in them must be escaped.
    """
    with st.container(key=f"{key}_figure", gap="small"):
        st.markdown(f"**{title}**")
        draw(data, chart, *arguments, key=key, alt=alt, clicked=clicked)
        if note:
            st.caption(note)
        with st.expander("Table and picture", type="compact", key=f"{key}_table"):
            rows = data if table is None else table
            st.dataframe(rows, hide_index=True, key=f"{key}_rows", column_config=numbers(rows))
            with st.container(horizontal=True, gap="small"):
                download("Table (CSV)", lambda: safe_csv(rows), f"{key}.csv", key=f"{key}_csv")
                drawn = partial(picture, unescape(title), data, chart, *arguments)
                download("Chart (PNG)", drawn, f"{key}.png", key=f"{key}_png")


def numbers(rows: pd.DataFrame) -> dict[str, Any]:
    """Configure the columns of ``st.dataframe`` that hold numbers with decimals, as people write them."""
    columns = {str(name): rows[name].abs().max() for name in rows.select_dtypes(["float32", "float64"])}
    return {name: st.column_config.NumberColumn(format=written(largest)) for name, largest in columns.items()}


def written(largest: float) -> str:
    """Return the format of numbers up to ``largest``.

    Per cent to a tenth, less to a thousandth, learning rates as 2.00e-5.
    """
    if largest >= 10:
        return "%.1f"
    return "%.2e" if 0 < largest < 0.01 else "%.3f"


def download(label: str, data: Callable[[], str | bytes] | str, name: str, *, key: str, **layout: Any) -> None:
    """Draw a button that hands out a file, which is made when it is clicked; its name's ending tells its kind."""
    kind = _KINDS.get(name.rpartition(".")[2], "application/octet-stream")
    st.download_button(label, data, name, kind, key=key, icon=":material/download:", on_click="ignore", **layout)


def picture(title: str, data: pd.DataFrame, chart: Callable[..., Any], *arguments: Hashable) -> bytes:
    """Return a chart as a PNG file; ``title`` is plain text."""
    from bertdemo.charts.picture import png

    return png(chart(*arguments), data, title, light_colours())


def light_colours() -> list[str]:
    """Return those of charts in the light theme, whatever theme the page is shown in: files are printed."""
    return list(st.get_option("theme.light.chartCategoricalColors"))
