"""Erasing words: curves against random orders, ERASER's two figures, and whether scores foretell and are steady."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.charts.names import ORDERS
from bertdemo.ui.explain import methods
from bertdemo.ui.explain.methods import key_of
from bertdemo.ui.explain.sentences import output
from bertdemo.ui.kit.background import Bar, result_of
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, percent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bertdemo.explanation.faithfulness import Curve, Erasure, Faithfulness
    from bertdemo.explanation.infidelity import Infidelity, Sensitivity
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.explained_text import Subject


def show(subject: Subject, choice: Choice) -> None:
    """Draw deletion and insertion curves with their verdict, then comprehensiveness and sufficiency."""
    from bertdemo.explanation import faithfulness

    given = methods.attribution(subject, choice)
    found = result_of(
        (*key_of(subject, choice), "curves"),
        "Masking words, by the scores and in random orders…",
        lambda bar: _faithfulness(subject, choice, given.word_scores, bar),
    )
    st.markdown(f"**{found.verdict}**")
    unit = "Logit" if choice.against is None else "Margin of the logits"
    for curve, across, key, note in (
        (found.deletion, "Words masked (%)", "deletion", faithfulness.DELETION),
        (found.insertion, "Words present (%)", "insertion", faithfulness.INSERTION),
    ):
        title = finding(curve, found.orders, output(given, subject.labels))
        _curve(curve, title, across, unit, key, note)
    st.caption(
        f"{faithfulness.LIMIT_OF_CURVES} The band holds one more random order at any one point with a probability of "
        f"{percent(found.coverage, 0)}. {count(found.calls, 'text')} asked."
    )
    with st.container(horizontal=True, gap="medium", key="eraser"):
        _erasure("Comprehensiveness", found.comprehensiveness, faithfulness.COMPREHENSIVENESS)
        _erasure("Sufficiency", found.sufficiency, faithfulness.SUFFICIENCY)
    st.caption(faithfulness.LIMIT_OF_ERASER)


def _faithfulness(subject: Subject, choice: Choice, scores: NDArray[np.float64], bar: Bar) -> Faithfulness:
    from bertdemo.explanation.faithfulness import faithfulness

    return faithfulness(subject.classifier, subject.tokenized, scores, choice.target, choice.against, should_stop=bar)


def _curve(curve: Curve, title: str, across: str, up: str, key: str, note: str) -> None:
    from bertdemo.charts.faithfulness import erasing_chart

    figure(
        title,
        curve_rows(curve),
        erasing_chart,
        across,
        up,
        key=key,
        alt=f"{up} by {across.lower()}, in the order of the scores and in random orders with their band",
        note=note,
    )


def finding(curve: Curve, orders: int, followed: str) -> str:
    """Return what the curve of an output shows, in a few words; Markdown."""
    what = "falls as words are masked" if curve.falls else "rises as words come back"
    return f"{followed[0].upper()}{followed[1:]} {what}: sooner than in {curve.better_than} of {orders} random orders"


def curve_rows(curve: Curve) -> pd.DataFrame:
    """Return rows for ``erasing_chart``."""
    import pandas as pd

    shares = 100 * curve.shares
    ours = pd.DataFrame({"share": shares, "value": curve.ours, "low": math.nan, "high": math.nan, "series": ORDERS[0]})
    random = pd.DataFrame(
        {"share": shares, "value": curve.middle, "low": curve.low, "high": curve.high, "series": ORDERS[1]}
    )
    return pd.concat([ours.astype({"low": float, "high": float}), random], ignore_index=True)


def _erasure(name: str, erasure: Erasure, about: str) -> None:
    with st.container(width=300, gap=None):
        st.metric(name, f"{erasure.ours:.3f}")
        st.caption(f"in random orders {erasure.random:.3f}  \n{about}")


def steady(subject: Subject, choice: Choice) -> None:
    """Draw infidelity and sensitivity, as Captum computes them."""
    from bertdemo.explanation import infidelity

    scores = methods.attribution(subject, choice).word_scores
    foretold, moved = result_of(
        (*key_of(subject, choice), "steady"),
        "Masking random words, then shifting the token embeddings a little…",
        lambda bar: _steady(subject, choice, scores, bar),
    )
    with st.container(horizontal=True, gap="medium", key="steady_figures"):
        _figure("Infidelity", percent(foretold.share), infidelity.INFIDELITY, infidelity.LIMIT_OF_INFIDELITY)
        _figure("Sensitivity", percent(moved.value), infidelity.SENSITIVITY, infidelity.LIMIT_OF_SENSITIVITY)
    st.caption(
        f"Both from Captum. Infidelity over {foretold.samples} sets of words ({foretold.value:.4f} squared logits); "
        f"sensitivity over {moved.samples} shifts of at most {moved.radius:.3g} in each coordinate."
    )


def _steady(subject: Subject, choice: Choice, scores: NDArray[np.float64], bar: Bar) -> tuple[Infidelity, Sensitivity]:
    from bertdemo.explanation.infidelity import infidelity, sensitivity

    foretold = infidelity(subject.classifier, subject.tokenized, scores, choice.target, choice.against, should_stop=bar)
    explain = methods.explain(choice)
    return foretold, sensitivity(subject.classifier, subject.tokenized, explain, should_stop=bar)


def _figure(name: str, value: str, *about: Any) -> None:
    with st.container(width=300, gap=None):
        st.metric(name, value)
        st.caption("  \n".join(about))
