"""Charts of how far the probabilities of a classifier can be trusted."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.names import CERTAINTY, THRESHOLDED
from bertdemo.charts.palette import BLUE, GREY, INK, ROWS, dashes, layers, paint, series, shapes, styled

_FEW = {"tickCount": 5, "grid": True}


def reliability_chart(names: tuple[str, ...], low: float) -> alt.LayerChart:
    """Return reliability diagram: how often answers of a certainty are right, against the diagonal of perfect honesty.

    Both axes begin at ``low`` per cent. Columns: ``series`` (``CERTAINTY``, those of ``names``), ``confidence``,
    ``accuracy``, ``low``, ``high`` (all per cent), ``texts``, ``small`` (drawn pale). Only the first series shows its
    95 % intervals.
    """
    scale = alt.Scale(domain=[low, 100], nice=False)
    across = alt.X("confidence:Q", title="How sure it says it is (%)", scale=scale, axis=_FEW)
    title = "How often it is right (%)"
    ends = (alt.Tooltip(f"{name}:Q", format=".1f") for name in ("confidence", "accuracy", "low", "high"))
    base = alt.Chart().encode(
        x=across,
        color=series(names, lines=False),
        opacity=alt.condition("datum.small", alt.value(0.35), alt.value(1)),
        tooltip=["series:N", *ends, "texts:Q"],
    )
    first = base.transform_filter(alt.FieldEqualPredicate(field="series", equal=CERTAINTY[0]))
    bars = first.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=title, scale=scale, axis=_FEW), y2="high:Q")
    points = base.mark_point(filled=True, size=80).encode(
        y=alt.Y("accuracy:Q", title=title, scale=scale, axis=_FEW), shape=shapes(names)
    )
    return layers(*_honest(low, scale), bars, points, height=320)


def _honest(low: float, scale: alt.Scale) -> tuple[alt.Chart, alt.Chart]:
    """Return the diagonal and its name, drawn once however many rows there are."""
    once = alt.Chart().transform_aggregate(rows="count()")
    start = {"x": alt.XDatum(low, scale=scale), "y": alt.YDatum(low, scale=scale)}
    rule = once.mark_rule(strokeDash=[2, 3], aria=False).encode(
        **start, x2=alt.datum(100), y2=alt.datum(100), color=alt.datum(GREY)
    )
    near = low + 0.12 * (100 - low)
    words = once.mark_text(align="left", dx=10, dy=10, text="as sure as right").encode(
        x=alt.XDatum(near, scale=scale), y=alt.YDatum(near, scale=scale), color=alt.datum(INK)
    )
    return rule, words


def certainty_chart() -> alt.Chart:
    """Return histogram of the certainties. Columns: ``start``, ``end`` (per cent), ``texts``."""
    chart = (
        alt.Chart(ROWS)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("start:Q", title="How sure it says it is (%)", axis=alt.Axis(grid=False, tickCount=5)),
            x2="end:Q",
            y=alt.Y("texts:Q", title="Texts", axis=alt.Axis(format="d", tickMinStep=1, tickCount=3)),
            y2=alt.datum(0),
            tooltip=[alt.Tooltip("start:Q", format=".0f"), alt.Tooltip("end:Q", format=".0f"), "texts:Q"],
        )
    )
    return styled(paint(chart, BLUE), 140)


def threshold_chart() -> alt.LayerChart:
    """Return share of texts answered and share right among them, for every threshold, with the chosen one marked.

    Columns: ``threshold``, ``share``, ``low``, ``high`` (all per cent), ``series`` (``THRESHOLDED``), ``chosen``.
    """
    told = (alt.Tooltip(f"{name}:Q", format=".1f") for name in ("threshold", "share", "low", "high"))
    base = alt.Chart().encode(
        x=alt.X("threshold:Q", title="Answers only when at least so sure (%)", axis=alt.Axis(grid=False, tickCount=6)),
        color=series(THRESHOLDED),
        tooltip=["series:N", *told],
    )
    title, scale = "Share of test texts (%)", alt.Scale(zero=False, domainMax=100)
    up = alt.Y("share:Q", title=title, scale=scale, axis=_FEW)
    bands = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=title, scale=scale, axis=_FEW), y2="high:Q")
    lines = base.mark_line(strokeWidth=2.2).encode(y=up, strokeDash=dashes(THRESHOLDED))
    points = base.transform_filter("datum.chosen").mark_point(filled=True, size=110, opacity=1).encode(y=up)
    return layers(bands, lines, points, height=260)
