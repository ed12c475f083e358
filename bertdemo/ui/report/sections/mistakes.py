"""Where a classifier is good and where bad: by length, by label, by the columns of the data; and texts to read.

To read are the mistakes it was surest of, and the training rows whose label looks wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.data.tables.cells import safe_csv
from bertdemo.lines import distinct, shorten
from bertdemo.runs.records import Run
from bertdemo.ui.kit.figure import download, figure
from bertdemo.ui.kit.formatting import count, escape, percent
from bertdemo.ui.kit.texts import few_at_a_time, text_as_it_is, to_read
from bertdemo.ui.report.rows import axis_start
from bertdemo.ui.report.sections import AnalysisSection

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.mistakes import Example, Suspect, Suspects
    from bertdemo.evaluation.slices import Slices

_MOST = 20  # slices in one chart
_SIGNIFICANT = 0.05


class SlicesSection(AnalysisSection):
    """Accuracy by length, by label and by the columns of the data."""

    title, key, icon, place = "Where is it good, where bad?", "slices", "stacked_bar_chart", 3

    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        slices(analysis)


def slices(known: Analysis) -> None:
    """Draw one division of the test texts at a time."""
    divisions, lost = known.slices
    if lost:
        st.warning(escape(f"Without slices by length and by columns of the data: {lost}"))
    names = distinct(_name(each) for each in divisions)
    by_name = dict(zip(names, divisions, strict=True))
    chosen = st.segmented_control("Divide the test texts by", names, default=names[0], required=True, key="sliced_by")
    _division(by_name.get(chosen or names[0], divisions[0]))


def _name(division: Slices) -> str:
    return f"column {shorten(division.by, 30)}" if division.is_column else division.by


def _division(division: Slices) -> None:
    from bertdemo.charts.report import slice_chart

    st.markdown(finding(division))
    rows = slice_rows(division)
    drawn = rows.nlargest(_MOST, "texts").sort_index()
    small = " Pale: fewer than 30 texts, too few to conclude anything." if drawn["small"].any() else ""
    left_out = f" Drawn are the {_MOST} largest of {len(rows):,} slices." if len(rows) > _MOST else ""
    figure(
        f"How often is it right, by {escape(division.by)}?",
        drawn,
        slice_chart,
        len(drawn),
        axis_start(float(drawn["low"].min())),
        key="slice_chart",
        alt="Accuracy of each slice of the test texts with its 95 % interval, beside that of all",
        note=f"The dashed line is the accuracy on all test texts. Intervals are Wilson's.{small}{left_out}",
        table=rows.drop(columns=["words", "overall"]),
    )


def finding(division: Slices) -> str:
    """Return the worst slice that is large enough, and whether that can be luck; Markdown."""
    from bertdemo.evaluation.slices import lowest

    found = lowest(division)
    if found is None:
        return "There are not two slices of at least 30 texts to compare."
    worst = found.slice
    luck = "luck hardly explains that" if found.p_value < _SIGNIFICANT else "that may be luck"
    return (
        f"Lowest for {escape(division.by)} **{escape(worst.name)}**: {percent(worst.accuracy)} right on "
        f"{count(worst.n, 'text')}, against {percent(found.overall)} on all. As the lowest of {found.compared} slices, "
        f"{luck} (Fisher's exact test, Bonferroni)."
    )


def _overall(division: Slices) -> float:
    return sum(each.right for each in division.slices) / max(1, sum(each.n for each in division.slices))


def slice_rows(division: Slices) -> pd.DataFrame:
    """Return rows for ``slice_chart``."""
    import pandas as pd

    overall = 100 * _overall(division)
    names = distinct(shorten(each.name, 60) for each in division.slices)
    rows = [
        (
            name,
            *(100 * share for share in (each.accuracy, each.accuracy_interval.low, each.accuracy_interval.high)),
            each.n,
            each.is_small,
            overall,
            f"{100 * each.accuracy:.1f}, {count(each.n, 'text')}",
        )
        for name, each in zip(names, division.slices, strict=True)
    ]
    columns = ["slice", "accuracy", "low", "high", "texts", "small", "overall", "words"]
    return pd.DataFrame(rows, columns=columns)


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
