"""A study while it is at work and after: how far it is, what can be done about it, and the way to explain a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.tasks.records import State
from bertdemo.ui.kit import address, resources, task_panel
from bertdemo.ui.kit.formatting import about, escape
from bertdemo.ui.kit.text_input import LONGEST_LINK, Asked, parameters
from bertdemo.ui.kit.texts import text_as_it_is

if TYPE_CHECKING:
    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.runs.records import Run
    from bertdemo.studies.records import Question, Study

STUDY = "study"  # which one is looked at, in the address


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
        promise = "You can close this page: the work goes on, and what it found will be here."
        task_panel.watch(resources.studies(), study, progress, promise)
    elif study.status.state is not State.FINISHED:
        task_panel.ending(resources.studies(), study)
        delete(study)
    return study.status.state is State.FINISHED


def progress(study: Study) -> str:
    """Return how far the study is, in words."""
    left = "" if study.status.remaining is None else f" {about(study.status.remaining).capitalize()} left."
    return task_panel.in_queue(study, "study") or escape(study.status.message) + left


def delete(study: Study) -> None:
    """Draw a button that removes what was found, after a question."""
    question = "Delete this study, for good? It can be done again."
    task_panel.delete(resources.studies(), study, question, lambda: address.put(STUDY))


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
