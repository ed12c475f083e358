"""Texts to read: the mistakes the classifier was surest of, and the training rows whose label looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.data.tables.cells import safe_csv
from bertdemo.runs.records import Run
from bertdemo.ui.kit.figure import download
from bertdemo.ui.kit.formatting import count, escape, percent
from bertdemo.ui.kit.texts import few_at_a_time, text_as_it_is, to_read
from bertdemo.ui.report.sections import AnalysisSection

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.mistakes import Example, Suspect, Suspects


class MistakesSection(AnalysisSection):
    """The wrong answers on the test texts."""

    title, key, icon, place = "Which mistakes was it surest of?", "mistakes", "error", 4

    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        mistakes(run, analysis)


class SuspectsSection(AnalysisSection):
    """Training texts whose label looks wrong."""

    title, key, icon, place = "Which training rows look mislabelled?", "suspects", "label_off", 5

    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        suspects(run, analysis)


def mistakes(run: Run, known: Analysis) -> None:
    """Draw the wrong answers on the test texts, the most confident first."""
    errors = known.errors
    if not errors:
        st.markdown("It made no mistake on the test texts.")
        return
    sure = sum(each.confidence >= 0.9 for each in errors)
    st.markdown(
        f"It is wrong on {count(len(errors), 'test text')}, and on **{sure:,}** of these at least 90\u00a0% sure. "
        "The surest come first: read whether the answer is wrong, or the label."
    )
    to_read(errors, key=f"mistakes_{run.id}")
    download(
        "Download all mistakes", lambda: safe_csv(error_rows(errors)), f"{run.id}-mistakes.csv", key="mistakes_csv"
    )


def error_rows(errors: Sequence[Example]) -> pd.DataFrame:
    """Return one row a mistake, as it is downloaded."""
    import pandas as pd

    rows = [
        (each.text, each.pair, each.truth, each.predicted, each.confidence, each.probability_of_truth)
        for each in errors
    ]
    columns = ["text", "pair", "label", "predicted_label", "confidence", "probability_of_label"]
    return _without_empty_pair(pd.DataFrame(rows, columns=columns))


def suspects(run: Run, known: Analysis) -> None:
    """Draw training texts that another model, which never saw their labels, would have labelled differently."""
    with st.spinner("A bag-of-words model predicts every training text without having seen its label…"):
        found = known.suspects
    if not found.suspects:
        st.markdown(f"None of the {count(found.judged, 'training text')} looks mislabelled.")
        _method(found)
        return
    st.markdown(
        f"**{found.n:,}** of {count(found.judged, 'training text')} look as if they had the wrong label, the most "
        "suspect first. That is a reason to read them and no proof: the check uses word counts only."
    )
    few_at_a_time(found.suspects, _suspect, key=f"suspects_{run.id}")
    listed = count(len(found.suspects), "row")
    download(f"Download {listed}", lambda: safe_csv(suspect_rows(found)), f"{run.id}-suspects.csv", key="suspects_csv")
    _method(found)


def _suspect(suspect: Suspect) -> None:
    with st.container(border=True, gap=None):
        st.caption(
            f"Labelled **{escape(suspect.label)}** ({percent(suspect.probability_of_label, 0)} by the check), "
            f"looks like **{escape(suspect.suggested)}** ({percent(suspect.probability_of_suggested, 0)})"
        )
        text_as_it_is(suspect.text, suspect.pair)


def suspect_rows(found: Suspects) -> pd.DataFrame:
    """Return one row a suspect, as it is downloaded; ``row`` counts from 0 in the cleaned data."""
    import pandas as pd

    rows = [
        (
            each.row,
            each.text,
            each.pair,
            each.label,
            each.suggested,
            each.probability_of_label,
            each.probability_of_suggested,
        )
        for each in found.suspects
    ]
    columns = ["row", "text", "pair", "label", "suggested", "probability_of_label", "probability_of_suggested"]
    return _without_empty_pair(pd.DataFrame(rows, columns=columns))


def _without_empty_pair(frame: pd.DataFrame) -> pd.DataFrame:
    return frame if frame["pair"].notna().any() else frame.drop(columns="pair")


def _method(found: Suspects) -> None:
    st.caption(f"Method: {escape(found.method)}.")
