"""The section of the report on slices: where the classifier is better and where it is worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import distinct, shorten
from bertdemo.runs.records import Run
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape, percent
from bertdemo.ui.report.rows import axis_start
from bertdemo.ui.report.sections import AnalysisSection

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
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
    lowest_of = (
        f"Lowest for {escape(division.by)} **{escape(worst.name)}**: {percent(worst.accuracy)} right on "
        f"{count(worst.n, 'text')}, against {percent(found.overall)} on all."
    )
    judged = f"(Fisher's exact test, Bonferroni for {found.compared} slices)."
    if found.p_value < _SIGNIFICANT:
        return f"{lowest_of} Luck hardly explains that {judged}"
    return f"{lowest_of} That may be luck {judged}"


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
