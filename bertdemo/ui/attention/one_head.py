"""Heads word by word: words left and right with lines between them, or the same as a matrix; and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from bertdemo.explanation.tokenized_text import Unit, aggregate_attention, pieces_of, words_of
from bertdemo.ui.attention import components, computed, export, selection
from bertdemo.ui.attention.controls import LINES, MATRIX, Shown
from bertdemo.ui.attention.filters import Visible, visible, what_is_hidden
from bertdemo.ui.attention.pixels import packed, shades
from bertdemo.ui.attention.selection import Selection
from bertdemo.ui.kit.formatting import count, percent

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.ui.attention.computed import Looked

_THINNEST = 0.01  # of what is drawn darkest: smaller weights are not worth a line
_MOST_ROWS = 500  # of the table
_HINT = "Point at a word, or go there with Tab and the arrow keys: left is what looks, right what is looked at."


def show(looked: Looked, parts: tuple[Selection, ...], shown: Shown) -> None:
    """Draw the chosen heads, say what is hidden, and offer the numbers."""
    units = pieces_of(looked.tokenized) if shown.pieces else words_of(looked.tokenized)
    seen = of(looked, parts, shown, units)
    if not seen.looking or not seen.looked_at:
        st.info("With these filters there is no word left to show.")
        return
    told = legend(looked, parts)
    note = how_to_read(seen, shown)
    if shown.picture == MATRIX:
        _matrices(looked, parts, shown, seen, told, note)
    else:
        file = lines_file(looked, parts, told, note)
        data = head_data(seen, told, shown.by_norm, selection.word())
        components.draw("head", data, "attention_head", file, on_word_change=_hear_word)
    st.caption(note)
    with st.expander("Show as a table", type="compact", key="attention_table", on_change="rerun") as box:
        if box.open:
            _table(seen, parts, shown.by_norm)


def _matrices(
    looked: Looked, parts: tuple[Selection, ...], shown: Shown, seen: Visible, told: list[str], note: str
) -> None:
    for place, part in enumerate(parts):
        what, how = f"the matrix: {part.name}", f"Rows look, columns are looked at. {note}"
        file = export.of(looked, what, f"matrix-{part.code}", told[place], how)
        data = matrix_data(seen, told, shown.by_norm, place)
        components.draw("matrix", data, f"attention_matrix_{place}", file)


def lines_file(looked: Looked, parts: tuple[Selection, ...], told: list[str], note: str) -> dict[str, Any]:
    """Return what the file of words and lines needs beside its data."""
    title = told[0] if len(told) == 1 else f"Where {len(told)} heads look"
    name, how = "-".join(part.code for part in parts), f"Left is what looks, right what is looked at. {note}"
    return export.of(looked, "words and lines", f"words-{name}", title, how)


def how_to_read(seen: Visible, shown: Shown) -> str:
    """Return what the picture shows, and how much it hides."""
    unit = "Lengths of vectors, the longest drawn darkest" if shown.by_norm else "Shares of a word’s attention"
    lines = f"; those under {percent(_THINNEST, 0)} of the darkest have no line" if shown.picture == LINES else ""
    return f"{unit}{lines}. {what_is_hidden(seen)}".strip()


def legend(looked: Looked, parts: tuple[Selection, ...]) -> list[str]:
    """Return what each of the chosen heads is, and does with this text."""
    from bertdemo.explanation.heads import describe

    habits = {Selection(each.layer, each.head): describe(each) for each in looked.statistics}
    return [f"{part.name} {habits[part]}" if part in habits else part.name for part in parts]


def of(looked: Looked, parts: tuple[Selection, ...], shown: Shown, units: tuple[Unit, ...]) -> Visible:
    """Return what is shown of each chosen head, between words or pieces."""
    values = computed.norms(looked) if shown.by_norm else looked.weights
    chosen = np.stack([part.of(values) for part in parts])
    return visible(aggregate_attention(chosen, units), units, shown.filters)


def head_data(seen: Visible, legend: list[str], by_norm: bool, word: str | None) -> dict[str, Any]:
    """Return what the browser needs to draw words and lines: a byte for each weight, deflated."""
    return {
        **_common(seen, by_norm),
        "packed": [packed(shades(weights, _largest(seen, by_norm))) for weights in seen.weights],
        "heads": legend,
        "thinnest": _THINNEST,
        "word": word if word and word.startswith(("from.", "at.")) else None,
        "hint": _HINT,
        "label": "Words and what they look at",
    }


def matrix_data(seen: Visible, legend: list[str], by_norm: bool, place: int) -> dict[str, Any]:
    """Return what the browser needs to draw one of the heads as a matrix."""
    return {
        **_common(seen, by_norm),
        "packed": [packed(shades(seen.weights[place], _largest(seen, by_norm)))],
        "heads": [legend[place]],
        "hint": "Point at a cell, or go to the matrix with Tab and use the arrow keys.",
        "label": "Matrix: rows look, columns are looked at",
    }


def _common(seen: Visible, by_norm: bool) -> dict[str, Any]:
    looking, looked_at = _words(seen.looking), _words(seen.looked_at)
    names = [word["id"] for word in (*looking, *looked_at)]
    largest = _largest(seen, by_norm)
    return {
        "from": looking, "at": looked_at, "shape": f"{names} {[word['text'] for word in looking]}",
        "largest": largest, "unit": "" if by_norm else "%",
    }  # fmt: skip


def _words(units: tuple[Unit, ...]) -> list[dict[str, Any]]:
    return [{"id": unit.tokens[0], "text": unit.text, "special": unit.special} for unit in units]


def _largest(seen: Visible, by_norm: bool) -> float:
    """Return what is drawn darkest: a weight of 1, or the longest vector that is moved."""
    return float(seen.weights.max()) if by_norm else 1.0


def _hear_word() -> None:
    selection.choose_word(components.heard("attention_head", "word"))


def _table(seen: Visible, parts: tuple[Selection, ...], by_norm: bool) -> None:
    """Draw all pairs of words, the largest first."""
    rows = pairs_of(seen, parts, by_norm)
    if len(rows) > _MOST_ROWS:
        st.caption(f"The {_MOST_ROWS} largest of {count(len(rows), 'pair')}.")
    st.dataframe(rows.head(_MOST_ROWS), hide_index=True, key="attention_rows")


def pairs_of(seen: Visible, parts: tuple[Selection, ...], by_norm: bool) -> pd.DataFrame:
    """Return rows of the table: who looks, at what, and how much of its attention (per cent) for each head."""
    import pandas as pd

    looking, looked_at = np.divmod(np.arange(seen.weights[0].size), len(seen.looked_at))
    table = pd.DataFrame({
        "looks": [seen.looking[row].text for row in looking],
        "at": [seen.looked_at[column].text for column in looked_at],
    })  # fmt: skip
    scale = 1.0 if by_norm else 100.0
    unit = "length" if by_norm else "%"
    for part, weights in zip(parts, seen.weights, strict=True):
        table[f"{part.name} ({unit})"] = np.round(scale * weights.ravel(), 3)
    return table.sort_values(list(table.columns[2:]), ascending=False, kind="stable")
