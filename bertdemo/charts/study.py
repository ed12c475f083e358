"""Charts of many texts: how much each word moved the predictions, and a map of the texts."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import (
    AS_THEY_COME,
    GREY,
    INK,
    POINT,
    by_role,
    layers,
    paint,
    role_beside,
    series,
    shapes,
)

_ROW = 26  # pixels a word needs
_CROSS = "M-0.5,-0.5L0.5,0.5M0.5,-0.5L-0.5,0.5"


def term_chart(rows: int, title: str) -> alt.LayerChart:
    """Return mean attribution of each word as a dot in its interval, beside the zero that means nothing.

    Columns: ``word`` (distinct names, in the order to be drawn), ``mean``, ``low``, ``high`` (logits), ``texts``,
    ``words`` (the figure with its sign), ``role`` (of ``ROLES``: the sign's colour), ``end`` (of the bar).
    """
    axis = alt.Axis(tickCount=6, labelExpr="datum.value == 0 ? '0' : format(datum.value, '+')")
    scale = alt.Scale(padding=58, nice=False, zero=True)
    ends = (alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("mean", "low", "high"))
    base = alt.Chart().encode(
        y=alt.Y("word:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["word:N", *ends, "texts:Q"],
    )
    bars = base.mark_bar(height=11, cornerRadius=5, opacity=0.35).encode(
        x=alt.X("low:Q", title=title, scale=scale, axis=axis), x2="high:Q", color=by_role()
    )
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("mean:Q", title=title, scale=scale, axis=axis), color=by_role()
    )
    words = base.mark_text(align="left", dx=7).encode(
        x=alt.X("end:Q", title=title, scale=scale, axis=axis), text="words:N"
    )
    once = alt.Chart().transform_aggregate(rows="count()")
    zero = once.mark_rule(strokeDash=[2, 3], aria=False).encode(x=alt.XDatum(0, scale=scale))
    return layers(paint(zero, GREY), bars, dots, paint(words, INK), height=_ROW * max(rows, 2) + 60)


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
