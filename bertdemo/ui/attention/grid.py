"""All heads of all layers as small maps: the way to any of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.ui.attention import components, export
from bertdemo.ui.attention.pixels import packed, small_maps
from bertdemo.ui.attention.selection import Selection, heads_in, parse

if TYPE_CHECKING:
    from bertdemo.ui.attention.computed import Looked

_KEY = "attention_grid"
_TITLE = "Where every head looks: layers from top to bottom, heads from left to right"
_HOW = "In each map the tokens that look are rows, those that are looked at columns; the darker, the more attention."


def show(
    looked: Looked, values: NDArray[np.float32], marked: tuple[Selection, ...], clicked: Callable[[Selection], None]
) -> None:
    """Draw the grid; ``values`` (layers, heads, tokens, tokens) are what its maps show, ``marked`` those in colours."""

    def hear() -> None:
        part = parse(str(components.heard(_KEY, "clicked")), looked.layers, looked.heads)
        if part:
            clicked(part)

    st.caption("Layers from top to bottom, heads from left to right; at the right and at the bottom their means.")
    file = export.of(looked, "all heads", "heads", _TITLE, _HOW)
    components.draw("grid", data_of(looked, values, marked), _KEY, file, on_clicked_change=hear)


def data_of(looked: Looked, values: NDArray[np.float32], marked: tuple[Selection, ...]) -> dict[str, Any]:
    """Return what the browser needs.

    A row of maps for each layer, the mean of its heads last, and below the mean of all.
    """
    parts = _parts(looked)
    shown = [part for part in parts if part]
    pixels = small_maps(np.stack([part.of(values) for part in shown]), float(values.max()))
    habits = _habits(looked)
    maps = [part and _map(part, habits, marked, looked) for part in parts]
    return {
        "shape": f"{looked.layers} {looked.heads}",
        "label": f"Maps of {looked.heads} heads in each of {looked.layers} layers",
        "rows": [*(f"{layer + 1}" for layer in range(looked.layers)), ""],
        "columns": [*(f"{head + 1}" for head in range(looked.heads)), "mean"],
        "maps": packed(json.dumps(maps)),
        "side": pixels.shape[-1],
        "packed": packed(pixels),
    }


def _parts(looked: Looked) -> list[Selection | None]:
    """Return row by row; the last row has one map, at its end."""
    rows = [Selection(layer, head) for layer in range(looked.layers) for head in (*range(looked.heads), None)]
    return [*rows, *([None] * looked.heads), Selection(None, None)]


def _habits(looked: Looked) -> dict[Selection, str]:
    from bertdemo.explanation.heads import describe

    return {Selection(each.layer, each.head): describe(each) for each in looked.statistics}


def _map(
    part: Selection, habits: dict[Selection, str], marked: tuple[Selection, ...], looked: Looked
) -> dict[str, Any]:
    own = heads_in(part, looked.heads)
    off = bool(own) and own <= looked.off
    says = f"{part.name}: {habits[part]}" if part in habits else part.name
    series = marked.index(part) if part in marked else -1
    return {"name": part.code, "says": f"{says}, switched off" if off else says, "series": series, "off": off}
