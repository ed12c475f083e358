"""Explain: one text, its answer, and the views that ask why. Only this part is drawn anew with each text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.ui.attention import page as attention_page
from bertdemo.ui.attention import selection as attention_selection
from bertdemo.ui.explain import attribution, counterfactual, faithfulness, methods
from bertdemo.ui.kit import address, errors, prediction, resources, texts, waiting
from bertdemo.ui.kit.resources import analysis_of
from bertdemo.ui.study import page as study_page
from bertdemo.ui.study import text_map

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertdemo.runs.records import Run
    from bertdemo.ui.kit.address import InvalidParam
    from bertdemo.ui.kit.prediction import Subject
    from bertdemo.ui.kit.texts import Asked

_TAB, _VIEW = "explain_tab", "view"  # the key of the tabs, and which is open, in the address
VIEWS = {
    "moved": "What moved the answer",
    "attention": "Where the model looks",
    "truth": "Is it true?",
    "class": "The class",
}


def show(run: Run) -> None:
    """Draw the box, the answer, and the view that the address names."""
    st.fragment(_show, run_every=texts.poll())(run)


def _show(run: Run) -> None:
    examples = texts.examples_of(run) if resources.is_warm() else ()
    texts.fill(run, examples[0].asked if examples else None)
    _of_this_run(run)
    asked = texts.ask(run, "Explain")
    with errors.shown():
        if asked and texts.is_loaded():
            subject = prediction.subject(run, asked)
            _of_this_text(run, asked)
            fits = texts.link(asked)
            prediction.show_subject(subject)
            address.drop_invalid(_named_in_vain(subject))
            _views(subject)
            if not fits:
                st.caption("The text is too long for a link: the address of this page does not hold it.")
    texts.offer_examples(examples)


def _of_this_run(run: Run) -> None:
    """Drop labels and a study from the address that belong to another run."""
    if st.session_state.get("explain_run", run.id) != run.id:
        for name in (methods.TARGET, methods.AGAINST, study_page.STUDY):
            address.put(name)
    st.session_state["explain_run"] = run.id


def _of_this_text(run: Run, asked: Asked) -> None:
    """Drop words from the address that belong to another text."""
    if st.session_state.get("explain_text", asked) != asked:
        address.put(counterfactual.WITHOUT)
    attention_selection.begin(run.id, asked)
    st.session_state["explain_text"] = asked


def _named_in_vain(subject: Subject) -> Iterator[InvalidParam]:
    """Yield each view says of its own words of the address which there are not."""
    yield from address.invalid_params(_VIEW, VIEWS, "view")
    for unknown in (methods.unknown, attention_page.unknown, counterfactual.unknown, study_page.unknown):
        yield from unknown(subject)


def _views(subject: Subject) -> None:
    draw = {"moved": attribution.show, "attention": _attention, "truth": faithfulness.show, "class": _class}
    for view, tab in zip(VIEWS, _tabs(), strict=True):
        if tab.open:
            with tab, errors.shown():
                waiting.skip_pending(draw[view], subject)


def _attention(subject: Subject) -> None:
    attention_page.show(subject.run, subject.asked)


def _class(subject: Subject) -> None:
    known = analysis_of(subject.run)
    if known is None:
        st.caption("This run kept no answers to its test texts: an older version made it. Fine-tune it again.")
        return
    study_page.show(subject, known)
    text_map.show(subject.run, known)


def _tabs() -> Sequence[Any]:
    """Return the views; the address decides which is open, and follows when another is chosen."""
    st.session_state[_TAB] = VIEWS[st.query_params.get(_VIEW, "moved")]

    def changed() -> None:
        """Put the chosen view into the address."""
        view = next(view for view, words in VIEWS.items() if words == st.session_state[_TAB])
        address.put(_VIEW, view if view != "moved" else "")

    return st.tabs(list(VIEWS.values()), key=_TAB, on_change=changed)
