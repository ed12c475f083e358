"""Home: what this is, a classifier to try at once, and the doors."""

import streamlit as st

from bertdemo.ui import home
from bertdemo.ui.finetune import start
from bertdemo.ui.kit import address, run_picker

address.through_app()
place = run_picker.row(newest=True, tested=True)
st.title("Fine-tune BERT, and see what it is worth", anchor=False)
st.markdown("Teach a language model to sort texts under your labels, ask it about new ones, and judge it honestly.")

ready = home.ready(place)
if ready:
    home.try_it(ready)
else:
    start.offer_first_run()

home.doors()
if ready:
    start.offer_first_run(is_first=False)
home.recent(home.own(place.runs))
