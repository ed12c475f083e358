"""The row at the top of every page: which run this is about, and the picker to change it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bertdemo.errors import RunError
from bertdemo.lines import distinct, shorten
from bertdemo.models.catalog import base_name
from bertdemo.runs.records import Run
from bertdemo.tasks.records import State
from bertdemo.ui.kit import address, errors, resources
from bertdemo.ui.kit.formatting import escape, percent

_NONE = ""
_UP = "<script>/* {} */ document.querySelector('[data-testid=\"stMain\"]')?.scrollTo(0, 0)</script>"
STATE_WORDS = {
    State.QUEUED: "waiting",
    State.STARTING: "starting",
    State.TRAINING: "training",
    State.TESTING: "being tested",
    State.PREDICTING: "predicting",
    State.EXPLAINING: "explaining",
    State.FINISHED: "finished",
    State.STOPPED: "stopped early",
    State.CANCELLED: "cancelled",
    State.FAILED: "failed",
    State.INTERRUPTED: "interrupted",
}
_NAMES: dict[str, tuple[list[Run], dict[str, str]]] = {}  # of the last list that was shown


@dataclass(frozen=True)
class Place:
    """All runs, newest first, and the one that the page is about."""

    runs: list[Run]
    run: Run | None


def row(*, new: str | None = None, newest: bool = False, tested: bool = False) -> Place:
    """Draw the row and return the chosen run.

    The address (``?run=``) decides; without one, the run this person looked at last. ``new`` names the first
    entry on a page that can begin without a run: only a live run is taken up again there by itself. ``newest``
    is for a page that is about some run in any case, and ``tested`` for one that is best begun with a classifier.
    """
    runs = resources.runs().list()
    run = None
    with errors.shown() as outcome:
        run = _chosen(runs, only_live=new is not None)
    if run is None and newest and runs and not outcome.failed:
        run = (resources.newest_with_model(runs) if tested else None) or runs[0]
    if run is not None:
        st.query_params["run"] = st.session_state["run"] = run.id
    if runs:
        with st.container(key="where", gap=None):
            left, right = st.columns([3, 5], vertical_alignment="center", gap="medium")
            with left:
                _picker(runs, run, new)
            if new is not None:  # the page shows either a form or a run
                _scroll_to_top_of(f"{run.id} {run.status.state.is_live}" if run else "form")
            right.caption(_facts(run) if run else "Choose a run to see it, or begin a new one.")
    return Place(runs, run)


def choose(run_id: str | None) -> None:
    """Make the page about another run, or about none."""
    st.session_state["run"] = run_id
    address.put("run", run_id or "")


def name_of(run: Run) -> str:
    """Return the name of a run as plain text."""
    return shorten(run.name or run.id, 60)


def _chosen(runs: list[Run], *, only_live: bool) -> Run | None:
    by_id = {run.id: run for run in runs}
    wanted = st.query_params.get("run")
    if wanted is not None:
        if wanted not in by_id:
            st.query_params.pop("run")
            st.session_state["run"] = None
            raise RunError(
                f"There is no run called {shorten(wanted, 40)!r} here; perhaps it was deleted. Choose another."
            )
        return by_id[wanted]
    remembered = by_id.get(st.session_state.get("run") or _NONE)
    if remembered is None or (only_live and not remembered.status.state.is_live):
        return None
    return remembered


def _picker(runs: list[Run], run: Run | None, new: str | None) -> None:
    names = _names(runs)
    st.session_state["run_picker"] = run.id if run else _NONE
    empty = [_NONE] if new is not None or run is None else []
    st.selectbox(
        "Run",
        [*empty, *names],
        format_func=lambda run_id: names.get(run_id) or new or "No run chosen",
        key="run_picker",
        label_visibility="collapsed",
        on_change=lambda: choose(st.session_state["run_picker"] or None),
    )


def _names(runs: list[Run]) -> dict[str, str]:
    """Return what each run is called in the picker, by its id; kept for as long as the list is the same one."""
    known = _NAMES.get("all")
    if known is None or known[0] is not runs:
        oldest_first = runs[::-1]  # a new run changes the numbers of no other
        labels = distinct(
            name_of(each) if each.read_only else f"{name_of(each)} · {_standing(each)}" for each in oldest_first
        )
        label_of = {each.id: label for each, label in zip(oldest_first, labels, strict=True)}
        known = _NAMES["all"] = runs, {each.id: label_of[each.id] for each in runs}
    return known[1]


def _scroll_to_top_of(view: str) -> None:
    """Scroll up once when ``view`` (an identifier, never a person's text) differs from the last one.

    A new view begins at its top, also where it replaces a longer one on the same page.
    """
    number, last = st.session_state.get("view", (0, ""))
    if last != view:
        st.session_state["view"] = number, last = number + 1, view
    st.html(_UP.format(number), unsafe_allow_javascript=True)


def _standing(run: Run) -> str:
    """Say how a run stands; the row is not drawn anew while it goes on, so that this must stay true."""
    return "under way" if run.status.state.is_live else STATE_WORDS[run.status.state]


def _facts(run: Run) -> str:
    facts = [f"Data **{escape(shorten(run.data.name, 40))}**"] if run.data.name else []  # a damaged run has none
    facts.append(f"Base **{escape(shorten(base_name(run.recipe.base), 40))}**")
    if run.accuracy is not None and run.macro_f1 is not None:
        facts.append(f"**{percent(run.accuracy)}** right, macro\u2011F1\u00a0**{percent(run.macro_f1)}**")
    return " · ".join(facts)
