"""From layer to layer: how much of each word may have reached what the classification head reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import Unit, sum_tokens_to_words, words_of
from bertdemo.lines import distinct, shorten
from bertdemo.ui.attention import computed, selection
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import listed, percent, quoted

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.ui.attention.computed import Looked

_ROLLOUT, _RELEVANCE = "rollout", "gradient"
WAYS = {_ROLLOUT: "Attention rollout", _RELEVANCE: "Weighted by the gradient"}
_ABOUT = {
    _ROLLOUT: "Attention rollout (Abnar & Zuidema 2020) multiplies the attention of the layers, heads averaged, half "
    "of each token staying where it is. It is the same for every label and ignores how large the moved vectors are.",
    _RELEVANCE: "Attention times its gradient with respect to the logit, the positive part, added up over the layers "
    "(Chefer et al. 2021): sizes without sign, so it does not tell what spoke for and what against the label.",
}


def show(looked: Looked) -> None:
    """Draw the chosen way, its finding, and a map of words and layers."""
    from bertdemo.charts.attention import by_layer_chart

    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = selection.one_of("way", WAYS, "How")
        target = _target(looked) if way == _RELEVANCE else None
    st.caption(_ABOUT[way])
    units = words_of(looked.tokenized)
    scores = computed.rollout(looked) if target is None else computed.relevance(looked, target)
    values = sum_tokens_to_words(scores, units)
    rows = rows_of(units, values)
    if not len(rows):
        st.info("There are only special tokens in this text.")
        return
    unit, note = "share" if target is None else "size", _note(units, values, looked, target is None)
    figure(
        title(units, values), rows, by_layer_chart, len(rows) // len(values), unit, key="attention_layers", note=note,
        alt=f"{WAYS[way]} of each word after each layer", table=_wide(rows),
    )  # fmt: skip


def _target(looked: Looked) -> int:
    """Return the label whose logit is explained: the answer, until a person chooses another."""
    names = looked.label_names
    label = st.selectbox(
        "For the label", names, index=looked.answer, format_func=lambda name: shorten(name, 40), key="relevant",
        label_visibility="collapsed", width=220, bind="query-params",
    )  # fmt: skip
    return names.index(label)


def rows_of(units: tuple[Unit, ...], values: NDArray[np.float64]) -> pd.DataFrame:
    """Return rows for ``by_layer_chart`` from (layers, units); special tokens are left out."""
    import pandas as pd

    words = [place for place, unit in enumerate(units) if not unit.special]
    names = distinct(shorten(units[place].text, 30) for place in words)
    largest = max(float(values[:, words].max(initial=0.0)), 1e-12)
    rows: list[tuple[Any, ...]] = [
        (name, layer + 1, value, value / largest)
        for name, place in zip(names, words, strict=True)
        for layer, value in enumerate(values[:, place].tolist())
    ]
    return pd.DataFrame(rows, columns=["word", "layer", "value", "size"])


def title(units: tuple[Unit, ...], values: NDArray[np.float64]) -> str:
    """Return the words that have most after the last layer, as Markdown."""
    ranked = sorted((place for place, unit in enumerate(units) if not unit.special), key=lambda p: -values[-1, p])
    best = listed([quoted(units[place].text) for place in ranked[:3]])
    return f"By this count, and apart from special tokens, most comes from {best}"


def _note(units: tuple[Unit, ...], values: NDArray[np.float64], looked: Looked, shares: bool) -> str:
    special = sum(float(values[-1, place]) for place, unit in enumerate(units) if unit.special)
    if not shares:
        return "Special tokens are left out. Sizes have no unit and compare within this text only."
    note = f"Special tokens are left out; after the last layer they hold {percent(special, 0)} of the whole."
    return f"{note} Heads that are switched off still look, and are counted here." if looked.off else note


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a word and one column a layer."""
    wide = rows.pivot_table(index="word", columns="layer", values="value", sort=False)
    wide.columns = [f"layer {layer}" for layer in wide.columns]
    return wide.reset_index()
