"""From one text to the class: words that moved the answers to many test texts, and those that look like shortcuts.

How far a study is, what can be done about it, and the way to explain a text are the same for words and for the map.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.data.tables.cells import safe_csv
from bertdemo.lines import shorten, signed
from bertdemo.tasks.records import State
from bertdemo.ui.kit import address, errors, resources, waiting
from bertdemo.ui.kit.figure import download, figure
from bertdemo.ui.kit.formatting import about, count, escape
from bertdemo.ui.kit.texts import LONGEST_LINK, Asked, parameters, text_as_it_is
from bertdemo.ui.study.words import (
    SHORTCUTS,
    about_shortcuts,
    chart_rows,
    headline,
    method,
    moved,
    shortcut_rows,
    table_rows,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.runs.records import Run
    from bertdemo.studies.records import Question, Study, StudyCard, WordFinding, WordFindings
    from bertdemo.ui.kit.address import InvalidParam
    from bertdemo.ui.kit.prediction import Subject

_SIZES = (50, 200, 500)
_OPENED_FOR = "study_for"  # the run and the label of the answer
_DIGITS = {"mean": 3, "spread": 3, "low": 3, "high": 3, "speaks for (%)": 1}  # shown; the files have all
_LISTED = 300  # words in the table and in the list; the file has all
STUDY = "study"  # which one is looked at, in the address


def unknown(subject: Subject) -> Iterator[InvalidParam]:
    """Yield a study of the address that is not here."""
    if STUDY in st.query_params:
        yield from address.invalid_params(STUDY, _cards(subject.run), "study of words of this run")


def show(subject: Subject, known: Analysis) -> None:
    """Choose a label or a cell, have its test texts explained, and see what moved their answers."""
    st.subheader("Which words move the answers to many texts?", anchor=False)
    run = subject.run
    with errors.shown():
        question, most = _choice(subject, known)
        study = study_of(run, question, most)
        if study is None:
            address.put(STUDY)
            if st.button("Explain these texts", type="primary", key="study_begin", icon=":material/play_arrow:"):
                begin(run, question, most)
            st.caption("Runs in the background, about ¼ s per text. You can cancel it.")
            return
        address.put(STUDY, study.id)
        if is_done(study) and study.card:
            _findings(run, known, study, study.card)


def _choice(subject: Subject, known: Analysis) -> tuple[Question, int]:
    """Return the texts and how many of them.

    First those of a study that the address names, or called as this text is.
    """
    run, options = subject.run, _options(known)
    which, size = f"study_which_{run.id}", f"study_most_{run.id}"
    opened_for = run.id, subject.answered
    if st.session_state.get(_OPENED_FOR, opened_for) != opened_for:  # what was chosen belongs to another answer
        address.put(STUDY)
        st.session_state.pop(which, None)
    st.session_state[_OPENED_FOR] = opened_for
    if which not in st.session_state:
        _begin_with(subject, dict(options), which, size)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    names = dict(options)
    chosen = left.selectbox(
        "Test texts", list(names), key=which, format_func=lambda q: names.get(q, str(q)), persist_state="session"
    )
    st.session_state.setdefault(size, _SIZES[1])
    most = right.radio(
        "At most", _SIZES, key=size, horizontal=True, persist_state="session",
        help="A random sample, always the same, where there are more.",
    )  # fmt: skip
    return chosen or options[0][0], most or _SIZES[1]


def _begin_with(subject: Subject, options: Collection[Question], which: str, size: str) -> None:
    from bertdemo.studies.records import Question

    cards = _cards(subject.run)
    named = cards.get(st.query_params.get(STUDY, ""))
    question = named.question if named else Question("words", subject.answered)
    card = named or next((card for card in cards.values() if card.question == question), None)
    if question in options:
        st.session_state[which] = question
        if card:
            st.session_state[size] = next((n for n in _SIZES if n >= len(card.places)), _SIZES[-1])


def _cards(run: Run) -> dict[str, StudyCard]:
    """Of the studies of words, the newest first."""
    cards = {study.id: study.card for study in resources.studies().list(run.id)}
    return {study: card for study, card in cards.items() if card and card.question.about == "words"}


def _options(known: Analysis) -> list[tuple[Question, str]]:
    """Return labels by how often they were given, then the mistakes, the most frequent first."""
    import numpy as np

    from bertdemo.studies.records import Question

    names, answered = known.label_names, known.answers.test
    cells = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(cells, (answered.truth, answered.predicted), 1)
    called = [(Question("words", j), cells[:, j].sum(), f"called “{names[j]}”") for j in range(len(names))]
    mixed = [
        (Question("words", j, i), cells[i, j], f"“{names[i]}” taken for “{names[j]}”")
        for i in range(len(names)) for j in range(len(names)) if i != j
    ]  # fmt: skip
    ordered = [*sorted(called, key=lambda each: -each[1]), *sorted(mixed, key=lambda each: -each[1])]
    return [(question, f"{words}: {count(int(n), 'text')}") for question, n, words in ordered if n]


def _findings(run: Run, known: Analysis, study: Study, card: StudyCard) -> None:
    from bertdemo.charts.study import term_chart

    found = _words(study.id)
    st.markdown(headline(found, card))
    rows = chart_rows(found)
    if len(rows):
        figure(
            f"How much does each word move {moved(card)}?",
            rows, term_chart, len(rows), "Mean attribution (logits)",
            key="study_chart", alt="Mean attribution of each word in its interval; positive increases its score",
            note=f"Blue and + speak for the answer, orange and − against it.{_left_out(found)}",
            table=table_rows(found).head(_LISTED).round(_DIGITS),
        )  # fmt: skip
    st.caption(method(found, card))
    _examples(run, known, found)
    _shortcuts(found, card)
    _take_away(study, found)


def _left_out(found: WordFindings) -> str:
    more = len(found.words) - _LISTED
    return f" The table has the first {_LISTED} words, the CSV file {more:,} more." if more > 0 else ""


@st.cache_resource(show_spinner=False, max_entries=16)
def _words(study_id: str) -> WordFindings:
    return resources.studies().words(study_id)


def _examples(run: Run, known: Analysis, found: WordFindings) -> None:
    """Draw the texts behind a word: where it had the largest, a middle, and the smallest score."""
    if not found.words:
        return
    word = st.selectbox(
        "Read texts with a word", found.words[:_LISTED], index=None, key="study_word", format_func=_told,
        placeholder="Choose a word of the table",
    )  # fmt: skip
    if not word:
        return
    places = ("highest", "middle", "lowest") if len(word.examples) > 2 else ("highest", "lowest")
    for place, which in zip(word.examples, places, strict=False):
        one_text(run, known, place, f"Here is the {which} of its scores in {count(word.texts, 'text')}. ")


def _told(word: WordFinding) -> str:
    return f"{shorten(word.text, 40)}: {signed(word.mean)} in {count(word.texts, 'text')}"


def _shortcuts(found: WordFindings, card: StudyCard) -> None:
    label = card.label_names[card.question.predicted or 0]
    st.subheader("Which words look like shortcuts?", anchor=False)
    st.markdown(about_shortcuts(found, label))
    if found.shortcuts:
        rows = shortcut_rows(found.shortcuts, label)
        st.table(rows, border="horizontal", hide_index=True, alt="Words that look like shortcuts, and masking them")
        st.caption(SHORTCUTS)


def _take_away(study: Study, found: WordFindings) -> None:
    with st.container(horizontal=True, key="study_downloads"):
        download("CSV", lambda: safe_csv(table_rows(found)), f"{study.id}.csv", key="study_csv")
        download("JSON", lambda: _json(study, found), f"{study.id}.json", key="study_json")
        delete(study)


def _json(study: Study, found: WordFindings) -> str:
    card = asdict(study.card) if study.card else {}
    return json.dumps({"study": card, "findings": asdict(found)}, ensure_ascii=False, indent=1)


def study_of(run: Run, question: Question, most: int) -> Study | None:
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
        waiting.watch(resources.studies(), study, _at_work)
    elif study.status.state is not State.FINISHED:
        waiting.ending(resources.studies(), study)
        delete(study)
    return study.status.state is State.FINISHED


def _at_work(study: Study) -> None:
    waiting.progress(study, _progress(study))
    promise = "You can close this page: the work goes on, and what it found will be here."
    waiting.cancel(resources.studies(), study, promise)


def _progress(study: Study) -> str:
    """Return how far the study is, in words."""
    left = "" if study.status.remaining is None else f" {about(study.status.remaining).capitalize()} left."
    return waiting.in_queue(study, "study") or escape(study.status.message) + left


def delete(study: Study) -> None:
    """Draw a button that removes what was found, after a question."""
    question = "Delete this study, for good? It can be done again."
    waiting.delete(resources.studies(), study, question, lambda: address.put(STUDY))


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
