"""The parts of the first screen."""

from __future__ import annotations

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui import handles, report_view, where
from bertdemo.ui.words import ago, escape, percent

_RECENT = 5


def latest_tested(runs: list[Run]) -> Run | None:
    return next((run for run in runs if run.accuracy is not None), None)


def result(run: Run) -> None:
    """The headline of the latest tested run, beside its baseline."""
    report = handles.runs().report(run.id)
    if report is None:
        return
    with st.container(border=True, key="latest"):
        st.caption(f"Your latest classifier: {escape(where.name_of(run))}")
        report_view.scores(report)
        st.page_link(
            "pages/runs.py",
            label="Read the whole report",
            query_params={"run": run.id},
            icon=":material/arrow_forward:",
        )


def doors() -> None:
    """Where to go from here."""
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, key="door_fine_tune", height="stretch"):
        st.page_link("pages/fine_tune.py", label="**Fine-tune**", icon=":material/model_training:")
        st.caption("Choose data, look at it, set the recipe, and watch the loss fall.")
    with right.container(border=True, key="door_runs", height="stretch"):
        st.page_link("pages/runs.py", label="**Runs**", icon=":material/list_alt:")
        st.caption("Every classifier you have made: its scores, its curves, side by side.")


def recent(runs: list[Run]) -> None:
    """The last few runs, each a link."""
    if not runs:
        return
    st.subheader("Last runs", anchor=False)
    for run in runs[:_RECENT]:
        score = "" if run.accuracy is None else f" · {percent(run.accuracy)} right"
        with st.container(horizontal=True, vertical_alignment="center", key=f"recent_{run.id}"):
            page = "pages/fine_tune.py" if run.status.state.is_live else "pages/runs.py"
            st.page_link(page, label=escape(where.name_of(run)), query_params={"run": run.id})
            st.caption(f"{where.STATE_WORDS[run.status.state]}{score} · {ago(run.created)}")
