"""The parts of the first screen."""

from __future__ import annotations

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui.kit import resources, run_picker
from bertdemo.ui.kit.formatting import ago, escape, percent
from bertdemo.ui.predict import one_text

_RECENT = 5
_DOORS = (
    (
        "fine_tune",
        "pages/fine_tune.py",
        "Fine-tune",
        ":material/model_training:",
        "Choose data, look at it, set the recipe, and watch the loss fall.",
    ),
    (
        "predict",
        "pages/predict.py",
        "Predict",
        ":material/label:",
        "Ask a classifier about one text, or about a file of a hundred thousand.",
    ),
    (
        "explain",
        "pages/explain.py",
        "Explain",
        ":material/search_insights:",
        "See where it looks and which words moved its answer, and put that to the test.",
    ),
)


def ready(place: run_picker.Place) -> Run | None:
    """Return the classifier to try: the chosen run, or the newest one that has a model."""
    if place.run and place.run.status.state.has_model:
        return place.run
    return resources.newest_with_model(place.runs)


def own(runs: list[Run]) -> list[Run]:
    """Return the runs that this person made, not those that come with the app."""
    return [run for run in runs if not run.read_only]


def try_it(run: Run) -> None:
    """Draw the classifier that is ready, with a box for a text."""
    with st.container(border=True, key="try_it"):
        st.markdown(f"**{escape(run_picker.name_of(run))}** is ready. Which label does it give your text?")
        one_text.brief(run)


def doors() -> None:
    """Draw where to go from here."""
    for column, (key, page, title, icon, words) in zip(st.columns(3, gap="medium"), _DOORS, strict=True):
        with column.container(border=True, key=f"door_{key}", height="stretch"):
            st.page_link(page, label=f"**{title}**", icon=icon)
            st.caption(words)


def recent(runs: list[Run]) -> None:
    """Draw the last few runs, each a link."""
    if not runs:
        return
    st.subheader("Last runs", anchor=False)
    for run in runs[:_RECENT]:
        score = "" if run.accuracy is None else f" · {percent(run.accuracy)} right"
        with st.container(horizontal=True, vertical_alignment="center", key=f"recent_{run.id}"):
            page = "pages/fine_tune.py" if run.status.state.is_live else "pages/runs.py"
            st.page_link(page, label=escape(run_picker.name_of(run)), query_params={"run": run.id})
            st.caption(f"{run_picker.STATE_WORDS[run.status.state]}{score} · {ago(run.created)}")
