"""A flat picture of the vectors of many texts."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.names import POINT
from bertdemo.charts.palette import INK, layers, role_beside, series, shapes

_CROSS = "M-0.5,-0.5L0.5,0.5M0.5,-0.5L-0.5,0.5"


def map_chart(names: tuple[str, ...], first: float, second: float) -> alt.LayerChart:
    """Draw texts by their first two principal components: label as colour and shape, a cross on wrong answers.

    A click selects a text, under the name ``POINT``; ``first`` and ``second`` are shares of the variance (per cent).
    Columns: ``place``, ``x``, ``y``, ``label`` (of ``names``), ``called``, ``wrong``, ``text``.
    """
    bare = alt.Axis(grid=False, labels=False, ticks=False)
    clicked = alt.selection_point(name=POINT, fields=["place"], toggle=False, nearest=True)
    base = alt.Chart().encode(
        x=alt.X("x:Q", title=f"First component ({first:.0f} % of the variance)", axis=bare),
        y=alt.Y("y:Q", title=f"Second ({second:.0f} %)", axis=bare),
    )
    points = base.mark_point(filled=True, size=36, cursor="pointer").encode(
        color=series(names, "label", lines=False),
        shape=shapes(names, "label"),
        opacity=alt.condition(clicked, alt.value(0.75), alt.value(0.2)),
        tooltip=["text:N", "label:N", "called:N"],
    )
    # Without a tooltip of its own this layer takes no click from the points below it.
    wrong = (
        base.transform_filter("datum.wrong")
        .mark_point(shape=_CROSS, size=70, strokeWidth=1.3, filled=False, aria=False)
        .encode(color=alt.ColorDatum(role_beside(names, INK)))
    )
    return layers(points.add_params(clicked), wrong, height=340)
