"""Charts of a report: scores, the confusion matrix, comparison, calibration, thresholds, ranking and slices."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import (
    AS_THEY_COME,
    BLUE,
    CELL,
    CERTAINTY,
    GREY,
    INK,
    MODELS,
    ORANGE,
    PAPER,
    ROWS,
    THRESHOLDED,
    dashes,
    layers,
    paint,
    role_beside,
    series,
    shapes,
    styled,
)

_FEW = {"tickCount": 5}
_ENDS = ("value", "low", "high")
_GRID = {"tickCount": 5, "grid": True}
_SHARE = {"domain": [0, 100], "nice": False}
_ROW = 30  # pixels a slice needs


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


def disagreement_chart(names: tuple[str, str], most: int) -> alt.LayerChart:
    """Return bars of the texts that only one of the two gets right, with room for the longest bar's count.

    Columns: ``classifier`` (``names``), ``texts`` (at most ``most``).
    """
    scale = alt.Scale(domain=[0, 1.15 * max(most, 1)], nice=False)
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=4)
    base = alt.Chart().encode(
        y=alt.Y("classifier:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150)),
        x=alt.X("texts:Q", title="Texts that only it gets right", scale=scale, axis=axis),
        tooltip=["classifier:N", "texts:Q"],
    )
    bars = [
        paint(
            base.mark_bar(height=18, cornerRadiusEnd=2).transform_filter(
                alt.FieldEqualPredicate(field="classifier", equal=name)
            ),
            colour,
        )
        for name, colour in zip(names, (BLUE, ORANGE), strict=True)
    ]
    counts = paint(base.mark_text(align="left", dx=5).encode(text=alt.Text("texts:Q", format=",")), INK)
    return layers(*bars, counts, height=110)


def reliability_chart(names: tuple[str, ...], low: float) -> alt.LayerChart:
    """Return reliability diagram: how often answers of a certainty are right, against the diagonal of perfect honesty.

    Both axes begin at ``low`` per cent. Columns: ``series`` (``CERTAINTY``, those of ``names``), ``confidence``,
    ``accuracy``, ``low``, ``high`` (all per cent), ``texts``, ``small`` (drawn pale). Only the first series shows its
    95 % intervals.
    """
    scale = alt.Scale(domain=[low, 100], nice=False)
    across = alt.X("confidence:Q", title="How sure it says it is (%)", scale=scale, axis=_GRID)
    title = "How often it is right (%)"
    ends = (alt.Tooltip(f"{name}:Q", format=".1f") for name in ("confidence", "accuracy", "low", "high"))
    base = alt.Chart().encode(
        x=across,
        color=series(names, lines=False),
        opacity=alt.condition("datum.small", alt.value(0.35), alt.value(1)),
        tooltip=["series:N", *ends, "texts:Q"],
    )
    first = base.transform_filter(alt.FieldEqualPredicate(field="series", equal=CERTAINTY[0]))
    bars = first.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=title, scale=scale, axis=_GRID), y2="high:Q")
    points = base.mark_point(filled=True, size=80).encode(
        y=alt.Y("accuracy:Q", title=title, scale=scale, axis=_GRID), shape=shapes(names)
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
    up = alt.Y("share:Q", title=title, scale=scale, axis=_GRID)
    bands = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=title, scale=scale, axis=_GRID), y2="high:Q")
    lines = base.mark_line(strokeWidth=2.2).encode(y=up, strokeDash=dashes(THRESHOLDED))
    points = base.transform_filter("datum.chosen").mark_point(filled=True, size=110, opacity=1).encode(y=up)
    return layers(bands, lines, points, height=260)


def roc_chart(names: tuple[str, ...]) -> alt.LayerChart:
    """Return receiver operating characteristic of up to four labels, over the diagonal of guessing.

    Columns: ``label`` (``names``), ``false_alarms``, ``found`` (both per cent).
    """
    once = alt.Chart().transform_aggregate(rows="count()")
    ends = {"x": alt.datum(0), "y": alt.datum(0), "x2": alt.datum(100), "y2": alt.datum(100)}
    guessing = once.mark_rule(strokeDash=[2, 3], aria=False).encode(**ends, color=alt.datum(role_beside(names, GREY)))
    return layers(
        _ranking_line(names, "false_alarms", "False positive rate (%)", "found", "Texts of the label found (%)"),
        guessing,
        height=280,
    )


def precision_recall_chart(names: tuple[str, ...]) -> alt.LayerChart:
    """Return precision against recall of up to four labels.

    Columns: ``label``, ``recall``, ``precision`` (per cent).
    """
    return layers(
        _ranking_line(names, "recall", "Texts of the label found (%)", "precision", "Right of these (%)"), height=280
    )


def _ranking_line(names: tuple[str, ...], x: str, x_title: str, y: str, y_title: str) -> alt.Chart:
    line: alt.Chart = (
        alt.Chart()
        .mark_line(strokeWidth=2.2, clip=True)
        .encode(
            x=alt.X(f"{x}:Q", title=x_title, scale=_SHARE, axis=_FEW),
            y=alt.Y(f"{y}:Q", title=y_title, scale=_SHARE, axis=_FEW),
            order=alt.Order("point:Q"),
            color=series(names, "label"),
            strokeDash=dashes(names, "label"),
            tooltip=["label:N", alt.Tooltip(f"{x}:Q", format=".1f"), alt.Tooltip(f"{y}:Q", format=".1f")],
        )
    )
    return line


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
    once = alt.Chart().transform_aggregate(overall="mean(overall)")
    rule = once.mark_rule(strokeDash=[5, 3], strokeWidth=2, aria=False).encode(x=alt.X("overall:Q", scale=scale))
    return layers(
        paint(rule, GREY),
        *(paint(each, BLUE) for each in (bars, dots)),
        paint(words, INK),
        height=_ROW * max(rows, 2) + 70,
    )
