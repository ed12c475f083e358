"""One palette, one style and the names of the series, for all charts.

The colours stand in ``.streamlit/config.toml``, once a theme. A chart names the *role* of a colour; the theme of the
page turns its place in ``ROLES`` into a shade that has enough contrast there. Every pair of series also differs in dash
or shape, so that greyscale loses nothing.
"""

from __future__ import annotations

from typing import Any, TypeVar

import altair as alt

BLUE, ORANGE, INK, GREY, PAPER = ROLES = ("blue", "orange", "ink", "grey", "paper")
_WIDEST = 50  # characters of a legend beside each other, the room of a sample counted as five
# Constants of charts are plain data: making an object of Altair reads pandas, which may just be being imported.
ROWS: dict[str, Any] = {"name": "rows"}  # the page brings the rows
# In the order of the rows. Without a number to sort by, a chart whose rows are replaced keeps names where they stood.
AS_THEY_COME = {"field": "nth", "op": "min"}
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
SHAPES = ["circle", "square", "diamond", "triangle-up"]
_AnyChart = TypeVar("_AnyChart", alt.Chart, alt.LayerChart)
LOSSES = ("training (smoothed)", "validation")
BATCH = "one training batch"
SCORES = ("macro-F1", "accuracy")
MODELS = ("BERT", "bag of words")
CERTAINTY = ("as it answers", "before temperature scaling")
THRESHOLDED = ("right among the answered", "answered")
CELL = "cell"  # the selection of the confusion matrix
ORDERS = ("in the order of the scores", "in random orders")
POINT = "point"  # the selection of the map of texts


def paint(chart: alt.Chart, role: str) -> alt.Chart:
    """Return the same marks in the colour of one role, without a legend."""
    painted: alt.Chart = chart.transform_calculate(role=f"'{role}'").encode(color=by_role())
    return painted


def by_role() -> alt.Color:
    """Return the colour that the column ``role`` of each row names, without a legend."""
    return alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)


def role_beside(names: tuple[str, ...], role: str) -> str:
    """Return what a mark is called that takes the colour of ``role`` in a chart that also draws these named series."""
    return (*names, *ROLES[len(names) :])[ROLES.index(role)]


def series(names: tuple[str, ...], field: str = "series", *, lines: bool = True) -> alt.Color:
    """Return colours for up to four named series, in the order of ``ROLES``; the legend stands above the chart."""
    scale = alt.Scale(domain=[*names, *ROLES[len(names) :]])
    return alt.Color(f"{field}:N", scale=scale, legend=_legend(names, lines=lines))


def dashes(names: tuple[str, ...], field: str = "series") -> alt.StrokeDash:
    """Return dashes for the same series, so that they can be told apart without colour; one legend shows both."""
    # The same domain as that of the colours, or they would have a legend each.
    domain = [*names, *ROLES[len(names) :]]
    scale = alt.Scale(domain=domain, range=[list(DASHES[i % len(DASHES)]) for i in range(len(domain))])
    return alt.StrokeDash(f"{field}:N", scale=scale, legend=_legend(names, lines=True))


def shapes(names: tuple[str, ...], field: str = "series") -> alt.Shape:
    """Return shapes for the points of the same series."""
    return alt.Shape(f"{field}:N", scale=alt.Scale(domain=list(names), range=SHAPES[: len(names)]), legend=None)


def styled(chart: _AnyChart, height: int) -> _AnyChart:
    """Return the chart at its height, with axes close to what they describe."""
    return (  # type: ignore[no-any-return]
        chart.properties(height=height)
        .configure_axis(titlePadding=8, labelPadding=5)
        .configure_axisBand(labelFlush=False)  # or the first name leaves the middle of its row
        .configure_legend(padding=0, offset=6, columnPadding=14)
    )


def layers(*charts: alt.Chart, height: int) -> alt.LayerChart:
    """Lay charts over each other that draw the same rows, which are numbered for ``AS_THEY_COME``."""
    numbered: alt.LayerChart = alt.LayerChart(layer=list(charts), data=ROWS).transform_window(nth="row_number()")
    return styled(numbered, height)


def _legend(names: tuple[str, ...], *, lines: bool) -> alt.Legend:
    """Above the chart, in as many columns as fit on a phone; samples of lines are long enough to show their dashes."""
    sample = {"symbolType": "stroke", "symbolSize": 320} if lines else {"symbolSize": 90}
    return alt.Legend(
        title=None,
        orient="top",
        direction="horizontal",
        columns=max(1, _WIDEST // (5 + max(map(len, names)))),
        symbolOpacity=1,
        labelLimit=220,
        values=list(names),
        **sample,
    )
