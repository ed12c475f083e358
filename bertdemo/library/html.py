"""HTML that a notebook shows: plain elements with their style inside, every text escaped, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bertdemo.explanation.tinting import Piece

# Blue for and orange against, as on the pages; transparent, so that they suit light and dark paper.
_HUES = {"for": "46,109,180", "against": "217,120,45", "": "125,130,140"}
_DEEPEST = 0.55


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose other columns are numbers."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal">{escape(first)}</th>'
        + "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def tinted(parts: Sequence[Sequence[Piece]]) -> str:
    """Return a text (and its pair) with the tints of its words; each says its score when it is pointed at."""
    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9"
    return "".join(f'<p style="{style}">{"".join(map(_span, part))}</p>' for part in parts)


def _span(piece: Piece) -> str:
    kinds = piece.kind.split()
    if "piece" not in kinds:
        text = escape(piece.text)
        return f'<span style="opacity:.7;font-style:italic">{text}</span>' if "unread" in kinds else text
    sign = next((kind for kind in kinds if kind in _HUES), "")
    style = f"background:{shade(piece.strength, sign)};border-radius:.3em;padding:.1em .12em"
    glyph = f"<sup>{piece.glyph}</sup>" if piece.glyph else ""
    return f'<span style="{style}" title="{escape(piece.title)}">{glyph}{escape(piece.text)}</span>'


def shade(strength: float, sign: str = "for") -> str:
    """Return the colour of a strength from 0 to 1."""
    return f"rgba({_HUES[sign]},{_DEEPEST * strength:.3f})"
