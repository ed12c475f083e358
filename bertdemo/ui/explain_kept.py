"""Results that take time: made behind a bar that any click ends, and kept for this visit."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from bertdemo.ui.explain_answer import Subject
    from bertdemo.ui.explain_methods import Choice

_Result = TypeVar("_Result")
_MOST = 64
_KEY = "explained"
_PATIENCE = 0.4  # seconds; what is done by then shows no bar
_USUAL = 12  # pieces; of work that does not know how many it has, the bar shows half of them done at so many


class Bar:
    """How far a piece of work is. Library code that may be called off asks ``bar()`` between two pieces.

    Moving the bar is where Streamlit ends a script whose page was clicked or closed meanwhile: work that nobody waits
    for stops at its next piece.
    """

    def __init__(self, place: DeltaGenerator, words: str) -> None:
        self._place, self._words = place, words
        self._started, self._pieces = time.monotonic(), 0

    def __call__(self) -> bool:
        """One more piece is done. Whether the work is called off: never, for it ends by the script's own exception."""
        self._pieces += 1
        return self.at(self._pieces, self._pieces + _USUAL)

    def at(self, done: int, of: int) -> bool:
        """So many pieces of so many are done; returns what ``bar()`` does."""
        if time.monotonic() - self._started > _PATIENCE:
            self._place.progress(done / of, self._words)
        return False


def kept(key: Hashable, words: str, make: Callable[[Bar], _Result]) -> _Result:
    """What ``make`` returned for this key earlier in this visit, or returns now; ``words`` stand on the bar."""
    results: OrderedDict[Hashable, _Result] = st.session_state.setdefault(_KEY, OrderedDict())
    if key not in results:
        place = st.empty()
        results[key] = make(Bar(place, words))
        place.empty()
    results.move_to_end(key)
    while len(results) > _MOST:
        results.popitem(last=False)
    return results[key]


def key_of(subject: Subject, choice: Choice) -> tuple[Hashable, ...]:
    """What says that two results are about the same model, text and explanation."""
    return subject.run.id, subject.edition, subject.asked, choice
