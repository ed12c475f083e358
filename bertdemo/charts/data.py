"""Charts of a data set before training: its labels and the lengths of its texts."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, INK, ORANGE, layers, paint

_ROW = 24  # pixels a bar needs


def label_chart(rows: int, most: int) -> alt.LayerChart:
    """Return horizontal bars of texts per label, with room for the longest bar's count.

    Columns: ``label``, ``texts`` (at most ``most``), in the order to be drawn.
    """
    scale = alt.Scale(domain=[0, 1.18 * max(most, 1)], nice=False)
    base = alt.Chart().encode(
        y=alt.Y("label:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=130 if rows <= 5 else 240)),
        x=alt.X("texts:Q", title="Number of texts", scale=scale, axis=alt.Axis(format="d", tickMinStep=1, tickCount=4)),
        tooltip=["label:N", "texts:Q"],
    )
    bars = base.mark_bar(height=_ROW * 0.6, cornerRadiusEnd=2)
    counts = paint(base.mark_text(align="left", dx=5).encode(text=alt.Text("texts:Q", format=",")), INK)
    return layers(bars, counts, height=_ROW * max(rows, 2) + 64)


def length_chart(max_length: int) -> alt.LayerChart:
    """Return histogram of text lengths with a rule where texts are cut. Columns: ``start``, ``end``, ``texts``."""
    base = alt.Chart()
    bars = base.mark_bar(binSpacing=1).encode(
        x=alt.X("start:Q", title="Length of a text (tokens)", axis=alt.Axis(grid=False, format="d")),
        x2="end:Q",
        y=alt.Y(
            "texts:Q",
            title="Number of texts",
            axis=alt.Axis(format="d", tickMinStep=1, tickCount=4),
            stack=None,
        ),
        y2=alt.datum(0),
        tooltip=["start:Q", "end:Q", "texts:Q"],
    )
    here = base.transform_filter("datum.start == 0").encode(x=alt.datum(max_length))
    rule = here.mark_rule(strokeWidth=2, strokeDash=[5, 3], aria=False)
    words = here.mark_text(align="right", baseline="top", dx=-6, text=f"limit {max_length}")
    return layers(bars, paint(rule, ORANGE), paint(words.encode(y=alt.value(0)), INK), height=220)
