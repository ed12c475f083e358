"""What heads are worth, measured beside the page: it can be called off at any moment, and ends when nobody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui.words import count

if TYPE_CHECKING:
    from bertdemo.explanation.heads import HeadImportance
    from bertdemo.explanation.reading import Reading
    from bertdemo.models.classifier import Classifier

_AT_ONCE = 2  # measurements of all visitors together: they take turns at the same cores
_PATIENCE = 0.5  # seconds; what is done by then shows no bar
_POLL = 0.5  # seconds
_FORGOTTEN = 10.0  # seconds without a look: the visitor has gone

Readings = Callable[["Classifier"], "list[Reading]"]


@dataclass
class _Work:
    """One measurement. The page reads it; the thread that computes asks ``is_over`` several times a second."""

    case: Hashable
    done: int = 0
    texts: int = 0
    looked: float = field(default_factory=time.monotonic)
    called_off: threading.Event = field(default_factory=threading.Event)
    result: Future[HeadImportance] = field(default_factory=Future)

    def is_over(self) -> bool:
        if time.monotonic() - self.looked > _FORGOTTEN:
            self.called_off.set()
        return self.called_off.is_set()


def measured(
    name: str, case: Hashable, classifier: Classifier, readings: Readings, *, at_once: bool
) -> HeadImportance | None:
    """The worth of all heads over some texts, each for its own answer; None while it is not known.

    Args:
        name: of the measurement; of each there is one at a time for a visitor.
        case: what the result depends on; with another case the measurement begins anew.
        classifier: whose heads.
        readings: makes the texts, in the thread that measures.
        at_once: whether it begins by itself, or when a person presses the button.

    Raises:
        ExplanationError: another architecture.
    """
    place = st.empty()  # always the same one: what stood in it before makes room
    works: dict[str, _Work] = st.session_state.setdefault("attention_works", {})
    work = works.get(name)
    if work and work.case != case:
        work.called_off.set()
        work = None
    if work is None or work.called_off.is_set():
        if not (work is None and at_once) and not place.button("Measure", key=f"measure_{name}"):
            return None
        work = works[name] = _Work(case)
        work.result = _threads().submit(_measure, work, classifier, readings)
        wait([work.result], _PATIENCE)
    if work.result.done():
        place.empty()
        return work.result.result()
    with place.container():
        st.fragment(_follow, run_every=_POLL)(work, name)
    return None


@st.cache_resource(show_spinner=False)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "worth")


def _measure(work: _Work, classifier: Classifier, readings: Readings) -> HeadImportance:
    """Runs in a thread of its own, which never calls Streamlit."""
    from bertdemo.explanation.heads import importance_over

    def report(done: int) -> None:
        work.done = done

    texts = readings(classifier)
    work.texts = len(texts)
    return importance_over(classifier, texts, cancelled=work.is_over, report=report)


def _follow(work: _Work, name: str) -> None:
    """How far it is; drawn anew by itself until it is over."""
    work.looked = time.monotonic()
    if work.result.done() or work.called_off.is_set():
        st.rerun()
    told = f": {work.done} of {count(work.texts, 'text')}" if work.texts > 1 else "…"
    st.progress(work.done / max(work.texts, 1), f"Switching off one head after the other{told}")
    st.button("Cancel", key=f"cancel_{name}", on_click=work.called_off.set)
