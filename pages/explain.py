"""Explain: where the model looks, what moved its answer, and whether that is true."""

import streamlit as st

from bertdemo.ui.explain import page as explain_page
from bertdemo.ui.kit import address, run_picker

address.through_app()
place = run_picker.row(newest=True, tested=True)
st.title("Explain", anchor=False)
if place.run is None:
    st.markdown("Here a classifier shows which words moved its answer, and the explanation is put to the test.")
    st.page_link("pages/fine_tune.py", label="Fine-tune a classifier", icon=":material/arrow_forward:")
    st.stop()

explain_page.show(place.run)
