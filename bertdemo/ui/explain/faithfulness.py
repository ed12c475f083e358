"""Is it true? The explanation is put to the test: by hand, by erasing words, and on a model that has forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.ui.explain import counterfactual, deletion_curves, methods, sanity
from bertdemo.ui.explain.methods import key_of
from bertdemo.ui.explain.sentences import explained, how
from bertdemo.ui.kit.background import Bar, result_of, skip_pending
from bertdemo.ui.kit.formatting import count, listed, quoted
from bertdemo.ui.kit.section import question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bertdemo.explanation.counterfactual import Flip
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.explained_text import Subject

GONE = {"delete": "deleted", "mask": "masked"}


def show(subject: Subject) -> None:
    """Try it on top; what takes seconds is computed once its question is open."""
    choice = methods.asked_for(subject)
    found = methods.attribution(subject, choice)
    st.caption(f"Under test: {how(found)}, of {explained(found, subject.labels)}. Another is chosen in the first view.")
    counterfactual.show(subject, found)
    for title, key, icon, answer in (
        ("How few words change the answer?", "flip", "swap_horiz", _flip),
        ("Do the words matter as the scores say?", "curves", "show_chart", deletion_curves.show),
        ("Do the scores predict changes? Are they stable?", "steady", "balance", deletion_curves.steady),
        ("Sanity check: does it change with random weights?", "sanity", "psychology_alt", sanity.show),
    ):
        question(title, key, icon, skip_pending, answer, subject, choice)


def _flip(subject: Subject, choice: Choice) -> None:
    how_gone = st.radio(
        "The words are", list(GONE), format_func=lambda each: GONE.get(each, each), key="flip_how", horizontal=True
    )
    found = methods.attribution(subject, choice)
    scores = found.word_scores if choice.target == subject.answered else None
    flip = result_of(
        (*key_of(subject, choice), "flip", how_gone),
        "Looking for them…",
        lambda bar: _search(subject, scores, how_gone, bar),
    )
    st.markdown(found_words(subject, flip))
    st.caption(f"{proof(flip)}{read_further(subject, how_gone)}")
    if flip.words and flip.edited:
        st.text(flip.edited.text)
        if st.button("Show it above", key="flip_try"):
            counterfactual.put(flip.words, flip.how)
            st.rerun()
    st.caption("First single words are tried, then pairs, then more by their scores.")


def _search(subject: Subject, scores: NDArray[np.float64] | None, how: Any, bar: Bar) -> Flip:
    from bertdemo.explanation.counterfactual import find_flip

    return find_flip(subject.classifier, subject.tokenized, scores, how=how, should_stop=bar)


def found_words(subject: Subject, flip: Flip) -> str:
    """Return what the search found, as Markdown."""
    before = quoted(subject.labels[flip.before])
    if flip.words is None or flip.after is None:
        return f"**Nothing was found that changes the answer {before}.**"
    words = listed([quoted(subject.tokenized.words[word].text) for word in flip.words])
    return f"**With {words} {GONE[flip.how]}, {before} becomes {quoted(subject.labels[flip.after])}.**"


def read_further(subject: Subject, how_gone: str | None) -> str:
    """Say of a text that is not read to its end which words were tried, and what deleting them does."""
    if not subject.tokenized.truncated:
        return ""
    return f" Tried were words that it read.{f' {counterfactual.FURTHER}' if how_gone == 'delete' else ''}"


def proof(flip: Flip) -> str:
    """Return how sure it is that there are no fewer, and what it cost."""
    from bertdemo.explanation.counterfactual import MOST_CALLS

    asked = f"{count(flip.calls, 'variant')} tried (at most {MOST_CALLS})."
    if flip.words is None:
        return f"{asked} {'Every set of words was tried.' if flip.proven else 'Larger sets may change it.'}"
    if flip.proven:
        return f"{asked} No smaller set does it: all were tried."
    return f"{asked} A smaller set may do it: not all were tried."
