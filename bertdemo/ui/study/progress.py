"""A study while it is at work and after: how far it is, what can be done about it, and the way to explain a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.tasks.records import State
from bertdemo.ui.kit import address, errors, resources
from bertdemo.ui.kit.formatting import about, escape
from bertdemo.ui.kit.text_input import LONGEST_LINK, Asked, parameters
from bertdemo.ui.kit.texts import text_as_it_is

if TYPE_CHECKING:
    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.runs.records import Run
    from bertdemo.studies.records import Question, Study

STUDY = "study"  # which one is looked at, in the address
_TICK = 2  # seconds between two looks at a study that is at work


def of(run: Run, question: Question, most: int) -> Study | None:
    """Return the newest study of this question about so many texts, or as many as there are.

    None where nobody asked yet.
    """
    for study in resources.studies().list(run.id):
        card = study.card
        if card and card.question == question and len(card.places) == min(most, card.available):
            return study
    return None


def begin(run: Run, question: Question, most: int) -> None:
    """Make the study and draw the page anew."""
    with st.spinner("Starting…"):
        resources.studies().submit(run.id, question, most)
    st.rerun()


def is_done(study: Study) -> bool:
    """Draw how far the study is, unless it has finished."""
    if study.status.state.is_live:
        st.fragment(_watch, run_every=_TICK)(study.id)
    elif study.status.state is not State.FINISHED:
        st.warning(escape(study.status.message))
        if study.can_resume:
            _resume(study)
        delete(study)
    return study.status.state is State.FINISHED


def _resume(study: Study) -> None:
    if st.button("Go on where it stopped", key=f"resume_{study.id}", icon=":material/play_arrow:"):
        resources.studies().resume(study.id)
        st.rerun()


def _watch(study_id: str) -> None:
    with errors.shown():
        study = resources.studies().get(study_id)
        if not study.status.state.is_live:
            st.rerun()
        steps = study.status.steps
        st.progress(min(1.0, study.status.step / steps) if steps else 0.0, text=progress(study))
        asked = resources.studies().folder(study_id).request() is not None
        title = "Ending…" if asked else "Cancel"
        if st.button(title, key=f"cancel_{study_id}", icon=":material/stop_circle:", disabled=asked):
            resources.studies().cancel(study_id)
            st.rerun()
        st.caption("You can close this page: the work goes on, and what it found will be here.")


def progress(study: Study) -> str:
    """Return how far the study is, in words."""
    status = study.status
    if status.state is State.QUEUED:
        return "Waiting for the study before it" if (study.position or 1) > 1 else "It begins in a moment"
    left = "" if status.remaining is None else f" {about(status.remaining).capitalize()} left."
    return escape(status.message) + left


def delete(study: Study) -> None:
    """Draw a button that removes what was found, after a question."""
    with st.popover("Delete", icon=":material/delete:", key=f"delete_{study.id}"):
        st.markdown("Delete this study, for good? It can be done again.")
        if st.button("Delete it", key=f"delete_{study.id}_yes", type="primary"):
            try:
                resources.studies().delete(study.id)
                address.put(STUDY)
            except BertDemoError as error:
                st.error(escape(str(error)))
            else:
                st.rerun()


def one_text(run: Run, known: Analysis, place: int, told: str = "") -> None:
    """Draw a test text as it is with its labels, ``told`` (Markdown) before them, and the way to explain it."""
    text, pair = known.test.texts[place], known.test.pairs[place] if known.test.pairs else None
    called = known.label_names[int(known.answers.test.predicted[place])]
    label = known.label_names[known.test.labels[place]]
    with st.container(border=True, gap=None):
        st.caption(f"{told}Predicted **{escape(called)}**, labelled **{escape(label)}**.")
        text_as_it_is(text, pair)
        _explain_link(run, text, pair)


def _explain_link(run: Run, text: str, pair: str | None) -> None:
    """Draw the way to this one text in Explain, if it is short enough for an address."""
    if len(text) + len(pair or "") > LONGEST_LINK:
        st.caption("This text is too long for a link: copy it into the box above to explain it.")
        return
    given = {"run": run.id, **parameters(Asked(text, pair))}
    st.page_link("pages/explain.py", label="Explain this text", icon=":material/search_insights:", query_params=given)
