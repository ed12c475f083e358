"""What can be done to a run as a whole: give it a name, delete it."""

from __future__ import annotations

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui import errors, handles, where
from bertdemo.ui.words import escape


def bar(run: Run) -> None:
    """The two buttons. Deleting asks first."""
    with st.container(horizontal=True, key="run_actions"):
        if st.button("Rename", key="rename_run", icon=":material/edit:", type="tertiary"):
            _ask_name(run)
        if st.button("Delete", key="delete_run", icon=":material/delete:", type="tertiary"):
            _ask_delete(run)


@st.dialog("Rename this run")
def _ask_name(run: Run) -> None:
    name = st.text_input("Name", value=run.name, max_chars=120, key=f"name_of_{run.id}")
    if st.button("Rename", key="rename_yes", type="primary"):
        with errors.shown() as outcome:
            handles.runs().rename(run.id, name)
        if not outcome.failed:
            st.rerun()


@st.dialog("Delete this run?")
def _ask_delete(run: Run) -> None:
    st.markdown(f"**{escape(where.name_of(run))}** with its model, curves and report will be gone for good.")
    with st.container(horizontal=True):
        if st.button("Delete it", key="delete_yes", type="primary"):
            with errors.shown() as outcome:
                handles.runs().delete(run.id)
            if not outcome.failed:
                where.choose(None)
                st.rerun()
        if st.button("Keep it", key="delete_no"):
            st.rerun()
