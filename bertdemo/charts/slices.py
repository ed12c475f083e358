"""Scores of parts of the test texts, each with its interval, beside the score of all of them."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, BLUE, GREY, INK, layers, paint

_ROW = 30  # pixels a slice needs


def slice_chart(rows: int, low: float) -> alt.LayerChart:
    """Return accuracy of each slice as a dot in its 95 % interval, pale where the slice is small; a rule for all texts.

    Columns: ``slice``, ``accuracy``, ``low``, ``high``, ``overall`` (all per cent), ``texts``, ``small``, ``words``.
    """
    room = 0.22 * (100 - low)  # for the words beside the longest bar
    scale = alt.Scale(domain=[low, 100 + room], nice=False)
    across = alt.X(
        "low:Q",
        title="Right (%), bar = 95 % interval",
        scale=scale,
        axis=alt.Axis(tickCount=5, labelExpr="datum.value > 100 ? '' : datum.label"),
    )
    ends = (alt.Tooltip(f"{name}:Q", format=".1f") for name in ("accuracy", "low", "high"))
    base = alt.Chart().encode(
        y=alt.Y("slice:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["slice:N", *ends, "texts:Q"],
    )
    bars = base.mark_bar(height=12, cornerRadius=6).encode(
        x=across, x2="high:Q", opacity=alt.condition("datum.small", alt.value(0.15), alt.value(0.35))
    )
    dots = base.mark_point(filled=True, size=90).encode(
        x=alt.X("accuracy:Q", scale=scale), opacity=alt.condition("datum.small", alt.value(0.4), alt.value(1))
    )
    words = base.mark_text(align="left", dx=8).encode(x=alt.X("high:Q", scale=scale), text="words:N")
    return layers(
        _overall(scale),
        *(paint(each, BLUE) for each in (bars, dots)),
        paint(words, INK),
        height=_ROW * max(rows, 2) + 70,
    )


def _overall(scale: alt.Scale) -> alt.Chart:
    once = alt.Chart().transform_aggregate(overall="mean(overall)")
    rule = once.mark_rule(strokeDash=[5, 3], strokeWidth=2, aria=False).encode(x=alt.X("overall:Q", scale=scale))
    return paint(rule, GREY)
