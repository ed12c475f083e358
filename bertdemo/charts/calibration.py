"""Charts of how far the probabilities of a classifier can be trusted."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.names import CERTAINTY, THRESHOLDED
from bertdemo.charts.palette import BLUE, GREY, INK, ROWS, dashes, layers, paint, series, shapes, styled

_FEW = alt.Axis(tickCount=5, grid=True)


def reliability_chart(names: tuple[str, ...], low: float) -> alt.LayerChart:
    """Reliability diagram: how often answers of a certainty are right, against the diagonal of perfect honesty.

    Both axes begin at ``low`` per cent. Columns: ``series`` (``CERTAINTY``, those of ``names``), ``confidence``,
    ``accuracy``, ``low``, ``high`` (all per cent), ``texts``. Only the first series shows its 95 % intervals.
    """
    scale = alt.Scale(domain=[low, 100], nice=False)
    across = alt.X("confidence:Q", title="How sure it says it is (%)", scale=scale, axis=_FEW)
    title = "How often it is right (%)"
    up = alt.Y("accuracy:Q", title=title, scale=scale, axis=_FEW)
    ends = (alt.Tooltip(f"{name}:Q", format=".1f") for name in ("confidence", "accuracy", "low", "high"))
    base = alt.Chart().encode(x=across, color=series(names), tooltip=["series:N", *ends, "texts:Q"])
    first = alt.FieldEqualPredicate(field="series", equal=CERTAINTY[0])
    bars = (
        base.transform_filter(first)
        .mark_rule(strokeWidth=2, opacity=0.45)
        .encode(y=alt.Y("low:Q", title=title, scale=scale, axis=_FEW), y2="high:Q")
    )
    lines = base.mark_line(strokeWidth=2).encode(y=up, strokeDash=dashes(names))
    points = base.mark_point(filled=True, size=60, opacity=1).encode(y=up, shape=shapes(names))
    return layers(*_honest(low), bars, lines, points, height=320)


def _honest(low: float) -> tuple[alt.Chart, alt.Chart]:
    """The diagonal and its name, drawn once however many rows there are."""
    once = alt.Chart().transform_aggregate(rows="count()")
    ends = {"x": alt.datum(low), "y": alt.datum(low), "x2": alt.datum(100), "y2": alt.datum(100)}
    rule = paint(once.mark_rule(strokeDash=[2, 3], aria=False).encode(**ends), GREY)
    middle = (low + 100) / 2
    words = once.mark_text(align="left", dx=8, dy=8, text="as sure as right").encode(
        x=alt.datum(middle), y=alt.datum(middle)
    )
    return rule, paint(words, INK)


def certainty_chart() -> alt.Chart:
    """Histogram of the certainties. Columns: ``start``, ``end`` (per cent), ``texts``."""
    chart = (
        alt.Chart(ROWS)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("start:Q", title="How sure it says it is (%)", axis=alt.Axis(grid=False, tickCount=5)),
            x2="end:Q",
            y=alt.Y("texts:Q", title="Number of texts", axis=alt.Axis(format="d", tickMinStep=1, tickCount=3)),
            y2=alt.datum(0),
            tooltip=[alt.Tooltip("start:Q", format=".0f"), alt.Tooltip("end:Q", format=".0f"), "texts:Q"],
        )
    )
    return styled(paint(chart, BLUE), 140)


def threshold_chart() -> alt.LayerChart:
    """Share of texts answered and share right among them, for every threshold, with the chosen one marked.

    Columns: ``threshold``, ``share``, ``low``, ``high`` (all per cent), ``series`` (``THRESHOLDED``), ``chosen``.
    """
    base = alt.Chart().encode(
        x=alt.X("threshold:Q", title="Answers only when at least so sure (%)", axis=alt.Axis(grid=False, tickCount=6)),
        color=series(THRESHOLDED),
        tooltip=["series:N", *(alt.Tooltip(f"{name}:Q", format=".1f") for name in ("threshold", "share"))],
    )
    title, scale = "Share of test texts (%)", alt.Scale(zero=False, domainMax=100)
    up = alt.Y("share:Q", title=title, scale=scale, axis=_FEW)
    bands = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=title, scale=scale, axis=_FEW), y2="high:Q")
    lines = base.mark_line(strokeWidth=2.2).encode(y=up, strokeDash=dashes(THRESHOLDED))
    chosen = base.transform_filter("datum.chosen").encode(y=up)
    points = chosen.mark_point(filled=True, size=110, opacity=1).encode(shape=shapes(THRESHOLDED))
    return layers(bands, lines, points, height=260)
