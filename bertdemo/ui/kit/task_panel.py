"""A table that is predicted, or a study, at work and after: how far it is, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.tasks.folder import TaskFolder
from bertdemo.tasks.records import State, Status
from bertdemo.ui.kit import errors
from bertdemo.ui.kit.formatting import escape

_TICK = 2  # seconds between two looks at what is at work


class Task(Protocol):
    """A job or a study."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> Status: ...
    @property
    def position(self) -> int | None: ...
    @property
    def can_resume(self) -> bool: ...


class Store(Protocol):
    """The jobs or the studies of a home."""

    def get(self, task_id: str, /) -> Any: ...
    def folder(self, task_id: str, /) -> TaskFolder: ...
    def cancel(self, task_id: str, /) -> None: ...
    def resume(self, task_id: str, /) -> None: ...
    def delete(self, task_id: str, /) -> None: ...


def watch(store: Store, task: Task, words: Callable[[Any], str], promise: str) -> None:
    """Draw a bar with ``words`` and a way to cancel; it looks again by itself until the task has ended.

    ``promise`` says what becomes of it when the page is closed.
    """
    st.fragment(_watch, run_every=_TICK)(store, task.id, words, promise)


def _watch(store: Store, task_id: str, words: Callable[[Any], str], promise: str) -> None:
    with errors.shown():
        task = store.get(task_id)
        status: Status = task.status
        if not status.state.is_live:
            st.rerun()
        st.progress(min(1.0, status.step / status.steps) if status.steps else 0.0, text=words(task))
        asked = store.folder(task_id).request() is not None
        title = "Ending after this piece…" if asked else "Cancel"
        if st.button(title, key=f"cancel_{task_id}", icon=":material/stop_circle:", disabled=asked):
            store.cancel(task_id)
            st.rerun()
        st.caption(promise)


def in_queue(task: Task, kind: str) -> str:
    """Return what a task waits for, in words; empty once it has begun."""
    if task.status.state is not State.QUEUED:
        return ""
    return f"Waiting for the {kind} before it" if (task.position or 1) > 1 else "It begins in a moment"


def ending(store: Store, task: Task) -> None:
    """Say why a task ended before its last piece, with the way to go on; nothing of one that finished."""
    if task.status.state is State.FINISHED:
        return
    st.warning(escape(task.status.message))
    if task.can_resume and st.button("Go on where it stopped", key=f"resume_{task.id}", icon=":material/play_arrow:"):
        store.resume(task.id)
        st.rerun()


def delete(store: Store, task: Task, question: str, after: Callable[[], None]) -> None:
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
