"""How far to trust an answer: what answers as sure as this were worth on the test texts, and when to say "not sure".

Where a text differs from all that the classifier was tested on, what its answers are worth is not known.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.ui.kit import resources, texts
from bertdemo.ui.kit.formatting import count, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertdemo.data.dataset import Dataset
    from bertdemo.evaluation.calibration import AtThreshold, Coverage
    from bertdemo.evaluation.report import Interval
    from bertdemo.evaluation.slices import Familiar
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.texts import Asked

_LEAST = "least_certainty"  # the key of the slider, in per cent
OPEN = "threshold_box"  # the key of what it stands in
_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)  # of the groups of answers that are about as sure as each other
_FEW = 30  # texts; a share of fewer says little
_MOST = 1_000  # test texts that are looked at
_READ_AT_ONCE = 128  # of them, while nobody else can use the classifier


@dataclass(frozen=True)
class Alike:
    """Test texts with a certainty from ``low`` to below ``high``, and how many of their answers are right."""

    low: float
    high: float
    n: int
    right: int


def alike(coverage: Coverage, confidence: float) -> Alike:
    """Return the test texts whose answers were about as sure as ``confidence``."""
    place = bisect_right(_EDGES, confidence)
    low, high = _EDGES[place - 1], (*_EDGES, 1.01)[place]
    below, above = coverage.at(low), coverage.at(high)
    return Alike(low, min(high, 1.0), below.answered - above.answered, below.right - above.right)


def sentence(run: Run, asked: Asked, answer: Answer) -> str:
    """Return what such an answer was worth on the test texts.

    Empty if nobody knows, and why where the text is unlike them.
    """
    if unlike := why_unfamiliar(run, asked, answer):
        return f"It was not tested on texts like this one ({unlike}), so how often it is right on them is not known."
    coverage = _coverage(run)
    said = worth(alike(coverage, answer.confidence)) if coverage else ""
    if not said and run.accuracy is not None:
        said = f"On its test texts this classifier was right {percent(run.accuracy)} of the time."
    return said


def report_link(run: Run) -> None:
    """Draw the way to the report, which answers the question in full."""
    st.page_link(
        "pages/runs.py",
        label="How often is it wrong?",
        query_params={"run": run.id},
        icon=":material/arrow_forward:",
    )


def worth(group: Alike) -> str:
    """Return the group in words; empty where there are too few texts to say anything."""
    if group.n < _FEW:
        return ""
    band = f"below {percent(group.high, 0)}" if not group.low else f"{100 * group.low:.0f} to {percent(group.high, 0)}"
    right = "all of them" if group.right == group.n else percent(group.right / group.n)
    return f"Of {count(group.n, 'test text')} where it was about as sure ({band}), it was right on {right}."


def least() -> float:
    """Return the certainty below which the answer is "not sure", 0 to 1; 0 unless a person has chosen one."""
    return float(st.session_state.get(_LEAST, 0)) / 100


def begin_with(per_cent: int) -> None:
    """Have this chosen, before the slider is drawn, and be seen."""
    st.session_state[_LEAST] = per_cent
    st.session_state[OPEN] = per_cent > 0


def threshold(run: Run) -> None:
    """Draw the slider, and what that threshold brings on the test texts."""
    chosen = st.slider(
        "Answer only when at least so certain", 0, 99, format="%d %%", key=_LEAST, persist_state="session"
    )
    coverage = _coverage(run)
    if coverage is None:
        st.caption("This run was made by a version that did not keep its test answers: train again to see the cost.")
        return
    st.markdown(cost(coverage.at(chosen / 100)))
    st.caption("The brackets hold 95 % intervals (Wilson) on texts that the classifier never saw.")


def cost(at: AtThreshold) -> str:
    """Return what the threshold gives and takes, as Markdown."""
    if at.accuracy is None or at.accuracy_interval is None:
        return f"So sure it was on none of {count(at.n, 'test text')}: it would never answer."
    answered = f"**{percent(at.coverage)}** of {count(at.n, 'test text')} {_ends(at.coverage_interval)}"
    right = f"**{percent(at.accuracy)}** of these {_ends(at.accuracy_interval)}"
    return (
        f"It would answer {answered} and be right on {right}; "
        f"{count(at.n - at.answered, 'text')} would be left to a person."
    )


def _ends(interval: Interval) -> str:
    return f"\\[{100 * interval.low:.1f}, {100 * interval.high:.1f}\\]"


def _coverage(run: Run) -> Coverage | None:
    """None where the answers are not there or damaged: the prediction itself does not need them."""
    try:
        evidence = resources.analysis_of(run)
    except BertDemoError:
        return None
    return evidence.coverage if evidence else None


def why_unfamiliar(run: Run, asked: Asked, answer: Answer) -> str:
    """Return the difference in words; empty where there is none, or the test texts cannot be had."""
    from bertdemo.evaluation.slices import is_much, knows_share, main_script

    try:
        familiar = _familiar(run.id, run.created, run)
        if is_much(answer.unknown_share) and not knows_share(answer.unknown_share, _unknown(run.id, run.created, run)):
            return "in hardly any of them so much is unknown to the model"
    except BertDemoError:
        return ""
    text = _joined(asked.text, asked.pair)
    if not familiar.knows_script(text):
        return "hardly any of them is written in such letters" if main_script(text) else "hardly any has no letters"
    return "" if familiar.knows_length(text) else "hardly any of them is even half as long"


@st.cache_resource(show_spinner=False, max_entries=16)
def _familiar(run_id: str, created: float, _run: Run) -> Familiar:  # noqa: ARG001 (the key of the cache)
    from bertdemo.evaluation.slices import Familiar

    test = _tested(_run)
    return Familiar.of([_joined(*row) for row in zip(test.texts, test.pairs or repeat(None, len(test)), strict=True)])


@st.cache_resource(show_spinner=False, max_entries=16)
def _unknown(run_id: str, created: float, _run: Run) -> NDArray[np.float32]:  # noqa: ARG001 (the key of the cache)
    """Of each test text, the share that is unknown to the model: (texts,)."""
    from bertdemo.models.encoding import encode

    classifier, test = resources.models().classifier(run_id), _tested(_run)
    shares = []
    for start in range(0, len(test), _READ_AT_ONCE):
        some = test.select(range(start, min(start + _READ_AT_ONCE, len(test))))
        with classifier.lock:
            shares.append(encode(classifier, some.texts, some.pairs).unknown)
    return np.nan_to_num(np.concatenate(shares), nan=1.0)


def _tested(run: Run) -> Dataset:
    test = texts.tested_texts(run)
    return test.select(range(min(_MOST, len(test))))


def _joined(text: str, pair: str | None) -> str:
    return text if pair is None else f"{text} {pair}"
