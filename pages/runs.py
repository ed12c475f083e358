"""All runs: how each was made and how good it became; open one, compare several, rename, delete."""

import streamlit as st

from bertdemo.ui import runs
from bertdemo.ui.finetune import live
from bertdemo.ui.kit import address, run_picker
from bertdemo.ui.report import page as report_page

address.through_app()
place = run_picker.row(newest=True)
st.title("Runs", anchor=False)
if all(run.read_only for run in place.runs):
    st.markdown("Every classifier you fine-tune is kept here with its scores, so that you can compare recipes.")
    st.page_link("pages/fine_tune.py", label="Fine-tune the first one", icon=":material/arrow_forward:")
if place.runs:
    runs.table(place.runs)
if place.run:
    st.header(runs.title(place.run), anchor=False)
    runs.actions(place.run)
    if place.run.status.state.is_live:
        live.watch(place.run)
    else:
        report_page.show(place.run, place.runs)
