"""Predict, one text: ask, see the answer, and look behind it. Only this part is drawn anew with each text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui.kit import errors, example_texts, prediction, resources, text_input
from bertdemo.ui.kit.formatting import escape
from bertdemo.ui.predict import address, compare, trust

if TYPE_CHECKING:
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.example_texts import Example
    from bertdemo.ui.kit.text_input import Asked


def brief(run: Run) -> None:
    """Draw the box, the answer and some examples, for the first page."""
    st.fragment(_brief, run_every=text_input.poll())(run)


def full(run: Run, runs: list[Run]) -> None:
    """Draw the box, the answer, and everything that can be asked about it."""
    st.fragment(_full, run_every=text_input.poll())(run, runs)


def _brief(run: Run) -> None:
    examples = _examples(run)
    asked = text_input.ask(run)
    with errors.shown():
        if asked and text_input.is_loaded():
            answer = prediction.of(run, asked)
            _result(run, asked, answer, examples)
    example_texts.offer(examples, 3)


def _full(run: Run, runs: list[Run]) -> None:
    examples = _examples(run)
    asked, answer = text_input.ask(run), None
    with errors.shown():
        if asked and text_input.is_loaded():
            answer = prediction.of(run, asked)
            fits = text_input.link(asked)
            address.put(run, runs)
            _result(run, asked, answer, examples, trust.least())
            if not fits:
                st.caption("The text is too long for a link: the address of this page does not hold it.")
    example_texts.offer(examples)
    with errors.shown():
        if asked and answer:
            _behind(run, runs, asked, answer)
            example_texts.visited(asked)


def _result(run: Run, asked: Asked, answer: Answer, examples: tuple[Example, ...], least: float = 0.0) -> None:
    """Draw the answer, whether it is right where that is known, and what such answers are worth."""
    with st.container(key="answer", gap="small"):
        prediction.show(answer, least)
        lines = (
            _given(examples, asked, answer),
            trust.sentence(run, asked, answer),
            prediction.facts(answer),
        )
        st.caption("  \n".join(line for line in lines if line))  # two spaces: a new line
        with st.container(horizontal=True, gap="medium"):
            _why_link(run, asked)
            trust.report_link(run)


def _why_link(run: Run, asked: Asked) -> None:
    """Draw the way to the explanation of this answer."""
    st.page_link(
        "pages/explain.py",
        label="Why?",
        query_params={"run": run.id, **text_input.parameters(asked)},
        icon=":material/search_insights:",
    )


def _examples(run: Run) -> tuple[Example, ...]:
    """Read once the libraries are there: the first page must not wait for a table."""
    examples = example_texts.of(run) if resources.is_warm() else ()
    text_input.fill(run, examples[0].asked if examples else None)
    return examples


def _given(examples: tuple[Example, ...], asked: Asked, answer: Answer) -> str:
    """Return whether the answer is right, where the text is one of the examples."""
    label = example_texts.given_label(examples, asked)
    if label is None:
        return ""
    verdict = "right" if label == answer.label else "wrong"
    return f"A test text: it did not learn from it. People labelled it “{escape(label)}”, so the answer is {verdict}."


def _behind(run: Run, runs: list[Run], asked: Asked, answer: Answer) -> None:
    """Draw what is folded away, computed only while it is open."""
    opened = compare.is_opened()
    with st.expander("Ask other classifiers, too", opened, key="compare_box", icon=":material/compare_arrows:"):
        compare.choose(run, runs, asked)
    key = trust.OPEN
    with st.expander("Let it say “not sure”", key=key, icon=":material/rule:", on_change="rerun") as box:
        if box.open:
            trust.threshold(run)
    with st.expander(
        "All numbers, and what the model reads", key="pieces_box", icon=":material/segment:", on_change="rerun"
    ) as box:
        if box.open:
            prediction.table(answer)
            prediction.pieces(answer, asked)
