"""Fine-tune: choose data, check it, choose a recipe, start; or watch the run that the address names."""

import streamlit as st

from bertdemo.ui import (
    checkup_step,
    data_step,
    entry,
    errors,
    handles,
    live,
    recipe_step,
    report_view,
    run_list,
    start_step,
    where,
)

entry.through_app()
place = where.row(new="A new run")
if place.run:
    st.title(run_list.title(place.run), anchor=False)
    if place.run.status.state.is_live:
        live.watch(place.run)
    else:
        report_view.show(place.run, place.runs)
        st.button("Fine-tune another", key="another", on_click=where.choose, args=(None,))
    st.stop()

st.title("Fine-tune a classifier", anchor=False)
st.header("1  Data", anchor=False)
dataset = data_step.choose()
if dataset is None:
    st.stop()

st.header("2  Check-up", anchor=False)
tokenizer = recipe_step.tokenizer()
usable = None
with errors.shown():
    usable = checkup_step.examine(dataset, tokenizer, recipe_step.max_length())

st.header("3  Recipe", anchor=False)
with errors.shown() as outcome:
    recipe = recipe_step.choose(usable and usable.dataset)
    limit = recipe_step.limit()
    if usable:
        start_step.offer(usable, recipe, limit)
        handles.expect_a_run()
