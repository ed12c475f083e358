"""A text as it was typed, with a tint for each word or token by its score; pages and notebooks draw it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.lines import signed as with_sign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertdemo.explanation.tokenized_text import TokenizedText

_GLYPH_FROM = 0.08  # of the strongest score; a sign on every word would be noise
_MARK, _UNREAD = "piece mark", "unread"


@dataclass(frozen=True)
class Piece:
    """Characters of a text. ``kind`` are classes of the style sheet, empty for what stands between the words.

    ``strength`` (0 to 1) is the depth of the tint, ``number`` the index of the word (-1: none).
    """

    text: str
    kind: str = ""
    strength: float = 0.0
    glyph: str = ""
    title: str = ""
    number: int = -1


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
    """Return the tokens that the model reads, special ones included, each with its own tint and a space behind it."""
    strongest = _strongest(scores)
    return [list(_tokens(tokenized, scores, strongest, signed=signed))]


def _tokens(
    tokenized: TokenizedText, scores: NDArray[np.float64], strongest: float, *, signed: bool
) -> Iterator[Piece]:
    for token, score in zip(tokenized.tokens, scores, strict=True):
        tinted = _tinted(token.text, float(score), strongest, -1, signed=signed)
        yield replace(tinted, kind=f"{tinted.kind} {_MARK}") if token.special else tinted
        yield Piece(" ")


def _strongest(scores: NDArray[np.float64]) -> float:
    return float(np.abs(scores).max(initial=0.0)) or 1.0


def _tinted(text: str, score: float, strongest: float, number: int, *, signed: bool) -> Piece:
    strength = abs(score) / strongest
    sign = ("+" if score > 0 else "\u2212") if signed and strength >= _GLYPH_FROM else ""
    side = (" for" if score > 0 else " against") if signed else ""
    told = with_sign(score, 3) if signed else f"{score:.3g}"
    return Piece(text, f"piece{side}", strength, sign, told, number)
