"""Charts of a data set before training, of a run while it trains, and of several runs laid over each other."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from bertdemo.charts.palette import (
    AS_THEY_COME,
    BATCH,
    GREY,
    INK,
    LOSSES,
    ORANGE,
    ROWS,
    SCORES,
    dashes,
    layers,
    paint,
    series,
    styled,
)

_ROW = 24  # pixels a bar needs
_RATE = "datum.value == 0 ? '0' : format(datum.value, '~e')"


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


def _steps(steps: int) -> alt.X:
    """Return an axis as long as the whole plan: it does not move while the run goes on."""
    axis = alt.Axis(title="Optimiser step", tickMinStep=1, format="d", tickCount=6, grid=False)
    return alt.X("step:Q", scale=alt.Scale(domain=[0, max(steps, 1)], nice=False), axis=axis)


def _of(*names: str) -> Any:
    return alt.FieldOneOfPredicate(field="series", oneOf=list(names))


def _line(base: alt.Chart, names: tuple[str, ...], name: str, shape: str | None) -> alt.Chart:
    """Return the line of one of several series, with points of a shape of their own."""
    points = alt.OverlayMarkDef(size=60, filled=True, shape=shape) if shape else False
    line: alt.Chart = (
        base.mark_line(strokeWidth=2.2, point=points)
        .encode(color=series(names), strokeDash=dashes(names))
        .transform_filter(_of(name))
    )
    return line


def loss_chart(steps: int, labels: int) -> alt.LayerChart:
    """Return training loss of each batch as light dots, its smoothed line, the validation loss, and ln(``labels``).

    That is the loss of somebody who gives every label the same probability.

    Columns of the data: ``step``, ``loss`` (nats), ``series`` (``LOSSES`` or ``BATCH``).
    """
    base = alt.Chart().encode(
        x=_steps(steps),
        y=alt.Y("loss:Q", title="Cross-entropy loss (nats)", scale=alt.Scale(zero=True, nice=True)),
        tooltip=["series:N", "step:Q", alt.Tooltip("loss:Q", format=".3f")],
    )
    dots = base.mark_circle(size=14, opacity=0.28).transform_filter(_of(BATCH))
    line = _line(base, LOSSES, LOSSES[0], None)
    checks = _line(base, LOSSES, LOSSES[1], "diamond")
    once = alt.Chart().transform_filter(f"datum.step === 1 && datum.series === '{BATCH}'")
    level = once.encode(y=alt.datum(math.log(max(labels, 2))), color=alt.datum(GREY))
    rule = level.mark_rule(strokeDash=[2, 3], aria=False)
    words = level.mark_text(align="right", baseline="bottom", dy=-3, text="blind guessing").encode(x=alt.value("width"))
    return layers(dots, line, checks, rule, words, height=280)


def score_chart(steps: int, empty: bool) -> alt.LayerChart:
    """Return Macro-F1 and accuracy on the validation texts. Columns: ``step``, ``score`` (per cent), ``series``.

    While it is ``empty`` the axis runs from 0 to 100, and it is never shorter than two points.
    """
    title = "Validation score (%)"
    scale = alt.Scale(domain=[0, 100]) if empty else alt.Scale(zero=False, padding=12)
    base = alt.Chart().encode(
        x=_steps(steps),
        y=alt.Y("score:Q", title=title, scale=scale, axis=alt.Axis(format=".4~r", tickCount=5)),
        tooltip=["series:N", "step:Q", alt.Tooltip("score:Q", format=".1f")],
    )
    lines = [_line(base, SCORES, name, shape) for name, shape in zip(SCORES, ("circle", "square"), strict=True)]
    ends = alt.Chart().transform_aggregate(low="min(score)", high="max(score)")
    least = ends.transform_calculate(least="datum.high < 2 ? 2 : min(datum.low, datum.high - 2)").encode(
        y=alt.Y("least:Q", title=title)
    )
    return layers(*lines, least.mark_point(opacity=0, aria=False, tooltip=None), height=220)


def rate_chart(steps: int, peak: float) -> alt.Chart:
    """Return the learning rate at each step, on an axis up to its ``peak``. Columns: ``step``, ``learning_rate``."""
    chart: alt.Chart = (
        alt.Chart(ROWS)
        .mark_line(strokeWidth=2)
        .encode(
            x=_steps(steps),
            y=alt.Y(
                "learning_rate:Q",
                title="Learning rate",
                scale=alt.Scale(domain=[0, peak], nice=True),
                axis=alt.Axis(tickCount=4, labelExpr=_RATE),
            ),
            tooltip=["step:Q", alt.Tooltip("learning_rate:Q", format=".2e")],
        )
    )
    return styled(chart, 220)


def compare_chart(names: tuple[str, ...], column: str, title: str) -> alt.Chart:
    """Return one curve for each of up to four runs. Columns: ``epoch``, ``column`` (per cent, or a loss), ``run``."""
    digits = ".3f" if column == "loss" else ".1f"
    chart: alt.Chart = (
        alt.Chart(ROWS)
        .mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=40, filled=True))
        .encode(
            x=alt.X("epoch:Q", title="Epoch", axis=alt.Axis(grid=False, tickMinStep=0.5)),
            y=alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=False, padding=12)),
            color=series(names, "run"),
            strokeDash=dashes(names, "run"),
            tooltip=["run:N", alt.Tooltip("epoch:Q", format=".2f"), alt.Tooltip(f"{column}:Q", format=digits)],
        )
    )
    return styled(chart, 260)
