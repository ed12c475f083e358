"""What the address of Explain names in vain: it is said in one sentence, and left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.errors import ExplanationError
from bertdemo.ui import attention_choice, attention_numbers, attention_view, explain_try
from bertdemo.ui.words import escape, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bertdemo.ui.explain_answer import Subject

VIEW = "view"
_TOLD = "explain_left_out"  # the sentence, and the address beside which it stands
_WORD = re.compile(r"(?:from|at)\.([0-9]{1,6})")


def leave_out_unknown(subject: Subject, views: Collection[str]) -> None:
    """Take out of the address what there is not; it is told until the address is another."""
    if faults := list(_faults(subject, views)):
        message = escape(f"Left out of what the address names: {'; '.join(faults)}.")
        st.session_state[_TOLD] = message, st.query_params.to_dict()
    message, address = st.session_state.get(_TOLD, ("", {}))
    if message and address == st.query_params.to_dict():
        st.warning(message, icon=":material/link_off:")


def _faults(subject: Subject, views: Collection[str]) -> Iterator[str]:
    """What there is not, each as it is yielded taken out of the address."""
    known = ((VIEW, views, "view"), (attention_choice.LOOK, attention_view.VIEWS, "way to look"),
             (explain_try.HOW, explain_try.HOWS, "way to change words"))  # fmt: skip
    for name, options, kind in known:
        if (given := st.query_params.get(name)) is not None and given not in options:
            yield _left_out(name, given, kind)
    if without := _no_words(st.query_params.get(explain_try.WITHOUT, ""), len(subject.reading.words)):
        rest = [each for each in st.query_params[explain_try.WITHOUT].split(".") if each not in without]
        yield _left_out(explain_try.WITHOUT, ".".join(without), "word of this text", ".".join(rest))
    if (given := st.query_params.get(attention_choice.WORD)) is not None:
        found = _WORD.fullmatch(given)
        if not found or int(found[1]) >= len(subject.reading):
            yield _left_out(attention_choice.WORD, given, "token to look at")
    given = st.query_params.get(attention_choice.PART)
    if given is not None and given not in map(str, range(1, _parts(subject) + 1)):
        yield _left_out(attention_choice.PART, given, "part of this text")


def _parts(subject: Subject) -> int:
    """In how many parts the text is read; a pair of two long texts is read in none."""
    try:
        return len(attention_numbers.windows_of(subject.run, subject.asked))
    except ExplanationError:
        return 0


def _no_words(given: str, words: int) -> list[str]:
    """Those of the numbers in ``4.9`` that are no word, from 1 to ``words``."""
    return [each for each in given.split(".") if each and each not in map(str, range(1, words + 1))]


def _left_out(name: str, given: str, kind: str, rest: str = "") -> str:
    if rest:
        st.query_params[name] = rest
    else:
        st.query_params.pop(name, None)
    return f"{shorten(given, 40)!r} is no {kind}"
