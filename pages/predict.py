"""Predict: one text or many, by one classifier or several, and how far to trust them."""

import streamlit as st

from bertdemo.ui import entry, predict_link, predict_many, predict_one_text, where

entry.through_app()
place = where.row(newest=True, tested=True)
st.title("Predict", anchor=False)
if place.run is None:
    st.markdown("Here a classifier tells which label a new text gets, and how sure it is.")
    st.page_link("pages/fine_tune.py", label="Fine-tune a classifier", icon=":material/arrow_forward:")
    st.stop()

if in_vain := predict_link.take_up(place.run, place.runs):
    st.warning(in_vain, icon=":material/link_off:")
one, many = predict_many.tabs()
if one.open:
    st.query_params.pop("job", None)
    with one:
        predict_one_text.full(place.run, place.runs)
else:
    with many:
        predict_many.show(place.run)
