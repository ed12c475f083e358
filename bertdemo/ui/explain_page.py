"""Explain: one text, its answer, and the views that ask why. Only this part is drawn anew with each text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.ui import (
    attention_choice,
    attention_view,
    errors,
    explain_answer,
    explain_attribution,
    explain_kept,
    explain_link,
    explain_methods,
    explain_truth,
    explain_try,
    handles,
    predict_examples,
    study_class,
    study_map,
    study_work,
    try_it,
)
from bertdemo.ui.report_evidence import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertdemo.runs.records import Run
    from bertdemo.ui.explain_answer import Subject
    from bertdemo.ui.explain_link import Vain
    from bertdemo.ui.try_it import Asked

_TAB, _VIEW = "explain_tab", "view"  # the key of the tabs, and which is open, in the address
VIEWS = {
    "moved": "What moved the answer",
    "attention": "Where the model looks",
    "truth": "Is it true?",
    "class": "The class",
}


def show(run: Run) -> None:
    """The box, the answer, and the view that the address names."""
    st.fragment(_show, run_every=try_it.poll())(run)


def _show(run: Run) -> None:
    examples = predict_examples.of(run) if handles.is_warm() else ()
    try_it.fill(run, examples[0].asked if examples else None)
    _of_this_run(run)
    asked = try_it.ask(run, "Explain")
    with errors.shown():
        if asked and try_it.is_loaded():
            subject = explain_answer.subject(run, asked)
            _of_this_text(run, asked)
            fits = try_it.link(asked)
            explain_answer.show(subject)
            explain_link.leave_out(_named_in_vain(subject))
            _views(subject)
            if not fits:
                st.caption("The text is too long for a link: the address of this page does not hold it.")
    predict_examples.offer(examples)
    try_it.enter_asks()


def _of_this_run(run: Run) -> None:
    """Labels and a study in the address belong to the run that was chosen with them."""
    if st.session_state.get("explain_run", run.id) != run.id:
        for name in (explain_methods.TARGET, explain_methods.AGAINST, study_work.STUDY):
            explain_link.put(name)
    st.session_state["explain_run"] = run.id


def _of_this_text(run: Run, asked: Asked) -> None:
    """Words in the address belong to the text that they were chosen in."""
    if st.session_state.get("explain_text", asked) != asked:
        explain_link.put(explain_try.WITHOUT)
    attention_choice.begin(run.id, asked)
    st.session_state["explain_text"] = asked


def _named_in_vain(subject: Subject) -> Iterator[Vain]:
    """Each view says of its own words of the address which there are not."""
    yield from explain_link.unknown(_VIEW, VIEWS, "view")
    for unknown in (explain_methods.unknown, attention_view.unknown, explain_try.unknown, study_class.unknown):
        yield from unknown(subject)


def _views(subject: Subject) -> None:
    draw = {"moved": explain_attribution.show, "attention": _attention, "truth": explain_truth.show, "class": _class}
    for view, tab in zip(VIEWS, _tabs(), strict=True):
        if tab.open:
            with tab, errors.shown():
                explain_kept.once_known(draw[view], subject)


def _attention(subject: Subject) -> None:
    attention_view.show(subject.run, subject.asked)


def _class(subject: Subject) -> None:
    known = evidence(subject.run)
    if known is None:
        st.caption("This run kept no answers to its test texts: an older version made it. Fine-tune it again.")
        return
    study_class.show(subject, known)
    study_map.show(subject.run, known)


def _tabs() -> Sequence[Any]:
    """The views; the address decides which is open, and follows when another is chosen."""
    st.session_state[_TAB] = VIEWS[st.query_params.get(_VIEW, "moved")]

    def changed() -> None:
        """Put the chosen view into the address."""
        view = next(view for view, words in VIEWS.items() if words == st.session_state[_TAB])
        explain_link.put(_VIEW, view if view != "moved" else "")

    return st.tabs(list(VIEWS.values()), key=_TAB, on_change=changed)
