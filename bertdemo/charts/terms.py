"""A chart of words over many texts: how much each moved the answers."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, GREY, INK, ROLES, layers, paint

_ROW = 26  # pixels a word needs


def term_chart(rows: int, title: str) -> alt.LayerChart:
    """Return mean attribution of each word as a dot in its interval, beside the zero that means nothing.

    Columns: ``word`` (distinct names, in the order to be drawn), ``mean``, ``low``, ``high`` (logits), ``texts``,
    ``words`` (the figure with its sign), ``role`` (of ``ROLES``: the sign's colour), ``end`` (of the bar).
    """
    axis = alt.Axis(tickCount=6, labelExpr="datum.value == 0 ? '0' : format(datum.value, '+')")
    scale = alt.Scale(padding=58, nice=False, zero=True)
    ends = (alt.Tooltip(f"{name}:Q", format="+.2f") for name in ("mean", "low", "high"))
    shade = alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)
    base = alt.Chart().encode(
        y=alt.Y("word:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["word:N", *ends, "texts:Q"],
    )
    bars = base.mark_bar(height=11, cornerRadius=5, opacity=0.35).encode(
        x=alt.X("low:Q", title=title, scale=scale, axis=axis), x2="high:Q", color=shade
    )
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("mean:Q", title=title, scale=scale, axis=axis), color=shade
    )
    words = base.mark_text(align="left", dx=7).encode(
        x=alt.X("end:Q", title=title, scale=scale, axis=axis), text="words:N"
    )
    once = alt.Chart().transform_aggregate(rows="count()")
    zero = once.mark_rule(strokeDash=[2, 3], aria=False).encode(x=alt.XDatum(0, scale=scale))
    return layers(paint(zero, GREY), bars, dots, paint(words, INK), height=_ROW * max(rows, 2) + 60)
