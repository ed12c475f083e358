"""Fine-tune: choose data, check it, choose a recipe, start; or watch the run that the address names."""

import streamlit as st

from bertdemo.ui import runs
from bertdemo.ui.finetune import checkup, data_choice, live, recipe_choice, start
from bertdemo.ui.kit import address, errors, resources, run_picker
from bertdemo.ui.report import page as report_page

address.through_app()
place = run_picker.row(new="A new run")
if place.run:
    st.title(runs.title(place.run), anchor=False)
    if place.run.status.state.is_live:
        live.watch(place.run)
    else:
        report_page.show(place.run, place.runs)
        st.button("Fine-tune another", key="another", on_click=run_picker.choose, args=(None,))
    st.stop()

st.title("Fine-tune a classifier", anchor=False)
st.header("1  Data", anchor=False)
dataset = data_choice.choose()
if dataset is None:
    st.stop()

st.header("2  Check-up", anchor=False)
tokenizer = recipe_choice.tokenizer()
usable = None
with errors.shown():
    usable = checkup.examine(dataset, tokenizer, recipe_choice.max_length())

st.header("3  Recipe", anchor=False)
with errors.shown() as outcome:
    recipe = recipe_choice.choose(usable and usable.dataset)
    limit = recipe_choice.limit()
    if usable:
        start.offer(usable, recipe, limit, place.runs)
        resources.expect_a_task()
