"""Charts of attributions: what moved an answer, word by word."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, INK, ROLES, layers, paint

_BAR = 24  # pixels a bar needs
_ROOM = 46  # pixels beside the longest bar, for its words


def waterfall_chart(rows: int, title: str = "Logits") -> alt.LayerChart:
    """Draw bars from ``start`` to ``end``, one below the other in the order of the rows, with words beside them.

    Columns: ``step`` (distinct names), ``start``, ``end``, ``low``, ``high`` (the same in order), ``words``, ``role``
    (of ``ROLES``).
    """
    up = alt.Y("step:N", sort=AS_THEY_COME, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False))
    scale = alt.Scale(padding=_ROOM, nice=False, zero=True)
    axis = alt.Axis(tickCount=6, grid=True, labelFlush=8)  # a figure this near to an end keeps inside
    shade = alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)
    base = alt.Chart().encode(y=up, tooltip=["step:N", "words:N"])
    across = alt.X("start:Q", title=title, scale=scale, axis=axis)
    bars = base.mark_bar(height=_BAR * 0.66, cornerRadius=2, minBandSize=1).encode(x=across, x2="end:Q", color=shade)
    right = base.mark_text(align="left", dx=5).encode(
        x=alt.X("high:Q", title=title, scale=scale, axis=axis), text="words:N"
    )
    return layers(bars, paint(right, INK), height=_BAR * max(rows, 2) + 40)


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
    shade = alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.85]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=shade, opacity=depth)
    glyphs = paint(base.mark_text(fontSize=11).encode(text="glyph:N"), INK)
    return layers(cells, glyphs, height=_BAR * max(words, 2) + 50)


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
    shade = alt.Color("role:N", scale=alt.Scale(domain=list(ROLES)), legend=None)
    depth = alt.Opacity("size:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.7]), legend=None)
    cells = base.mark_rect(cornerRadius=2).encode(color=shade, opacity=depth)
    figures = paint(base.mark_text(fontSize=11).encode(text="words:N"), INK)
    return layers(cells, figures, height=30 * max(rows, 2) + 150)
