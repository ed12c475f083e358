"""Predict, one text: ask, see the answer, and look behind it. Only this part is drawn anew with each text.

Beside run and text its address has the least certainty and the other classifiers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.ui.kit import address, errors, prediction, resources, texts
from bertdemo.ui.kit.formatting import escape
from bertdemo.ui.predict import compare, trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertdemo.prediction.single import Answer
    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.texts import Asked, Example

SURE, OTHERS = "sure", "with"  # ?sure=80&with=one&with=another
_PER_CENT = re.compile(r"[0-9]{1,2}")
_TAKEN_UP = "predict_linked"  # what the page stands as, so that only another address changes it


def brief(run: Run) -> None:
    """Draw the box, the answer and some examples, for the first page."""
    st.fragment(_brief, run_every=texts.poll())(run)


def full(run: Run, runs: list[Run]) -> None:
    """Draw the box, the answer, and everything that can be asked about it."""
    st.fragment(_full, run_every=texts.poll())(run, runs)


def _brief(run: Run) -> None:
    examples = _examples(run)
    asked = texts.ask(run)
    with errors.shown():
        if asked and texts.can_predict(run):
            answer = prediction.of(run, asked)
            texts.link(asked)
            _result(run, asked, answer, examples)
    texts.offer_examples(examples, 3)


def _full(run: Run, runs: list[Run]) -> None:
    examples = _examples(run)
    asked, answer = texts.ask(run), None
    with errors.shown():
        if asked and texts.can_predict(run):
            answer = prediction.of(run, asked)
            fits = texts.link(asked)
            put_in_address(run, runs)
            _result(run, asked, answer, examples, trust.least())
            if not fits:
                st.caption("The text is too long for a link: the address of this page does not hold it.")
    texts.offer_examples(examples)
    with errors.shown():
        if asked and answer:
            _behind(run, runs, asked, answer)
            texts.visited(asked)


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
        query_params={"run": run.id, **texts.parameters(asked)},
        icon=":material/search_insights:",
    )


def _examples(run: Run) -> tuple[Example, ...]:
    """Read once the libraries are there: the first page must not wait for a table."""
    examples = texts.examples_of(run) if resources.is_warm() else ()
    texts.fill(run, examples[0].asked if examples else None)
    return examples


def _given(examples: tuple[Example, ...], asked: Asked, answer: Answer) -> str:
    """Return whether the answer is right, where the text is one of the examples."""
    label = texts.given_label(examples, asked)
    if label is None:
        return ""
    verdict = "right" if label == answer.label else "wrong"
    return f"A test text: it did not learn from it. People labelled it “{escape(label)}”, so the answer is {verdict}."


def _behind(run: Run, runs: list[Run], asked: Asked, answer: Answer) -> None:
    """Draw what is folded away, computed only while it is open."""
    key = compare.OPEN
    with st.expander("Ask other classifiers, too", key=key, icon=":material/compare_arrows:", on_change="rerun") as box:
        if box.open:
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
            prediction.tokens(answer, asked)


def take_up(run: Run, runs: list[Run]) -> str:
    """Have the page stand as its address says; to be called before its parts are drawn.

    Returns one sentence, as Markdown, on the invalid parameters of the address; empty where there are none.
    """
    state, sure, wanted = st.session_state, st.query_params.get(SURE), st.query_params.get_all(OTHERS)
    known = sure is not None and _PER_CENT.fullmatch(sure) is not None
    possible = _possible(wanted, run, runs)
    found = possible[: compare.MOST_OTHERS]
    if state.get(_TAKEN_UP) != (sure, wanted):
        state[_TAKEN_UP] = (sure, wanted)
        if sure is not None and known:
            trust.begin_with(int(sure))
        if wanted:
            compare.begin_with(found)
    faults = "; ".join(_faults(None if known else sure, wanted, possible))
    return f"The link asked for something that this run does not have: {faults}." if faults else ""


def put_in_address(run: Run, runs: list[Run]) -> None:
    """Put the least certainty and the chosen classifiers into the address, so that it opens the same view."""
    least = round(100 * trust.least())
    found = _possible(compare.chosen(), run, runs)
    address.put(SURE, str(least or ""))
    st.query_params[OTHERS] = found
    st.session_state[_TAKEN_UP] = (st.query_params.get(SURE), found)


def _possible(wanted: list[str], run: Run, runs: list[Run]) -> list[str]:
    """Return those that can be asked beside this run, each once."""
    if not wanted:
        return []
    known = {each.id for each in compare.others(run, runs)}
    return [each for each in dict.fromkeys(wanted) if each in known]


def _faults(sure: str | None, wanted: list[str], possible: list[str]) -> Iterator[str]:
    if sure is not None:
        yield f"“{_short(sure)}” is no certainty from 0 to 99"
    for each in dict.fromkeys(wanted):
        if each not in possible:
            yield f"“{_short(each)}” is no classifier to compare with this one"
    for each in possible[compare.MOST_OTHERS :]:
        yield f"“{_short(each)}” is one too many to compare"


def _short(named: str) -> str:
    return escape(shorten(named, 40))
