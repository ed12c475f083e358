"""In which layer does what a word contributes stand where?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.lines import distinct, shorten, signed
from bertdemo.ui.explain.methods import BASELINE_NAMES, key_of
from bertdemo.ui.kit.background import Bar, result_of
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.layers import LayerAttribution
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.explained_text import Subject

_MOST_WORDS = 30  # rows of the map
_GLYPH_FROM = 0.08  # of the largest score
_LONGEST = 18  # characters of a word beside its row


def show(subject: Subject, choice: Choice) -> None:
    """Draw a map of words by layers."""
    from bertdemo.charts.one_text import layer_chart

    found = result_of(
        (*key_of(subject, choice), "layers"),
        "Following the words through the layers…",
        lambda bar: _conductance(subject, choice, bar),
    )
    rows = layer_rows(found)
    figure(
        finding(found),
        rows,
        layer_chart,
        rows["word"].nunique(),
        key="by_layer",
        alt="Score of each word (rows) after each layer (columns)",
        note=_note(found),
        table=_wide(rows),
    )
    left = len(found.tokenized.words) - _MOST_WORDS
    if left > 0:
        st.caption(f"The {_MOST_WORDS} words with the largest scores; {count(left, 'other word')} left out.")


def _conductance(subject: Subject, choice: Choice, bar: Bar) -> LayerAttribution:
    from bertdemo.explanation.layers import layer_conductance

    return layer_conductance(
        subject.classifier, subject.tokenized, choice.target, choice.against, baseline=choice.baseline, should_stop=bar
    )


def finding(found: LayerAttribution) -> str:
    """Return where most of what moves the answer stands as the text passes through the layers, as Markdown."""
    marks = np.abs(found.other) > np.abs(found.word_scores).sum(axis=1)  # (layers + 1,), from before the first layer
    words = np.flatnonzero(~marks)
    if not len(words):
        return "Most of the evidence sits at the special tokens, from the first layer to the last"
    if (last := int(words[-1])) == len(marks) - 1:
        return "Most of the evidence sits at the words, up to the last layer"
    return f"Most of the evidence sits at the special tokens from layer {last + 1} on"


def layer_rows(found: LayerAttribution) -> pd.DataFrame:
    """Return rows for ``layer_chart``: the strongest words in the order of the text, then the special tokens."""
    import pandas as pd

    scores = np.concatenate([found.word_scores, found.other[:, None]], axis=1)  # (layers + 1, words + 1)
    words = len(found.tokenized.words)
    strongest = np.argsort(-np.abs(found.word_scores).max(axis=0), kind="stable")[:_MOST_WORDS]
    chosen = [*sorted(strongest.tolist()), words]
    texts = [*(word.text for word in found.tokenized.words), "special tokens"]
    names = distinct(shorten(texts[place], _LONGEST) for place in chosen)
    largest = float(np.abs(scores[:, chosen]).max()) or 1.0
    rows = [
        (name, "in" if layer == 0 else str(layer), value, abs(value) / largest, *_look(value / largest))
        for name, place in zip(names, chosen, strict=True)
        for layer, value in enumerate(scores[:, place].tolist())
    ]
    return pd.DataFrame(rows, columns=["word", "layer", "score", "size", "role", "glyph"])


def _look(share: float) -> tuple[str, str]:
    glyph = "" if abs(share) < _GLYPH_FROM else "+" if share > 0 else "\u2212"
    return "blue" if share >= 0 else "orange", glyph


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    table: pd.DataFrame = rows.pivot_table(index="word", columns="layer", values="score", sort=False).round(3)
    return table.reset_index()


def _note(found: LayerAttribution) -> str:
    worst = float(np.abs(found.remainders).max())
    return (
        "Layer conductance (Dhamdhere et al., 2019): “in” is before the first layer. Each column adds up to what is "
        f"explained ({signed(found.difference)} logits), but for at most {worst:.3f}. What a word brings moves on to "
        "other places; behind the last layer all of it stands where the head reads. Baseline "
        f"{BASELINE_NAMES[found.baseline]}, {found.n_steps} steps. Blue (+) increases the score, "
        "orange (\u2212) decreases it."
    )
