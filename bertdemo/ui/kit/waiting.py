"""Waiting for what takes long: results made in a thread beside the page, and tasks in processes of their own.

Streamlit does not end a running fragment for a click inside a fragment, so a result is made in a thread that never
calls Streamlit, can be called off, and is kept for this visit. A task (a run, a table, a study) is looked at from the
outside, as commands do (``tasks.following``). In both cases the page looks after it by itself until it is over.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from zlib import crc32

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.tasks.following import Resumable, ResumableStore, Store, Task
from bertdemo.tasks.records import State
from bertdemo.ui.kit import errors
from bertdemo.ui.kit.formatting import escape

PATIENCE = 1.0  # seconds; what is done by then shows no bar
_Result = TypeVar("_Result")
_MOST = 64  # results of a visit
_AT_ONCE = 8  # pieces of work of all visitors together: the lock of a classifier lets them take turns
_POLL, _BEGINNING, _TICK = 0.5, 0.5, 2.0  # seconds between two looks at a result, and at a task as it begins, and later
_FORGOTTEN = 10.0  # seconds without a look: the visitor has gone
_USUAL = 12  # pieces; of work that does not know how many it has, the bar shows half of them done at so many


class PendingError(Exception):
    """A result is not there yet; what there is to see of it is drawn. Not a ``BertDemoError``: nothing is wrong."""


@dataclass
class Bar:
    """How far a piece of work is. Library code that may be called off asks ``bar()`` between two pieces."""

    words: str
    share: float = 0.0
    looked: float = field(default_factory=time.monotonic)
    called_off: threading.Event = field(default_factory=threading.Event)
    result: Future[Any] = field(default_factory=Future)
    _pieces: int = 0
    _part: tuple[int, int] = (0, 1)

    def part(self, number: int, of: int) -> None:
        """Begin one of so many parts, counted from 0: the bar goes on where the part before it ended."""
        self._part, self._pieces = (number, of), 0
        self.at(0, 1)

    def __call__(self) -> bool:
        """Count one more piece as done; return whether the work is called off."""
        self._pieces += 1
        return self.at(self._pieces, self._pieces + _USUAL)

    def at(self, done: int, of: int) -> bool:
        """Note that so many pieces of this part are done; return whether the work is called off."""
        part, parts = self._part
        self.share = (part + done / of) / parts
        return self.is_over()

    def is_over(self) -> bool:
        """Return whether the work is called off, by a click or because nobody looks any more."""
        if time.monotonic() - self.looked > _FORGOTTEN:
            self.called_off.set()
        return self.called_off.is_set()


@dataclass(frozen=True)
class Work:
    """A result to be had: what it is kept under, the words on its bar, and how it is made, as for ``result_of``."""

    key: Hashable
    words: str
    make: Callable[[Bar], Any]


def result_of(key: Hashable, words: str, make: Callable[[Bar], _Result], begin: str = "") -> _Result:
    """Return what ``make`` returned for this key earlier in this visit, or returns now; ``words`` stand on the bar.

    ``make`` runs in a thread without Streamlit. With the words of a button in ``begin`` it waits for a person to
    press it.

    Raises:
        PendingError: it is not done, or was called off; the bar, or a button to begin, is drawn.
        BertDemoError: what ``make`` raised; it is made again when it is next asked for.
    """
    works = _works()
    name = f"{crc32(repr(key).encode('utf-8', 'surrogatepass')):x}"
    place = st.empty()  # always the same one: what stood in it makes room for what comes
    bar = works.get(key)
    if bar and bar.called_off.is_set():
        bar, begin = None, begin or "Begin again"
    if bar is None and begin and not place.button(begin, key=f"begin_{name}"):
        raise PendingError
    if bar is None:
        bar = works[key] = Bar(words)
        bar.result = _threads().submit(make, bar)
        wait([bar.result], PATIENCE)
    if not bar.result.done():
        with place.container():
            st.fragment(_follow, run_every=_POLL)(bar, name)
        raise PendingError
    place.empty()
    works.move_to_end(key)
    while len(works) > _MOST:
        works.popitem(last=False)[1].called_off.set()
    if bar.result.exception():
        del works[key]
    result: _Result = bar.result.result()
    return result


def results_of(wanted: Sequence[Work]) -> list[Any]:
    """Return the results of several works, under one bar for all; those known already are not made again.

    Raises as ``result_of`` does.
    """
    works = _works()
    known = {work.key: works[work.key].result.result() for work in wanted if _is_known(works.get(work.key))}

    def make_all(bar: Bar) -> list[Any]:
        """Return one after the other, each a part of the bar."""
        results = []
        for number, work in enumerate(wanted):
            bar.part(number, len(wanted))
            bar.words = f"{number + 1} of {len(wanted)}: {work.words}"
            results.append(known[work.key] if work.key in known else work.make(bar))
        return results

    results = result_of(tuple(work.key for work in wanted), wanted[0].words, make_all)
    for work, result in zip(wanted, results, strict=True):
        if not _is_known(works.get(work.key)):
            works[work.key] = Bar(work.words)
            works[work.key].result.set_result(result)
    return results


def _works() -> OrderedDict[Hashable, Bar]:
    """Return the results of this visit, and what is at work."""
    works: OrderedDict[Hashable, Bar] = st.session_state.setdefault("explained", OrderedDict())
    return works


def _is_known(bar: Bar | None) -> bool:
    return bar is not None and bar.result.done() and not bar.called_off.is_set() and not bar.result.exception()


def _follow(bar: Bar, name: str) -> None:
    """Draw how far it is; drawn anew by itself until it is over."""
    bar.looked = time.monotonic()
    if bar.result.done() or bar.called_off.is_set():
        st.rerun()
    st.progress(bar.share, bar.words)
    st.button("Cancel", key=f"cancel_{name}", on_click=bar.called_off.set)


@st.cache_resource(show_spinner=False)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_ONCE, "explain")


def skip_pending(draw: Callable[..., None], *arguments: Any) -> None:
    """Draw what is known; what is still at work draws its bar instead."""
    with suppress(PendingError):
        draw(*arguments)


def watch(store: Store[Any], task: Task, draw: Callable[[Any], None]) -> None:
    """Have ``draw`` show the task as it stands, again and again, until it has ended: then the page is drawn anew."""
    tick = _tick(task)
    st.fragment(_look, run_every=tick)(store, task.id, draw, tick)


def _look(store: Store[Any], task_id: str, draw: Callable[[Any], None], tick: float) -> None:
    with errors.shown():
        task = store.get(task_id)
        if not task.status.state.is_live or _tick(task) != tick:
            st.rerun()
        draw(task)


def _tick(task: Task) -> float:
    """Return seconds until the next look: people wait for the first step, and then for the last."""
    status = task.status
    return _BEGINNING if status.state is not State.QUEUED and not status.step else _TICK


def progress(task: Task, words: str) -> None:
    """Draw how much of a task is done, with ``words`` (Markdown) above."""
    done, of = task.status.step, task.status.steps
    st.progress(min(1.0, max(0.0, done / of)) if of else 0.0, text=words)


def cancel(store: Store[Any], task: Task, promise: str) -> None:
    """Draw a button that ends a job or a study; ``promise`` says what becomes of it when the page is closed."""
    asked = store.folder(task.id).request() is not None
    title = "Ending after this piece…" if asked else "Cancel"
    if st.button(title, key=f"cancel_{task.id}", icon=":material/stop_circle:", disabled=asked):
        store.cancel(task.id)
        st.rerun()
    st.caption(promise)


def in_queue(task: Task, kind: str) -> str:
    """Return what a task waits for, in words; empty once it has begun."""
    if task.status.state is not State.QUEUED:
        return ""
    return f"Waiting for the {kind} before it" if (task.position or 1) > 1 else "It begins in a moment"


def ending(store: ResumableStore[Any], task: Resumable) -> None:
    """Say why a task ended before its last piece, with the way to go on; nothing of one that finished."""
    if task.status.state is State.FINISHED:
        return
    st.warning(escape(task.status.message))
    if task.can_resume and st.button("Go on where it stopped", key=f"resume_{task.id}", icon=":material/play_arrow:"):
        store.resume(task.id)
        st.rerun()


def delete(store: Store[Any], task: Task, question: str, after: Callable[[], None]) -> None:
    """Draw a button that deletes a task after a ``question``; ``after`` takes it out of the address."""
    with st.popover("Delete", icon=":material/delete:", key=f"delete_{task.id}"):
        st.markdown(question)
        if st.button("Delete it", key=f"delete_{task.id}_yes", type="primary"):
            try:
                store.delete(task.id)
            except BertDemoError as error:
                st.error(escape(str(error)))
            else:
                after()
                st.rerun()
