"""Charts of an answer: how probable each label is, by one classifier or by several."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, INK, ROLES, layers, paint, series

_BAR = 26  # pixels a bar needs
_END = 118  # per cent; beyond 100 there is room for the words
_TICKS: dict[str, object] = {"values": [0, 25, 50, 75, 100], "grid": True}


def _label(limit: int = 200) -> alt.Y:
    return alt.Y("label:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=limit))


def _across(axis: dict[str, object] | None) -> alt.X:
    return alt.X("probability:Q", title="Probability (%)", scale=alt.Scale(domain=[0, _END], nice=False), axis=axis)


def probability_chart(rows: int) -> alt.LayerChart:
    """Return one bar a label, in the order of the data; its ``role`` (of ``ROLES``) says which one is the answer.

    There is no axis below: each bar says its value.

    Columns: ``label``, ``probability`` (per cent), ``words`` (the same as people read it), ``role``.
    """
    base = alt.Chart().encode(y=_label(), x=_across(None), tooltip=["label:N", "words:N"])
    shade = alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)
    bars = base.mark_bar(height=_BAR * 0.62, cornerRadiusEnd=2).encode(color=shade)
    words = paint(base.mark_text(align="left", dx=5).encode(text="words:N"), INK)
    return layers(bars, words, height=_BAR * max(rows, 2) + 12)


def side_by_side_chart(rows: int, names: tuple[str, ...]) -> alt.LayerChart:
    """Return one bar a label and classifier, up to four classifiers by ``names``; labels in the order of the data.

    Columns: ``label``, ``probability`` (per cent), ``words``, ``series`` (``names``).
    """
    base = alt.Chart().encode(
        y=_label(150),
        yOffset=alt.YOffset("series:N", sort=list(names)),
        x=_across(_TICKS),
        tooltip=["series:N", "label:N", "words:N"],
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(color=series(names, lines=False))
    words = paint(base.mark_text(align="left", dx=5, fontSize=11).encode(text="words:N"), INK)
    return layers(bars, words, height=(18 * len(names) + 14) * max(rows, 2) + 84)
