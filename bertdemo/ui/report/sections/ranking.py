"""The section of the report on ranking: how well scores order texts, label by label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import distinct, shorten
from bertdemo.runs.records import Run
from bertdemo.ui.kit.figure import draw, numbers
from bertdemo.ui.kit.formatting import escape, percent
from bertdemo.ui.report.sections import AnalysisSection

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.ranking import Curve, LabelRanking, Ranking

_MOST = 4  # lines that can be told apart


class RankingSection(AnalysisSection):
    """ROC and precision-recall curves."""

    title, key, icon, place = "How well does it rank?", "ranking", "leaderboard", 6

    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        ranking(analysis)


def ranking(known: Analysis) -> None:
    """Draw the curves of up to four labels, and the areas under those of all."""
    ranked = known.ranking
    if ranked is None:
        st.markdown("All test texts have the same label: there is nothing to rank.")
        return
    st.markdown(finding(ranked))
    labels = [each.label for each in ranked.labels]
    chosen = labels
    if len(labels) > _MOST:
        worst = [each.label for each in sorted(ranked.labels, key=lambda each: each.average_precision)]
        chosen = st.multiselect("Labels", labels, default=worst[:_MOST], max_selections=_MOST, key="ranked_labels")
    elif len(labels) == 2:
        chosen = labels[-1:]  # the other one's ROC curve is the same in a mirror
    if chosen:
        _curves([each for each in ranked.labels if each.label in chosen])
    _areas(ranked)


def finding(ranked: Ranking) -> str:
    """Return the mean area under the ROC curves as what it means, and the label that is ranked worst; Markdown."""
    said = (
        "Of a text of a label and another text, it gives the first the higher probability for that label in "
        f"**{percent(ranked.macro_auc)}** of cases (area under the ROC curve, mean over labels)."
    )
    if len(ranked.labels) <= 2:
        return said
    worst = min(ranked.labels, key=lambda each: each.average_precision)
    purity = percent(worst.average_precision)
    return f"{said} Hardest to find is **{escape(worst.label)}**, with an average precision of {purity}."


def roc_rows(named: Mapping[str, LabelRanking]) -> pd.DataFrame:
    """Return rows for ``roc_chart``."""
    return _rows({name: each.roc for name, each in named.items()}, "false_alarms", "found")


def precision_recall_rows(named: Mapping[str, LabelRanking]) -> pd.DataFrame:
    """Return rows for ``precision_recall_chart``."""
    return _rows({name: each.precision_recall for name, each in named.items()}, "recall", "precision")


def _rows(curves: Mapping[str, Curve], x: str, y: str) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (name, point, 100 * a, 100 * b)
        for name, curve in curves.items()
        for point, (a, b) in enumerate(zip(curve.x, curve.y, strict=True))
    ]
    return pd.DataFrame(rows, columns=["label", "point", x, y])


def _curves(ranked: list[LabelRanking]) -> None:
    from bertdemo.charts.report import precision_recall_chart, roc_chart

    names = tuple(distinct(shorten(each.label, 30) for each in ranked))
    named = dict(zip(names, ranked, strict=True))
    roc, precision_recall = roc_rows(named), precision_recall_rows(named)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Hits against false alarms** (ROC)")
        draw(roc, roc_chart, names, key="roc", alt="ROC curve of each label: texts found over false alarms")
    with right:
        st.markdown("**How pure is it?** (precision-recall)")
        said = "Precision-recall curve of each label"
        draw(precision_recall, precision_recall_chart, names, key="precision_recall", alt=said)
    with st.expander("Show as a table", type="compact", key="ranking_table"):
        for key, rows in (("roc_rows", roc), ("precision_recall_rows", precision_recall)):
            st.dataframe(rows, hide_index=True, key=key, height=200, column_config=numbers(rows))


def area_rows(ranked: Ranking) -> pd.DataFrame:
    """Return both areas of every label (per cent) with their intervals as words."""
    import pandas as pd

    rows = [
        (
            each.label,
            100 * each.auc,
            f"{100 * each.auc_interval.low:.1f} to {100 * each.auc_interval.high:.1f}",
            100 * each.average_precision,
            f"{100 * each.average_precision_interval.low:.1f} to {100 * each.average_precision_interval.high:.1f}",
            100 * each.share,
            each.positives,
        )
        for each in ranked.labels
    ]
    columns = ["label", "ROC area", "its interval", "average precision", "interval of that", "guessing", "texts"]
    return pd.DataFrame(rows, columns=columns)


def _areas(ranked: Ranking) -> None:
    number = st.column_config.NumberColumn
    names = ("ROC area", "average precision", "guessing")
    columns = {name: number(f"{name} (%)", format="%.1f") for name in names}
    st.dataframe(area_rows(ranked), hide_index=True, column_config=columns, key="areas", alt="Areas of every label")
    first = ranked.labels[0]
    st.caption(
        f"Guessing has a ROC area of 50 % and the average precision in the column “guessing”. 95 % intervals: "
        f"{escape(first.auc_interval.method)}; {escape(first.average_precision_interval.method)}."
    )
