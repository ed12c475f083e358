"""Charts of one text: how probable each label is, what moved the prediction, whether that is true, and attention."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import (
    AS_THEY_COME,
    BLUE,
    GREY,
    INK,
    ORDERS,
    PAPER,
    ROWS,
    by_role,
    dashes,
    layers,
    paint,
    series,
    styled,
)

_BAR = 26  # pixels a bar needs
_WORDS = 78  # pixels beyond the longest bar, for "over 99.9 %"
_TICKS: dict[str, object] = {"values": [0, 25, 50, 75, 100], "grid": True}
_STEP = 24  # pixels a bar needs
_ROOM = 46  # pixels beside the longest bar, for its words
_ROW = 26  # pixels a stage needs
_CELL = 22  # pixels


def _label(limit: int = 200) -> alt.Y:
    return alt.Y("label:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=limit))


def _across(axis: dict[str, object] | None) -> alt.X:
    end = alt.ExprRef(f"100 * width / max(width - {_WORDS}, {_WORDS})")
    scale = alt.Scale(domainMin=0, domainMax=end, nice=False)
    return alt.X("probability:Q", title="Probability (%)", scale=scale, axis=axis)


def probability_chart(rows: int) -> alt.LayerChart:
    """Return one bar a label, in the order of the data; its ``role`` (of ``ROLES``) says which one is the answer.

    There is no axis below: each bar says its value.

    Columns: ``label``, ``probability`` (per cent), ``words`` (the same as people read it), ``role``.
    """
    base = alt.Chart().encode(y=_label(), x=_across(None), tooltip=["label:N", "words:N"])
    bars = base.mark_bar(height=_BAR * 0.62, cornerRadiusEnd=2).encode(color=by_role())
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


def waterfall_chart(rows: int, title: str = "Logits") -> alt.LayerChart:
    """Draw bars from ``start`` to ``end``, one below the other in the order of the rows, with words beside them.

    Columns: ``step`` (distinct names), ``start``, ``end``, ``low``, ``high`` (the same in order), ``words``, ``role``
    (of ``ROLES``).
    """
    up = alt.Y("step:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False))
    scale = alt.Scale(padding=_ROOM, nice=False, zero=True)
    axis = alt.Axis(tickCount=6, grid=True, labelFlush=8)  # a figure this near to an end keeps inside
    base = alt.Chart().encode(y=up, tooltip=["step:N", "words:N"])
    across = alt.X("start:Q", title=title, scale=scale, axis=axis)
    bars = base.mark_bar(height=_STEP * 0.66, cornerRadius=2, minBandSize=1).encode(
        x=across, x2="end:Q", color=by_role()
    )
    right = base.mark_text(align="left", dx=5).encode(
        x=alt.X("high:Q", title=title, scale=scale, axis=axis), text="words:N"
    )
    return layers(bars, paint(right, INK), height=_STEP * max(rows, 2) + 40)


def layer_chart(words: int, unit: str = "logits") -> alt.LayerChart:
    """Return scores of words (rows) in each layer (columns).

    Depth of the colour is the size, a glyph in the cell the sign.

    Columns: ``word`` (distinct names), ``layer``, ``score``, ``size`` (0 to 1), ``role`` (of ``ROLES``), ``glyph``.
    """
    base = alt.Chart().encode(
        x=alt.X("layer:O", sort=AS_THEY_COME, title="Layer", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("word:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150, labelOverlap=False)),
        tooltip=["word:N", "layer:O", alt.Tooltip("score:Q", format="+.3f", title=unit)],
    )
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.85]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=by_role(), opacity=depth)
    glyphs = paint(base.mark_text(fontSize=11).encode(text="glyph:N"), INK)
    return layers(cells, glyphs, height=_STEP * max(words, 2) + 50)


def agreement_chart(rows: int) -> alt.LayerChart:
    """Rank correlation of each pair of explanations (both ways): depth of the colour is its size, the figure beside it.

    Columns: ``one``, ``other`` (distinct names), ``correlation`` (−1 to 1), ``size``, ``role``, ``words``.
    """
    base = alt.Chart().encode(
        x=alt.X(
            "other:N",
            sort=AS_THEY_COME,
            title=None,
            axis=alt.Axis(labelLimit=130, labelAngle=-90, labelOverlap=False, orient="top"),
        ),
        y=alt.Y("one:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150, labelOverlap=False)),
        tooltip=["one:N", "other:N", alt.Tooltip("correlation:Q", format=".2f")],
    )
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.7]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=by_role(), opacity=depth)
    figures = paint(base.mark_text(fontSize=11).encode(text="words:N"), INK)
    return layers(cells, figures, height=30 * max(rows, 2) + 150)


def erasing_chart(across: str, up: str) -> alt.LayerChart:
    """Return the output while words are erased or put back.

    In the order of the scores, and in random orders with their band.

    Columns: ``share`` (of the words, per cent), ``value``, ``low``, ``high`` (both empty for the scores), ``series``
    (``ORDERS``).
    """
    scale = alt.Scale(domain=[0, 100], nice=False)
    base = alt.Chart().encode(
        x=alt.X("share:Q", title=across, scale=scale, axis=alt.Axis(tickCount=5, grid=False)),
        color=series(ORDERS),
        tooltip=["series:N", *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("share", "value", "low", "high"))],
    )
    free = alt.Scale(zero=False)
    axis = alt.Axis(tickCount=4)
    random = base.transform_filter(alt.FieldEqualPredicate(field="series", equal=ORDERS[1]))
    band = random.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=up, scale=free, axis=axis), y2="high:Q")
    lines = base.mark_line(strokeWidth=2.2).encode(
        y=alt.Y("value:Q", title=up, scale=free, axis=axis), strokeDash=dashes(ORDERS)
    )
    return layers(band, lines, height=230)


def sanity_chart(rows: int) -> alt.LayerChart:
    """Rank correlation with the explanation of the trained model, the more it forgets; a rule where chance ends.

    Columns: ``stage``, ``correlation`` (−1 to 1), ``chance``, ``words``.
    """
    scale = alt.Scale(domain=[-1, 1.6], nice=False)  # beyond 1 there is room for the figures, clear of the rule
    ticks = alt.Axis(values=[-1, -0.5, 0, 0.5, 1])
    across = alt.X("correlation:Q", title="Rank correlation", scale=scale, axis=ticks)
    base = alt.Chart().encode(
        y=alt.Y("stage:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=190)), tooltip=["stage:N", "words:N"]
    )
    bars = paint(base.mark_bar(height=_ROW * 0.6, cornerRadiusEnd=2).encode(x=across), BLUE)
    words = paint(base.mark_text(align="right").encode(x=alt.value("width"), text="words:N"), INK)
    once = alt.Chart().transform_aggregate(chance="max(chance)")
    rule = once.mark_rule(strokeDash=[5, 3], strokeWidth=2, aria=False).encode(x=alt.X("chance:Q", scale=scale))
    return layers(bars, words, paint(rule, GREY), height=_ROW * max(rows, 2) + 60)


def by_layer_chart(words: int, unit: str) -> alt.LayerChart:
    """Return how much of each word (rows) has arrived after each layer (columns): the darker, the more.

    Sizes have no sign.

    Columns: ``word`` (distinct names), ``layer``, ``value`` (in ``unit``), ``size`` (0 to 1).
    """
    base = alt.Chart().encode(
        x=alt.X("layer:O", sort=AS_THEY_COME, title="After layer", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("word:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["word:N", "layer:O", alt.Tooltip("value:Q", format=".3g", title=unit)],
    )
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 0.9]), legend=None)
    cells = paint(base.mark_rect(cornerRadius=2).encode(opacity=depth), INK)
    return layers(cells, height=_CELL * max(words, 2) + 50)


def head_worth_chart(layers_: int) -> alt.LayerChart:
    """Return what each head (columns) of each layer (rows) is worth.

    Depth of the colour is the size, the glyph the sign.

    Columns: ``layer``, ``head``, ``worth`` (logits), ``size`` (0 to 1), ``role`` (of ``ROLES``), ``glyph``.
    """
    base = alt.Chart().encode(
        x=alt.X("head:O", sort=AS_THEY_COME, title="Head", axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("layer:O", sort=AS_THEY_COME, title="Layer"),
        tooltip=["layer:O", "head:O", alt.Tooltip("worth:Q", format="+.3f", title="worth (logits)")],
    )
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.95]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=by_role(), opacity=depth)
    glyphs = base.mark_text(fontSize=12).encode(text="glyph:N")
    dark, light = glyphs.transform_filter("datum.size <= 0.6"), glyphs.transform_filter("datum.size > 0.6")
    return layers(cells, paint(dark, INK), paint(light, PAPER), height=30 * layers_ + 60)


def vector_chart() -> alt.LayerChart:
    """Return the numbers of one vector as bars, upwards where positive.

    Columns: ``number`` (its place, from 1), ``value``.
    """
    bars = alt.Chart().mark_bar().encode(
        x=alt.X("number:O", title=None, axis=None),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3)),
        tooltip=["number:O", alt.Tooltip("value:Q", format="+.3f")],
    )  # fmt: skip
    return layers(paint(bars, INK), height=90)


def vectors_chart(titles: tuple[str, ...]) -> alt.Chart:
    """Return several vectors below each other, in the order of their titles, as one picture.

    Each has a scale of its own.

    Columns: ``vector`` (its title), ``number`` (its place, from 1), ``value``.
    """
    bars = alt.Chart(ROWS).mark_bar().encode(
        x=alt.X("number:O", title=None, axis=None),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3)),
        row=alt.Row("vector:N", sort=list(titles), title=None, header=alt.Header(orient="top", labelAnchor="start")),
    ).resolve_scale(y="independent")  # fmt: skip
    return styled(paint(bars, INK), height=90)
