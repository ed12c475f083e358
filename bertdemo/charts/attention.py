"""Charts of attention: how words come together layer by layer, what heads are worth, and the numbers of one."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, INK, PAPER, ROLES, ROWS, layers, paint, styled

_CELL = 22  # pixels


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
    shade = alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.95]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=shade, opacity=depth)
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
