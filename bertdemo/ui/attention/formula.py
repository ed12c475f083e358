"""One head and one token under the glass: the numbers behind softmax(q·k / √d)·v."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.lines import distinct
from bertdemo.numbers import plain
from bertdemo.ui.attention import computed, export, selection
from bertdemo.ui.attention.selection import Selection
from bertdemo.ui.kit.figure import draw, numbers, picture
from bertdemo.ui.kit.formatting import percent, quoted, unescape

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.heads import HeadDetail
    from bertdemo.ui.attention.computed import Looked

_FIRST = "Choose a single head above: a mean of heads has no query and no key."


def show(looked: Looked, part: Selection) -> None:
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

    from bertdemo.charts.attention import vectors_chart

    places = np.arange(1, len(vectors[0][1]) + 1)
    with st.expander("Table and picture", type="compact", key="formula_vectors_table"):
        columns = dict(zip(("q", "k", "q ⊙ k", "handed on"), (values for _, values in vectors), strict=True))
        table = pd.DataFrame({"number": places, **columns})
        st.dataframe(table, hide_index=True, key="formula_vectors_rows", column_config=numbers(table))
        rows, of = long(vectors), f"{title} {export.about(looked)}"
        st.download_button(
            "Chart (PNG)", lambda: picture(of, rows, vectors_chart, tuple(rows["vector"].unique())),
            f"{looked.run_id}-attention-formula.png", "image/png", key="formula_png", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip


def long(vectors: list[tuple[str, NDArray[np.float32]]]) -> pd.DataFrame:
    """Return rows for ``vectors_chart``; the titles are Markdown."""
    import pandas as pd

    frames = [pd.DataFrame({"vector": unescape(title), "value": values.astype(float)}) for title, values in vectors]
    return pd.concat([frame.assign(number=frame.index + 1) for frame in frames])


def _vector(title: str, values: NDArray[np.float32], key: str) -> None:
    import pandas as pd

    from bertdemo.charts.attention import vector_chart

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
