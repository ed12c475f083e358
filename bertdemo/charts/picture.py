"""A chart as a file: the same specification and rows as on the page, in the colours of the light theme."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import altair as alt

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 760  # pixels of the drawing, without what stands beside the axes
_SCALE = 2.0  # pixels of the picture for one of the drawing
_LINE = 92  # characters of a title, which would be cut where the drawing ends
_FONT = "Helvetica, Arial, sans-serif"


def svg(chart: alt.LayerChart | alt.Chart, rows: pd.DataFrame, title: str, colours: Sequence[str]) -> str:
    """Return an SVG element; ``colours`` are those of ``palette.ROLES``, the last one that of the paper."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(_specification(chart, rows, title, colours), allowed_base_urls=[])
    return drawn


def png(chart: alt.LayerChart | alt.Chart, rows: pd.DataFrame, title: str, colours: Sequence[str]) -> bytes:
    """Return a PNG file, with two pixels for each one of the drawing."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(
        _specification(chart, rows, title, colours), scale=_SCALE, allowed_base_urls=[]
    )
    return drawn


def _specification(
    chart: alt.LayerChart | alt.Chart, rows: pd.DataFrame, title: str, colours: Sequence[str]
) -> dict[str, Any]:
    specification: dict[str, Any] = chart.to_dict()
    values = rows.astype(object).where(rows.notna(), None).to_dict("records")
    specification |= {"data": {"values": values}, "width": _WIDTH, "background": colours[-1]}
    specification["title"] = {"text": wrap(title, _LINE), "anchor": "start", "fontSize": 15, "offset": 12}
    specification["config"] = {
        **specification.get("config", {}),
        "range": {"category": list(colours)},
        "font": _FONT,
        "view": {"stroke": None},
    }
    return specification
