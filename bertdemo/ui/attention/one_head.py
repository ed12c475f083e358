"""Heads word by word: words left and right with lines between them, or the same as a matrix; and as a table.

For one head and one token, the numbers behind softmax(q·k / √d)·v.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import Unit, aggregate_attention, tokens_of, words_of
from bertdemo.lines import distinct, plain
from bertdemo.ui.attention import computed, pictures, selection
from bertdemo.ui.attention.pictures import packed, shades
from bertdemo.ui.attention.selection import LINES, MATRIX, Selection, Shown, Visible, visible, what_is_hidden
from bertdemo.ui.kit.figure import download, draw, numbers, picture
from bertdemo.ui.kit.formatting import count, percent, quoted, unescape

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.heads import HeadDetail
    from bertdemo.ui.attention.computed import Looked

_THINNEST = 0.01  # of what is drawn darkest: smaller weights are not worth a line
_MOST_ROWS = 500  # of the table
_HINT = "Point at a word, or go there with Tab and the arrow keys: left is what looks, right what is looked at."
_FIRST = "Choose a single head above: a mean of heads has no query and no key."


def show(looked: Looked, parts: tuple[Selection, ...], shown: Shown) -> None:
    """Draw the chosen heads, say what is hidden, and offer the numbers."""
    units = tokens_of(looked.tokenized) if shown.tokens else words_of(looked.tokenized)
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
        pictures.draw("head", data, "attention_head", file, on_word_change=_hear_word)
    st.caption(note)
    with st.expander("Show as a table", type="compact", key="attention_table", on_change="rerun") as box:
        if box.open:
            _table(seen, parts, shown.by_norm)


def _matrices(
    looked: Looked, parts: tuple[Selection, ...], shown: Shown, seen: Visible, told: list[str], note: str
) -> None:
    for place, part in enumerate(parts):
        what, how = f"the matrix: {part.name}", f"Rows look, columns are looked at. {note}"
        file = pictures.file_of(looked, what, f"matrix-{part.code}", told[place], how)
        data = matrix_data(seen, told, shown.by_norm, place)
        pictures.draw("matrix", data, f"attention_matrix_{place}", file)


def lines_file(looked: Looked, parts: tuple[Selection, ...], told: list[str], note: str) -> dict[str, Any]:
    """Return what the file of words and lines needs beside its data."""
    title = told[0] if len(told) == 1 else f"Where {len(told)} heads look"
    name, how = "-".join(part.code for part in parts), f"Left is what looks, right what is looked at. {note}"
    return pictures.file_of(looked, "words and lines", f"words-{name}", title, how)


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
    """Return what is shown of each chosen head, between words or tokens."""
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
    selection.choose_word(pictures.heard("attention_head", "word"))


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


def show_formula(looked: Looked, part: Selection) -> None:
    """Draw query, keys, scores, softmax and values of one head for one token."""
    if part.layer is None or part.head is None:
        st.info(_FIRST)
        return
    names = token_names(looked)
    left, right = st.columns(2)
    with left:
        token = _looking(looked, names)
    near = computed.closeup(looked, part.layer, part.head, token)
    with right:
        other = _looked_at(near, names, (looked.key, part, token))
    width = len(near.query)
    st.latex(rf"\mathrm{{softmax}}\!\left(\frac{{q\,K^{{\top}}}}{{\sqrt{{{width}}}}}\right)V")
    told = sentence(near, names, token, other)
    st.markdown(told)
    vectors = vectors_of(near, names, token, other)
    for place, (title, values) in enumerate(vectors[:-1]):
        _vector(title, values, f"formula_vector_{place}")
    _table_and_picture(looked, f"{part.name}: {unescape(told.replace('**', ''))}", vectors)
    st.markdown("**Every token that is looked at**")
    st.dataframe(table(near, names), hide_index=True, key="formula_rows", column_config=_columns(near))
    _vector(*vectors[-1], "formula_output")


def token_names(looked: Looked) -> list[str]:
    """Return every token as in the vocabulary, with its place where it comes twice."""
    return distinct(token.text for token in looked.tokenized.tokens)


def _looking(looked: Looked, names: list[str]) -> int:
    st.session_state["formula_token"] = _token(looked)
    return st.selectbox(
        "The token that looks", range(len(names)), format_func=names.__getitem__, key="formula_token",
        on_change=lambda: selection.choose_word(f"from.{st.session_state['formula_token']}"),
    )  # fmt: skip


def _looked_at(near: HeadDetail, names: list[str], case: tuple[object, ...]) -> int:
    """In each new case the token with the most attention, until a person chooses another."""
    if st.session_state.get("formula_case") != case:
        st.session_state["formula_case"], st.session_state["formula_other"] = case, int(near.weights.argmax())
    return st.selectbox(
        "The token that is looked at", range(len(names)), format_func=names.__getitem__, key="formula_other"
    )


def _token(looked: Looked) -> int:
    """Return the token that the address names, or the first of the text."""
    place = (selection.word() or "").rpartition(".")[2]
    return int(place) if place else min(1, len(looked.tokenized) - 1)


def sentence(near: HeadDetail, names: list[str], token: int, other: int) -> str:
    """Write the way from the two vectors to the weight, in numbers, as Markdown."""
    asks, answers = (quoted(names[place]) for place in (token, other))
    product = float(near.products[other].sum())
    return (
        f"The query of {asks} times the key of {answers} is **{plain(product)}**; divided by √{len(near.query)} = "
        f"{near.scale:.2f} it is the score **{plain(float(near.scores[other]))}**; the softmax over all "
        f"{len(names)} scores makes it **{percent(float(near.weights[other]))}** of the attention."
    )


def vectors_of(near: HeadDetail, names: list[str], token: int, other: int) -> list[tuple[str, NDArray[np.float32]]]:
    """Return query, key, their products number by number, and the output of the head, with titles in Markdown."""
    return [
        (f"q, the query of {quoted(names[token])}", near.query),
        (f"k, the key of {quoted(names[other])}", near.keys[other]),
        ("q ⊙ k, number by number: their sum is q·k", near.products[other]),
        ("The output of the head: the sum of the weighted values", near.output),
    ]


def _table_and_picture(looked: Looked, title: str, vectors: list[tuple[str, NDArray[np.float32]]]) -> None:
    import pandas as pd

    from bertdemo.charts.one_text import vectors_chart

    places = np.arange(1, len(vectors[0][1]) + 1)
    with st.expander("Table and picture", type="compact", key="formula_vectors_table"):
        columns = dict(zip(("q", "k", "q ⊙ k", "handed on"), (values for _, values in vectors), strict=True))
        table = pd.DataFrame({"number": places, **columns})
        st.dataframe(table, hide_index=True, key="formula_vectors_rows", column_config=numbers(table))
        rows, of = long(vectors), f"{title} {pictures.about(looked)}"
        drawn = partial(picture, of, rows, vectors_chart, tuple(rows["vector"].unique()))
        download("Chart (PNG)", drawn, f"{looked.run_id}-attention-formula.png", key="formula_png")


def long(vectors: list[tuple[str, NDArray[np.float32]]]) -> pd.DataFrame:
    """Return rows for ``vectors_chart``; the titles are Markdown."""
    import pandas as pd

    frames = [pd.DataFrame({"vector": unescape(title), "value": values.astype(float)}) for title, values in vectors]
    return pd.concat([frame.assign(number=frame.index + 1) for frame in frames])


def _vector(title: str, values: NDArray[np.float32], key: str) -> None:
    import pandas as pd

    from bertdemo.charts.one_text import vector_chart

    st.markdown(f"**{title}**")
    rows = pd.DataFrame({"number": np.arange(1, len(values) + 1), "value": values.astype(float)})
    draw(rows, vector_chart, key=key, alt=f"{title}: {len(values)} numbers as bars")


def table(near: HeadDetail, names: list[str]) -> pd.DataFrame:
    """Return one row a token that is looked at, the most looked at first."""
    import pandas as pd

    rows = pd.DataFrame({
        "token": names,
        "q·k": near.products.sum(axis=1).astype(float),
        "score": near.scores.astype(float),
        "weight (%)": 100 * near.weights.astype(float),
        "length of weight × v": np.linalg.norm(near.weighted, axis=1).astype(float),
        "k": near.keys.astype(float).round(3).tolist(),
        "v": near.values.astype(float).round(3).tolist(),
    })  # fmt: skip
    return rows.sort_values("weight (%)", ascending=False, kind="stable")


def _columns(near: HeadDetail) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "q·k": number(format="%.2f"),
        "score": number("÷ √d", format="%.2f"),
        "weight (%)": st.column_config.ProgressColumn("softmax (%)", format="%.1f", min_value=0, max_value=100),
        "length of weight × v": number(format="%.3f"),
        "k": st.column_config.BarChartColumn("k", y_min=float(near.keys.min()), y_max=float(near.keys.max())),
        "v": st.column_config.BarChartColumn("v", y_min=float(near.values.min()), y_max=float(near.values.max())),
    }
