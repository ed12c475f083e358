"""Switch heads off, one, many or a layer, and see the answer move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.evaluation.report import points_between
from bertdemo.lines import shorten, signed
from bertdemo.ui.attention import importance, selection
from bertdemo.ui.attention.selection import Selection, heads_in
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape
from bertdemo.ui.kit.prediction import certainty

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.ui.attention.computed import Looked

_MOST_LABELS = 6
_ON = "all heads on"


@dataclass(frozen=True)
class Change:
    """A label's probability with all heads on, and with some off."""

    label: str
    before: float
    after: float


def toggle(looked: Looked, part: Selection) -> None:
    """Switch what was clicked off, or on again where all of it is off."""
    own = heads_in(part, looked.heads)
    selection.switch(looked.off - own if own <= looked.off else looked.off | own, looked.heads)


def show(complete: Looked, looked: Looked) -> None:
    """Draw the answer before and after, and what heads are worth. ``complete`` is the same text with all heads on."""
    _layers(looked)
    _answer(complete, looked)
    importance.show(complete)


def off_line(looked: Looked) -> None:
    """Say that heads are off, wherever it matters, and draw the button that ends it."""
    if looked.off:
        with st.container(horizontal=True, vertical_alignment="center", key="off_line"):
            st.markdown(f"**{count(len(looked.off), 'head is', 'heads are')} switched off**: {escape(_names(looked))}.")
            st.button("Switch all on", key="all_on", on_click=selection.switch, args=(frozenset(), looked.heads))


def _names(looked: Looked) -> str:
    parts = selection.parts_off(looked.layers, looked.heads)
    told = (f"all of layer {part.code}" if part.head is None else part.code for part in parts)
    return shorten(", ".join(told), 120)


def _layers(looked: Looked) -> None:
    """Draw a layer at a time: the same as the last column of the grid."""
    layers = [frozenset(heads_in(Selection(layer, None), looked.heads)) for layer in range(looked.layers)]
    off = [layer for layer, own in enumerate(layers) if own <= looked.off]
    st.session_state["layers_off"] = off

    def changed() -> None:
        chosen = set(st.session_state["layers_off"])
        single = looked.off.difference(*(layers[layer] for layer in off)) if off else looked.off
        selection.switch(single.union(*(layers[layer] for layer in chosen)), looked.heads)

    st.pills(
        "Whole layers that are off", range(looked.layers), selection_mode="multi", key="layers_off",
        format_func=lambda layer: f"Layer {layer + 1}", on_change=changed,
    )  # fmt: skip


def _answer(complete: Looked, looked: Looked) -> None:
    from bertdemo.charts.one_text import side_by_side_chart

    if not looked.off:
        st.markdown("Click a map to switch that head off, or *mean* for its whole layer. The answer follows at once.")
    changes = changes_of(complete, looked)
    names = (_ON, f"{count(len(looked.off), 'head')} off") if looked.off else (_ON,)
    rows = _rows(changes, names)
    figure(
        headline(changes, len(looked.off)), rows, side_by_side_chart, len(changes), names, key="off_answer",
        alt="Probability of each label with all heads on and with some off", table=rows.drop(columns="words"),
    )  # fmt: skip


def changes_of(complete: Looked, looked: Looked) -> list[Change]:
    """Return the labels that are probable before or after, the first answer first."""
    pairs = zip(complete.label_names, complete.probabilities.tolist(), looked.probabilities.tolist(), strict=True)
    changes = [Change(*pair) for pair in pairs]
    kept = sorted(changes, key=lambda change: -max(change.before, change.after))[:_MOST_LABELS]
    return sorted(kept, key=lambda change: -change.before)


def headline(changes: list[Change], off: int) -> str:
    """Return what became of the answer, as Markdown."""
    first = changes[0]
    now = max(changes, key=lambda change: change.after)
    label = escape(shorten(first.label, 60))
    if not off:
        return f"With all heads on: {label}, {certainty(first.before)}"
    without = f"Without {'this head' if off == 1 else f'these {off} heads'}"
    if now.label != first.label:
        other = escape(shorten(now.label, 60))
        return f"{without} the answer is no longer {label} but {other}, {certainty(now.after)}"
    points = points_between(first.before, first.after)
    moved = "does not move" if abs(points) < 0.05 else f"moves by {signed(points, 1)} points"
    return f"{without} the answer stays {label} and its probability {moved}"


def _rows(changes: list[Change], names: tuple[str, ...]) -> pd.DataFrame:
    """Return rows for ``side_by_side_chart``."""
    import pandas as pd

    rows = [
        (shorten(change.label, 60), 100 * value, certainty(value), name)
        for change in changes
        for name, value in zip(names, (change.before, change.after), strict=False)
    ]
    return pd.DataFrame(rows, columns=["label", "probability", "words", "series"])
