"""Home: what this is, what the latest run found out, and the doors."""

import streamlit as st

from bertdemo.ui import entry, first_run, welcome, where

entry.through_app()
place = where.row()
st.title("Fine-tune BERT, and see what it is worth", anchor=False)
st.markdown("Teach a language model to sort texts under your labels, watch it learn, and judge it honestly.")

best = welcome.latest_tested(place.runs)
if best:
    welcome.result(best)
else:
    first_run.offer()

welcome.doors()
welcome.recent(place.runs)
