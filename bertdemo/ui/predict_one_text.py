"""Predict, one text: ask, see the answer, and look behind it. Only this part is drawn anew with each text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui import (
    errors,
    handles,
    predict_answer,
    predict_compare,
    predict_examples,
    predict_link,
    predict_standing,
    try_it,
)
from bertdemo.ui.words import escape

if TYPE_CHECKING:
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.predict_examples import Example
    from bertdemo.ui.try_it import Asked


def brief(run: Run) -> None:
    """The box, the answer and some examples, for the first page."""
    st.fragment(_brief, run_every=try_it.poll())(run)


def full(run: Run, runs: list[Run]) -> None:
    """The box, the answer, and everything that can be asked about it."""
    st.fragment(_full, run_every=try_it.poll())(run, runs)


def _brief(run: Run) -> None:
    examples = _examples(run)
    asked = try_it.ask(run)
    with errors.shown():
        if asked and try_it.is_loaded():
            answer = predict_answer.of(run, asked)
            _result(run, asked, answer, examples)
    with st.container(gap=None):
        predict_examples.offer(examples, 3)
        try_it.enter_asks()


def _full(run: Run, runs: list[Run]) -> None:
    examples = _examples(run)
    asked, answer = try_it.ask(run), None
    with errors.shown():
        if asked and try_it.is_loaded():
            answer = predict_answer.of(run, asked)
            fits = try_it.link(asked)
            predict_link.put(run, runs)
            _result(run, asked, answer, examples, predict_standing.least())
            if not fits:
                st.caption("The text is too long for a link: the address of this page does not hold it.")
    predict_examples.offer(examples)
    with errors.shown():
        if asked and answer:
            _behind(run, runs, asked, answer)
            predict_examples.visited(asked)
    try_it.enter_asks()


def _result(run: Run, asked: Asked, answer: Answer, examples: tuple[Example, ...], least: float = 0.0) -> None:
    """The answer, whether it is right where that is known, and what such answers are worth."""
    with st.container(key="answer", gap="small"):
        predict_answer.show(answer, least)
        lines = (
            _given(examples, asked, answer),
            predict_standing.sentence(run, asked, answer),
            predict_answer.facts(answer),
        )
        st.caption("  \n".join(line for line in lines if line))  # two spaces: a new line
        with st.container(horizontal=True, gap="medium"):
            _why_link(run, asked)
            predict_standing.report_link(run)


def _why_link(run: Run, asked: Asked) -> None:
    """The way to the explanation of this answer."""
    st.page_link(
        "pages/explain.py",
        label="Why?",
        query_params={"run": run.id, **try_it.parameters(asked)},
        icon=":material/search_insights:",
    )


def _examples(run: Run) -> tuple[Example, ...]:
    """Read once the libraries are there: the first page must not wait for a table."""
    examples = predict_examples.of(run) if handles.is_warm() else ()
    try_it.fill(run, examples[0].asked if examples else None)
    return examples


def _given(examples: tuple[Example, ...], asked: Asked, answer: Answer) -> str:
    """Whether the answer is right, where the text is one of the examples."""
    label = predict_examples.given_label(examples, asked)
    if label is None:
        return ""
    verdict = "right" if label == answer.label else "wrong"
    return f"A test text: it did not learn from it. People labelled it “{escape(label)}”, so the answer is {verdict}."


def _behind(run: Run, runs: list[Run], asked: Asked, answer: Answer) -> None:
    """What is folded away, computed only while it is open."""
    opened = predict_compare.is_opened()
    with st.expander("Ask other classifiers, too", opened, key="compare_box", icon=":material/compare_arrows:"):
        predict_compare.choose(run, runs, asked)
    key = predict_standing.OPEN
    with st.expander("Let it say “not sure”", key=key, icon=":material/rule:", on_change="rerun") as box:
        if box.open:
            predict_standing.threshold(run)
    with st.expander(
        "All numbers, and what the model reads", key="pieces_box", icon=":material/segment:", on_change="rerun"
    ) as box:
        if box.open:
            predict_answer.table(answer)
            predict_answer.pieces(answer, asked)
