"""Curves of how well each label is ranked above the others, one label against the rest."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import GREY, dashes, layers, role_beside, series

_SHARE = {"domain": [0, 100], "nice": False}
_FEW = {"tickCount": 5}


def roc_chart(names: tuple[str, ...]) -> alt.LayerChart:
    """Return receiver operating characteristic of up to four labels, over the diagonal of guessing.

    Columns: ``label`` (``names``), ``false_alarms``, ``found`` (both per cent).
    """
    once = alt.Chart().transform_aggregate(rows="count()")
    ends = {"x": alt.datum(0), "y": alt.datum(0), "x2": alt.datum(100), "y2": alt.datum(100)}
    guessing = once.mark_rule(strokeDash=[2, 3], aria=False).encode(**ends, color=alt.datum(role_beside(names, GREY)))
    return layers(
        _line(names, "false_alarms", "False positive rate (%)", "found", "Texts of the label found (%)"),
        guessing,
        height=280,
    )


def precision_recall_chart(names: tuple[str, ...]) -> alt.LayerChart:
    """Return precision against recall of up to four labels.

    Columns: ``label``, ``recall``, ``precision`` (per cent).
    """
    return layers(_line(names, "recall", "Texts of the label found (%)", "precision", "Right of these (%)"), height=280)


def _line(names: tuple[str, ...], x: str, x_title: str, y: str, y_title: str) -> alt.Chart:
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
