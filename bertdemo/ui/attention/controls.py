"""What of a head is drawn, and how: the choices above its picture, all in the address."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bertdemo.ui.attention import selection
from bertdemo.ui.attention.filters import Filters

LINES, MATRIX = "lines", "matrix"
PICTURES = {LINES: "Words and lines", MATRIX: "Matrix"}
_ALL_SIDES = "all"
SIDES = {
    _ALL_SIDES: "Both texts", "1-1": "1 at 1", "1-2": "1 at 2", "2-1": "2 at 1", "2-2": "2 at 2",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """``by_norm``: weights times the lengths of what they are given to. ``pieces``: tokens instead of words."""

    picture: str
    by_norm: bool
    pieces: bool
    filters: Filters


def choose(special: str, *, has_pairs: bool) -> Shown:
    """Draw the choices and return what they say; ``special`` lists the special tokens, as Markdown."""
    with st.container(horizontal=True, vertical_alignment="center", key="attention_controls"):
        picture = selection.one_of("picture", PICTURES, "Picture")
        with st.popover("Show and hide", icon=":material/tune:"):
            return _rest(picture, special, has_pairs)


def _rest(picture: str, names: str, has_pairs: bool) -> Shown:
    special = st.toggle(f"Special tokens ({names})", value=True, key="special", bind="query-params")
    pieces = st.toggle("Pieces of words, as the model reads them", key="pieces", bind="query-params")
    by_norm = st.toggle(
        "Weight by vector length (norm-based attention)", key="by_norm", bind="query-params",
        help="Multiplies each weight by the length of the vector it is given to (Kobayashi et al. 2020): much weight "
        "on a token that has next to nothing to give shows as next to nothing. These lengths do not sum to 100\u00a0%.",
    )  # fmt: skip
    least = 0
    if not by_norm:
        least = st.slider("Hide weights below", 0, 50, 0, format="%d %%", key="least", bind="query-params")
    sides = selection.one_of("sides", SIDES, "Which text looks at which") if has_pairs else _ALL_SIDES
    looking, looked_at = (None, None) if sides == _ALL_SIDES else (int(side) - 1 for side in sides.split("-"))
    return Shown(picture, by_norm, pieces, Filters(special, least / 100, looking, looked_at))
