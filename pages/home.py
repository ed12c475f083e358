"""Home: what this is, a classifier to try at once, and the doors."""

import streamlit as st

from bertdemo.ui import entry, first_run, welcome, where

entry.through_app()
place = where.row(newest=True, tested=True)
st.title("Fine-tune BERT, and see what it is worth", anchor=False)
st.markdown("Teach a language model to sort texts under your labels, ask it about new ones, and judge it honestly.")

ready = welcome.ready(place)
if ready:
    welcome.try_it(ready)
else:
    first_run.offer()

welcome.doors()
if ready:
    first_run.offer(is_first=False)
welcome.recent(welcome.own(place.runs))
