"""What an explanation says, the same on every view: in sentences, and as the text whose words are tinted.

Blue is for, orange against, grey where there is no sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.explanation.tinting import Piece
from bertdemo.lines import signed
from bertdemo.ui.explain.methods import BASELINE_NAMES
from bertdemo.ui.kit.formatting import listed, quoted

if TYPE_CHECKING:
    from bertdemo.explanation.attribution import Attribution

_NAMED = 3
_LEAST = 0.005  # a score that would be written as 0.00
_ASSETS = Path(__file__).parents[1] / "components"


def explained(found: Attribution, labels: tuple[str, ...]) -> str:
    """Return what the scores are of, as Markdown."""
    target = quoted(labels[found.target])
    return target if found.against is None else f"the margin of {target} over {quoted(labels[found.against])}"


def output(found: Attribution, labels: tuple[str, ...]) -> str:
    """Return the output whose parts the scores are, as Markdown."""
    return explained(found, labels) if found.against is not None else f"the logit of {explained(found, labels)}"


def sentence(found: Attribution, labels: tuple[str, ...]) -> str:
    """Return names the words that mattered most, as Markdown."""
    what = explained(found, labels)
    top = [each for each in _by_word(found) if abs(each[1]) >= _LEAST][:_NAMED]
    if not top:
        return f"No word of this text moves {what}."
    named = [f"**{quoted(text)}**" + _figures(score, times, found) for text, score, times in top]
    verb = "moved" if found.signed else "mattered to"
    return f"{listed(named)} {verb} {what} most."


def _by_word(found: Attribution) -> list[tuple[str, float, int]]:
    """Return (as first written, its score, how often it stands there) of each word, the strongest first.

    The score of a word that comes again is the sum where scores add up; elsewhere, the strongest of them.
    """
    merged: dict[str, tuple[str, float, int]] = {}
    for word, score in zip(found.tokenized.words, found.word_scores.tolist(), strict=True):
        text, known, times = merged.get(word.text.casefold(), (word.text, 0.0, 0))
        together = known + score if found.adds_up else max(known, score, key=abs)
        merged[word.text.casefold()] = text, together, times + 1
    return sorted(merged.values(), key=lambda each: -abs(each[1]))


def _figures(score: float, times: int, found: Attribution) -> str:
    often = f"{times} times" if found.adds_up else f"the strongest of {times}"
    told = [signed(score)] * found.signed + [often] * (times > 1)
    return f" ({', '.join(told)})" if told else ""


def how(found: Attribution) -> str:
    """Return the method and its baseline."""
    from bertdemo.explanation.methods import METHODS

    baseline = f", baseline {BASELINE_NAMES[found.baseline]}" if found.baseline else ""
    return f"{METHODS[found.method].name}{baseline}"


@cache
def _component() -> Callable[..., Any]:
    css, js = ((_ASSETS / f"strip.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return st.components.v2.component("bertdemo.strip", html='<div class="strip" role="group"></div>', css=css, js=js)


def show_tinted(parts: Sequence[Sequence[Piece]], *, key: str, label: str) -> None:
    """Draw a text, or a text and its pair."""
    _component()(key=key, data=_data(parts, label, clickable=False))


def choose_word(
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
