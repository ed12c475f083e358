"""Charts of a report: classifiers beside each other, and the confusion matrix."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.names import CELL, MODELS
from bertdemo.charts.palette import AS_THEY_COME, BLUE, INK, PAPER, layers, paint, role_beside, series, shapes

_FEW = {"tickCount": 5}
_ENDS = ("value", "low", "high")


def interval_chart(low: float, names: tuple[str, ...] = MODELS) -> alt.LayerChart:
    """Draw each score as a dot in its 95 % interval, a row for each of up to four classifiers, from ``low`` on.

    Columns: ``metric``, ``model`` (``names``), ``value``, ``low``, ``high`` (all per cent).
    """
    base = alt.Chart().encode(
        y=alt.Y("metric:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=120)),
        yOffset=alt.YOffset("model:N", sort=list(names), scale=alt.Scale(paddingInner=0.5, paddingOuter=0.6)),
        color=series(names, "model", lines=False),
        tooltip=["model:N", "metric:N", *(alt.Tooltip(f"{name}:Q", format=".1f") for name in _ENDS)],
    )
    room = 0.15 * (100 - low)  # for the words beside the longest bar, on a phone, too
    scale = alt.Scale(domain=[low, 100 + room], nice=False)
    across = alt.X("low:Q", title="Score on the test texts (%), bar = 95 % interval", scale=scale, axis=_FEW)
    bars = base.mark_bar(opacity=0.35, height=12, cornerRadius=6).encode(x=across, x2="high:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("value:Q", scale=scale),
        shape=shapes(names, "model"),
    )
    words = base.mark_text(align="left", dx=8, fontWeight="bold").encode(
        x=alt.X("high:Q", scale=scale),
        text=alt.Text("value:Q", format=".1f"),
        color=alt.ColorDatum(role_beside(names, INK)),
    )
    return layers(bars, dots, words, height=110 + 60 * len(names))


def confusion_chart(rows: int) -> alt.LayerChart:
    """Return counts of true (rows) against predicted label (columns); shade is the share of the row.

    A click selects a cell, under the name ``CELL``. Columns: ``true``, ``predicted``, ``texts``, ``share`` (0 to 1).
    """
    many = rows > 8
    below = alt.Axis(labelLimit=110, labelAngle=-90 if many else 0, labelOverlap=not many)
    base = alt.Chart().encode(
        x=alt.X("predicted:N", sort=AS_THEY_COME, title="Predicted label", axis=below),
        y=alt.Y("true:N", sort=AS_THEY_COME, title="True label", axis=alt.Axis(labelLimit=110)),
    )
    told = ["true:N", "predicted:N", "texts:Q", alt.Tooltip("share:Q", format=".1%")]
    opacity = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 1]), legend=None)
    clicked = alt.selection_point(name=CELL, fields=["true", "predicted"], toggle=False)
    cells = paint(base.mark_rect(cornerRadius=3, cursor="pointer").encode(opacity=opacity, tooltip=told), BLUE)
    counts = base.mark_text(fontSize=10 if many else 13).encode(text=alt.Text("texts:Q", format=","))
    if many:
        counts = counts.transform_filter("datum.texts > 0")
    dark = paint(counts, INK).transform_filter("datum.share <= 0.78")
    light = paint(counts, PAPER).transform_filter("datum.share > 0.78")
    return layers(cells.add_params(clicked), dark, light, height=(48 if rows <= 6 else 30) * max(rows, 2) + 80)
