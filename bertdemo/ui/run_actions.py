"""What can be done to a run as a whole: give it a name, delete it."""

from __future__ import annotations

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui import errors, handles, where
from bertdemo.ui.words import escape

_RENAMED = "run_was_renamed"  # its panel is still open


def bar(run: Run) -> None:
    """The two actions. Each opens a small panel first; deleting asks there. What comes with the app has none."""
    if run.read_only:
        st.caption("This classifier comes with the app and stays as it is.")
        return
    with st.container(horizontal=True, key="run_actions"):
        _rename(run)
        if not run.status.state.is_live:
            _delete(run)


def _rename(run: Run) -> None:
    key = f"rename_run_{run.id}"
    if st.session_state.pop(_RENAMED, False):
        st.session_state[key] = False  # which can be said only before it is drawn
    with st.popover("Rename", icon=":material/edit:", key=key, on_change="rerun"):
        name = st.text_input("Name", value=run.name, max_chars=120, key=f"name_of_{run.id}")
        if st.button("Save", key="rename_yes", type="primary"):
            with errors.shown():
                handles.runs().rename(run.id, name)
                st.session_state[_RENAMED] = True
                st.rerun()


def _delete(run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"delete_run_{run.id}"):
        st.markdown(f"Delete **{escape(where.name_of(run))}** with its model, curves, report and studies, for good?")
        if st.button("Delete it", key="delete_yes", type="primary"):
            with errors.shown():
                handles.studies().delete_run(run.id)
                where.choose(None)
                st.rerun()
