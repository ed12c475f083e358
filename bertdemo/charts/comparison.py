"""Two classifiers on the same texts: where only one of them is right."""

from __future__ import annotations

import altair as alt

from bertdemo.charts.palette import AS_THEY_COME, BLUE, INK, ORANGE, layers, paint


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
        paint(base.mark_bar(height=18, cornerRadiusEnd=2).transform_filter(_of(name)), colour)
        for name, colour in zip(names, (BLUE, ORANGE), strict=True)
    ]
    counts = paint(base.mark_text(align="left", dx=5).encode(text=alt.Text("texts:Q", format=",")), INK)
    return layers(*bars, counts, height=110)


def _of(name: str) -> alt.FieldEqualPredicate:
    return alt.FieldEqualPredicate(field="classifier", equal=name)
