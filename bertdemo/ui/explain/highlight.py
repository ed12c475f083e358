"""A text as it was typed, its words tinted by their scores: blue for, orange against, grey where there is no sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from bertdemo.ui.kit.formatting import signed as with_sign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertdemo.explanation.tokenized_text import TokenizedText

_ASSETS = Path(__file__).parents[1] / "components"
_GLYPH_FROM = 0.08  # of the strongest score; a sign on every word would be noise
_MARK, _UNREAD = "piece mark", "unread"


@dataclass(frozen=True)
class Piece:
    """Characters of a text. ``kind`` is a class of the style sheet, empty for what stands between the words.

    ``strength`` (0 to 1) is the depth of the tint, ``number`` the word that a click names (-1: none).
    """

    text: str
    kind: str = ""
    strength: float = 0.0
    glyph: str = ""
    title: str = ""
    number: int = -1

    def packed(self) -> list[Any]:
        """Pack it as the component reads it."""
        return [self.text, self.kind, round(self.strength, 3), self.glyph, self.title, self.number]


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
    packed = [[piece.packed() for piece in part] for part in parts]
    return {"parts": packed, "label": label, "clickable": clickable, "off": sorted(off)}


def words(tokenized: TokenizedText, scores: NDArray[np.float64], *, signed: bool) -> list[list[Piece]]:
    """Return the text and its pair, every character of them, with a tint for each word.

    Args:
        tokenized: says where the words stand; what lies behind its last token is drawn as unread.
        scores: one for each word.
        signed: whether a sign means for or against; if not, the tint is grey and there is no glyph.
    """
    strongest = _strongest(scores)
    parts = []
    for part, whole in enumerate((tokenized.text, tokenized.pair)):
        if whole is None:
            continue
        pieces, end = list[Piece](), 0
        for number, word in enumerate(tokenized.words):
            if word.part == part:
                pieces.append(Piece(whole[end : word.start]))
                pieces.append(_tinted(word.text, float(scores[number]), strongest, number, signed=signed))
                end = word.end
        pieces.append(Piece(whole[end:], _UNREAD if tokenized.truncated and whole[end:].strip() else ""))
        parts.append([piece for piece in pieces if piece.text])
    return parts


def tokens(tokenized: TokenizedText, scores: NDArray[np.float64], *, signed: bool) -> list[list[Piece]]:
    """Return the pieces that the model reads, special ones included, each with its own tint and a space behind it."""
    strongest = _strongest(scores)
    return [list(_tokens(tokenized, scores, strongest, signed=signed))]


def _tokens(
    tokenized: TokenizedText, scores: NDArray[np.float64], strongest: float, *, signed: bool
) -> Iterator[Piece]:
    for token, score in zip(tokenized.tokens, scores, strict=True):
        tinted = _tinted(token.text, float(score), strongest, -1, signed=signed)
        yield tinted if not token.special else Piece(tinted.text, f"{tinted.kind} {_MARK}", *tinted.packed()[2:])
        yield Piece(" ")


def _strongest(scores: NDArray[np.float64]) -> float:
    return float(np.abs(scores).max(initial=0.0)) or 1.0


def _tinted(text: str, score: float, strongest: float, number: int, *, signed: bool) -> Piece:
    strength = abs(score) / strongest
    sign = ("+" if score > 0 else "\u2212") if signed and strength >= _GLYPH_FROM else ""
    side = (" for" if score > 0 else " against") if signed else ""
    told = with_sign(score, 3) if signed else f"{score:.3g}"
    return Piece(text, f"piece{side}", strength, sign, told, number)
