"""How far probabilities may be trusted: calibration, what it brings to abstain, and how well they rank the texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.charts.palette import CERTAINTY, THRESHOLDED
from bertdemo.evaluation.report import Interval
from bertdemo.lines import distinct, shorten
from bertdemo.runs.records import Run
from bertdemo.ui.kit.figure import draw, figure, numbers
from bertdemo.ui.kit.formatting import count, escape, percent
from bertdemo.ui.report.rows import axis_start
from bertdemo.ui.report.sections import AnalysisSection

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.calibration import AtThreshold, Bin, Calibration, Coverage
    from bertdemo.evaluation.ranking import Curve, LabelRanking, Ranking

_TOLERATED = 0.01  # between certainty and accuracy, before anybody is called too sure
_FEW = 30  # texts; the interval of a smaller bin says little
_MOST = 4  # lines that can be told apart


class Certainty(AnalysisSection):
    """Whether its probabilities mean what they say."""

    title, key, icon, place = "How sure may I be of an answer?", "certainty", "balance", 1

    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        certainty(analysis)


class Abstaining(AnalysisSection):
    """What accuracy and coverage a threshold gives."""

    title, key, icon, place = "What if it may say “not sure”?", "not_sure", "front_hand", 2

    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        abstaining(analysis)


def certainty(known: Analysis) -> None:
    """Draw whether its probabilities mean what they say."""
    now, before = known.calibration, known.uncalibrated
    st.markdown(balance(now))
    with st.container(horizontal=True, key="calibration_figures", gap="small"):
        ece = "Mean gap between certainty and accuracy, over bins of certainty; 0 is best"
        _score("Calibration error", percent(now.ece), now.ece_interval, f"{ece}: {now.estimator}.", 100)
        brier = "Mean squared distance of all probabilities from the truth; 0 is best, 2 worst."
        _score("Brier score", f"{now.brier:.3f}", now.brier_interval, brier, 1)
        loss = "Mean negative log probability of the true label, in nats; 0 is best."
        _score("Log loss", f"{now.nll:.3f}", now.nll_interval, loss, 1)
    rows = reliability_rows([now] if known.temperature == 1 else [now, before])
    _reliability(rows, scaling(known.temperature, before))
    _histogram(now)


def balance(calibration: Calibration) -> str:
    """Return whether it is as sure as it is right, in a sentence."""
    gap = calibration.confidence - calibration.accuracy
    kind = "as sure as it is right" if abs(gap) < _TOLERATED else "too sure" if gap > 0 else "better than it says"
    return (
        f"It is {percent(calibration.confidence)} sure and {percent(calibration.accuracy)} right: on average "
        f"**{kind}**. The average gap is {100 * calibration.ece:.1f} points; with {count(calibration.n, 'text')} a "
        f"perfectly calibrated model would show about {100 * calibration.ece_by_chance:.1f} by chance."
    )


def scaling(temperature: float, before: Calibration) -> str:
    """Return what temperature scaling did, in Markdown."""
    if temperature == 1:
        return "No temperature scaling: on the validation texts it would not have lowered the log loss."
    return (
        f"Its logits are divided by {temperature:.2f}, the temperature that fits the validation texts; the labels stay "
        f"the same. Without that, the calibration error on these test texts would be {percent(before.ece)} and the log "
        f"loss {before.nll:.3f}."
    )


def reliability_rows(calibrations: Sequence[Calibration]) -> pd.DataFrame:
    """Return rows for ``reliability_chart``: one for each bin with texts."""
    import pandas as pd

    rows = [
        (name, *(100 * share for share in _shares(each)), each.count, each.count < _FEW)
        for name, calibration in zip(CERTAINTY, calibrations, strict=False)
        for each in calibration.bins
    ]
    return pd.DataFrame(rows, columns=["series", "confidence", "accuracy", "low", "high", "texts", "small"])


def _shares(each: Bin) -> tuple[float, float, float, float]:
    return each.confidence, each.accuracy, *_ends(each.accuracy_interval)


def _reliability(rows: pd.DataFrame, note: str) -> None:
    from bertdemo.charts.report import reliability_chart

    figure(
        "Is its confidence justified?",
        rows,
        reliability_chart,
        CERTAINTY[: rows["series"].nunique()],
        axis_start(min(rows["confidence"].min(), rows["low"].min())),
        key="reliability",
        alt="Reliability diagram: accuracy over certainty in bins, with 95 % intervals and the diagonal",
        note=f"Below the diagonal it is too sure. Pale: fewer than {_FEW} texts. {note}",
    )


def _histogram(calibration: Calibration) -> None:
    import pandas as pd

    from bertdemo.charts.report import certainty_chart

    rows = [(100 * each.low, 100 * each.high, each.count) for each in calibration.bins]
    figure(
        "How confident are its answers?",
        pd.DataFrame(rows, columns=["start", "end", "texts"]),
        certainty_chart,
        key="certainties",
        alt="Histogram of the certainty of its answers on the test texts",
    )


def abstaining(known: Analysis) -> None:
    """Draw what accuracy and coverage a threshold gives."""
    chosen = st.slider(
        "It answers only when it is at least so sure",
        *(_lowest(known), 99),
        value=max(_lowest(known), 80),
        format="%d %%",
        key="abstain",
    )
    st.markdown(threshold_sentence(known.coverage.at(chosen / 100)))
    from bertdemo.charts.report import threshold_chart

    figure(
        "What does it cost to be surer?",
        threshold_rows(known.coverage, _lowest(known), chosen),
        threshold_chart,
        key="thresholds",
        alt="Accuracy among the answered texts and share of answered texts for each threshold of certainty",
        note="Shaded: 95 % Wilson intervals. The point is the chosen threshold.",
    )


def threshold_sentence(at: AtThreshold) -> str:
    """Return what answering only above a threshold gives, in Markdown."""
    if at.accuracy is None or at.accuracy_interval is None:
        return f"It is never {percent(at.threshold, 0)} sure of a test text: it would answer none."
    low, high = (percent(end) for end in _ends(at.accuracy_interval))
    return (
        f"Then it answers **{percent(at.coverage)}** of the {count(at.n, 'test text')} and is right on "
        f"**{percent(at.accuracy)}** of these (95 % interval {low} to {high}); to the others it says “not sure”."
    )


def threshold_rows(coverage: Coverage, lowest: int, chosen: int) -> pd.DataFrame:
    """Return rows for ``threshold_chart``, one for each per cent; where nothing is answered, there is no accuracy."""
    import pandas as pd

    rows = []
    for threshold in range(lowest, 100):
        at = coverage.at(threshold / 100)
        if at.accuracy is not None and at.accuracy_interval is not None:
            rows.append((threshold, at.accuracy, *_ends(at.accuracy_interval), THRESHOLDED[0], threshold == chosen))
        rows.append((threshold, at.coverage, *_ends(at.coverage_interval), THRESHOLDED[1], threshold == chosen))
    frame = pd.DataFrame(rows, columns=["threshold", "share", "low", "high", "series", "chosen"])
    frame[["share", "low", "high"]] *= 100
    return frame


def _lowest(known: Analysis) -> int:
    """Per cent of certainty that even a guess has."""
    return min(90, math.ceil(100 / max(2, len(known.label_names))))


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def _score(name: str, value: str, interval: Interval, about: str, factor: int) -> None:
    with st.container(width=210, gap=None):
        st.metric(name, value, help=f"{about} Interval: {escape(interval.method)}.")
        digits = 1 if factor == 100 else 3
        low, high = (f"{factor * end:.{digits}f}" for end in _ends(interval))
        st.caption(f"95 % interval {low} to {high}")


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
