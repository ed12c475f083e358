"""Do other methods, or other baselines, say the same? Side by side, with rank correlations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.explanation import tinting
from bertdemo.lines import plain
from bertdemo.ui.explain import methods, sentences
from bertdemo.ui.explain.methods import BASELINE_NAMES, SHORT_BASELINE_NAMES, Choice
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from bertdemo.explanation.agreement import Agreement
    from bertdemo.explanation.attribution import Attribution
    from bertdemo.ui.kit.prediction import Subject

METHODS, BASELINES = KINDS = ("Other methods", "Other baselines")
_MOST_WORDS = 60  # of a text that is drawn once for each method


def show(subject: Subject, choice: Choice) -> None:
    """Explain the same answer in several ways and tell how far they agree."""
    from bertdemo.explanation.agreement import agree
    from bertdemo.explanation.methods import METHODS as ALL

    kind = st.radio("What differs", KINDS, key="agreement_kind", horizontal=True, label_visibility="collapsed")
    ways = _methods(subject, choice) if kind == METHODS else _baselines(choice)
    found = dict(zip(ways, methods.attributions(subject, list(ways.values())), strict=True))
    agreement = agree(list(found.values()))
    rows = agreement_rows(tuple(found), agreement)
    from bertdemo.charts.one_text import agreement_chart

    figure(
        escape(agreement.sentence),
        rows,
        agreement_chart,
        len(found),
        key="agreement_pairs",
        alt="Rank correlation of each pair of explanations",
        note="Spearman's rank correlation of word scores: 1 is the same order, 0 none in common; “all alike” where one "
        "of the two gives every word the same score. With a method that has no signs, sizes are compared.",
        table=shared_rows(tuple(found), agreement),
    )
    if len(subject.tokenized.words) <= _MOST_WORDS:
        _side_by_side(found)
    three = {
        name: st.column_config.NumberColumn(format="%+.3f" if each.signed else "%.3f") for name, each in found.items()
    }
    st.dataframe(
        score_table(found), hide_index=True, key="agreement_scores", alt="Scores of every word by each way",
        column_config=three,
    )  # fmt: skip
    if kind == METHODS:
        held = ALL[choice.method]
        st.caption(
            f"All with the baseline {BASELINE_NAMES[choice.baseline]}, where they need one. Methods with samples use "
            "the same random numbers each time." + ("" if held.needs_baseline else f" {held.name} needs none.")
        )
    else:
        st.caption("“Mean” is over PAD, MASK and zero: the scores from each of them, averaged.")


def _methods(subject: Subject, choice: Choice) -> dict[str, Choice]:
    from bertdemo.explanation.methods import METHODS as ALL

    offered = {name: method for name, method in ALL.items() if method.why_not(subject.classifier) is None}
    return {method.name: replace(choice, method=name) for name, method in offered.items()}


def _baselines(choice: Choice) -> dict[str, Choice]:
    """With the method that was chosen, or integrated gradients where that one needs no baseline."""
    from bertdemo.explanation.methods import METHODS as ALL

    method = choice.method if ALL[choice.method].needs_baseline else methods.DEFAULT_METHOD
    return {words: Choice(choice.target, choice.against, method, name) for name, words in SHORT_BASELINE_NAMES.items()}


def _side_by_side(found: Mapping[str, Attribution]) -> None:
    for number, (name, each) in enumerate(found.items()):
        with st.container(gap=None, key=f"agreement_{number}"):
            st.markdown(f":small[**{escape(name)}**]")
            sentences.show_tinted(
                tinting.words(each.tokenized, each.word_scores, signed=each.signed),
                key=f"strip_agreement_{number}",
                label=f"The text, tinted by {name}",
            )


def agreement_rows(names: tuple[str, ...], agreement: Agreement) -> pd.DataFrame:
    """Return rows for ``agreement_chart``: every pair, both ways."""
    import pandas as pd

    rows = []
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            value = float(agreement.correlations[i, j])
            known = not np.isnan(value)
            words = plain(value) if known else "all alike"
            role = "grey" if not known else "blue" if value >= 0 else "orange"
            rows.append((one, other, value if known else None, abs(value) if known else 0.0, role, words))
    return pd.DataFrame(rows, columns=["one", "other", "correlation", "size", "role", "words"])


def shared_rows(names: tuple[str, ...], agreement: Agreement) -> pd.DataFrame:
    """Return each pair once, with its correlation and the share of the three largest scores that both have (%)."""
    import pandas as pd

    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    return pd.DataFrame(
        {
            "one": [names[i] for i, _ in pairs],
            "other": [names[j] for _, j in pairs],
            "rank correlation": [agreement.correlations[i, j] for i, j in pairs],
            "same words among the first 3 (%)": [100 * agreement.shared[i, j] for i, j in pairs],
        }
    )


def score_table(found: Mapping[str, Attribution]) -> pd.DataFrame:
    """Return words in the order of the text, with a column of scores for each way."""
    import pandas as pd

    tokenized = next(iter(found.values())).tokenized
    scores = {name: each.word_scores.round(4) for name, each in found.items()}
    return pd.DataFrame({"word": [word.text for word in tokenized.words], **scores})
