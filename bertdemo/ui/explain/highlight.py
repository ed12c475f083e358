"""A text whose words are tinted by their scores: blue for, orange against, grey where there is no sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from bertdemo.explanation.tinting import Piece

_ASSETS = Path(__file__).parents[1] / "components"


@cache
def _component() -> Callable[..., Any]:
    css, js = ((_ASSETS / f"strip.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component("bertdemo.strip", html='<div class="strip" role="group"></div>', css=css, js=js)


def show(parts: Sequence[Sequence[Piece]], *, key: str, label: str) -> None:
    """Draw a text, or a text and its pair."""
    _component()(key=key, data=_data(parts, label, clickable=False))


def choose(
    parts: Sequence[Sequence[Piece]], *, key: str, label: str, off: frozenset[int], clicked: Callable[[int], None]
) -> None:
    """Draw the same with words to click, those in ``off`` struck out; ``clicked`` is told the number of the word."""

    def told() -> None:
        number = st.session_state[key]["clicked"]
        if isinstance(number, int):
            clicked(number)

    _component()(key=key, data=_data(parts, label, clickable=True, off=off), on_clicked_change=told)


def _data(
    parts: Sequence[Sequence[Piece]], label: str, *, clickable: bool, off: frozenset[int] = frozenset()
) -> dict[str, Any]:
    packed = [[_packed(piece) for piece in part] for part in parts]
    return {"parts": packed, "label": label, "clickable": clickable, "off": sorted(off)}


def _packed(piece: Piece) -> list[Any]:
    """Pack a piece as the component reads it."""
    return [piece.text, piece.kind, round(piece.strength, 3), piece.glyph, piece.title, piece.number]
