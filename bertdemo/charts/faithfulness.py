"""Charts of tests that an explanation is put to: words erased step by step, and a model that has forgotten."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.names import ORDERS
from bertdemo.charts.palette import AS_THEY_COME, BLUE, GREY, INK, dashes, layers, paint, series

_ROW = 26  # pixels a stage needs


def erasing_chart(across: str, up: str) -> alt.LayerChart:
    """Return the output while words are erased or put back.

    In the order of the scores, and in random orders with their band.

    Columns: ``share`` (of the words, per cent), ``value``, ``low``, ``high`` (both empty for the scores), ``series``
    (``ORDERS``).
    """
    scale = alt.Scale(domain=[0, 100], nice=False)
    base = alt.Chart().encode(
        x=alt.X("share:Q", title=across, scale=scale, axis=alt.Axis(tickCount=5, grid=False)),
        color=series(ORDERS),
        tooltip=["series:N", *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("share", "value", "low", "high"))],
    )
    free = alt.Scale(zero=False)
    axis = alt.Axis(tickCount=4)
    random = base.transform_filter(alt.FieldEqualPredicate(field="series", equal=ORDERS[1]))
    band = random.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=up, scale=free, axis=axis), y2="high:Q")
    lines = base.mark_line(strokeWidth=2.2).encode(
        y=alt.Y("value:Q", title=up, scale=free, axis=axis), strokeDash=dashes(ORDERS)
    )
    return layers(band, lines, height=230)


def sanity_chart(rows: int) -> alt.LayerChart:
    """Rank correlation with the explanation of the trained model, the more it forgets; a rule where chance ends.

    Columns: ``stage``, ``correlation`` (−1 to 1), ``chance``, ``words``.
    """
    scale = alt.Scale(domain=[-1, 1.6], nice=False)  # beyond 1 there is room for the figures, clear of the rule
    ticks = alt.Axis(values=[-1, -0.5, 0, 0.5, 1])
    across = alt.X("correlation:Q", title="Rank correlation", scale=scale, axis=ticks)
    base = alt.Chart().encode(
        y=alt.Y("stage:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=190)), tooltip=["stage:N", "words:N"]
    )
    bars = paint(base.mark_bar(height=_ROW * 0.6, cornerRadiusEnd=2).encode(x=across), BLUE)
    words = paint(base.mark_text(align="right").encode(x=alt.value("width"), text="words:N"), INK)
    once = alt.Chart().transform_aggregate(chance="max(chance)")
    rule = once.mark_rule(strokeDash=[5, 3], strokeWidth=2, aria=False).encode(x=alt.X("chance:Q", scale=scale))
    return layers(bars, words, paint(rule, GREY), height=_ROW * max(rows, 2) + 60)
