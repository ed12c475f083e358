"""Predict: one text or many, by one classifier or several, and how far to trust them."""

import streamlit as st

from bertdemo.ui.kit import address, run_picker
from bertdemo.ui.predict import many_texts, one_text
from bertdemo.ui.predict import one_text as predict_address

address.through_app()
place = run_picker.row(newest=True, tested=True)
st.title("Predict", anchor=False)
if place.run is None:
    st.markdown("Here a classifier tells which label a new text gets, and how sure it is.")
    st.page_link("pages/fine_tune.py", label="Fine-tune a classifier", icon=":material/arrow_forward:")
    st.stop()

if in_vain := predict_address.take_up(place.run, place.runs):
    st.warning(in_vain, icon=":material/link_off:")
one, many = many_texts.tabs()
if one.open:
    st.query_params.pop("job", None)
    with one:
        one_text.full(place.run, place.runs)
else:
    with many:
        many_texts.show(place.run, place.runs)
