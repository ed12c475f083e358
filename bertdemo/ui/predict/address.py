"""What of Predict stands in its address beside run and text: the least certainty and the other classifiers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.ui.kit.formatting import escape
from bertdemo.ui.predict import compare, trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertdemo.runs.records import Run

SURE, OTHERS = "sure", "with"  # ?sure=80&with=one&with=another
_PER_CENT = re.compile(r"[0-9]{1,2}")
_TAKEN_UP = "predict_linked"  # what the page stands as, so that only another address changes it


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


def put(run: Run, runs: list[Run]) -> None:
    """Put the least certainty and the chosen classifiers into the address, so that it opens the same view."""
    least = round(100 * trust.least())
    found = _possible(compare.chosen(), run, runs)
    if least:
        st.query_params[SURE] = str(least)
    else:
        st.query_params.pop(SURE, None)
    st.query_params[OTHERS] = found
    st.session_state[_TAKEN_UP] = (st.query_params.get(SURE), found)


def _possible(wanted: list[str], run: Run, runs: list[Run]) -> list[str]:
    """Return those that can be asked beside this run, each once."""
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
