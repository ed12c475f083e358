"""All runs: how each was made and how good it became; open one, compare several, rename, delete."""

import streamlit as st

from bertdemo.ui import entry, live, report_view, run_actions, run_list, where

entry.through_app()
place = where.row(newest=True)
st.title("Runs", anchor=False)
if all(run.read_only for run in place.runs):
    st.markdown("Every classifier you fine-tune is kept here with its scores, so that you can compare recipes.")
    st.page_link("pages/fine_tune.py", label="Fine-tune the first one", icon=":material/arrow_forward:")
if place.runs:
    run_list.table(place.runs)
if place.run:
    st.header(run_list.title(place.run), anchor=False)
    run_actions.bar(place.run)
    if place.run.status.state.is_live:
        live.watch(place.run)
    else:
        report_view.show(place.run, place.runs)
