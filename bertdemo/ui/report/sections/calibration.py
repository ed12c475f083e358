"""How far probabilities may be trusted: calibration, and what it brings to abstain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.charts.palette import CERTAINTY, THRESHOLDED
from bertdemo.evaluation.report import Interval
from bertdemo.runs.records import Run
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape, percent
from bertdemo.ui.report.rows import axis_start
from bertdemo.ui.report.sections import AnalysisSection

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.evaluation.calibration import AtThreshold, Bin, Calibration, Coverage

_TOLERATED = 0.01  # between certainty and accuracy, before anybody is called too sure
_FEW = 30  # texts; the interval of a smaller bin says little


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
