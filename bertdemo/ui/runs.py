"""The list of runs, and what can be done to a run as a whole: give it a name, delete it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.models.catalog import base_name
from bertdemo.runs.planning import recipe_in_words
from bertdemo.runs.records import Run
from bertdemo.ui.kit import errors, resources, run_picker
from bertdemo.ui.kit.formatting import ago, duration, escape

if TYPE_CHECKING:
    import pandas as pd

# Pixels. A phone has room for name, state and accuracy, a desktop for all up to the beginning of the recipe.
_WIDTHS = {"Name": 166, "State": 86, "Base": 84, "Time": 76, "Begun": 84, "Recipe": 240}
_SCORE_WIDTH = 69
_ROW, _LINE = 35, 15  # of a row of one line, and of each more
_LETTERS = 20  # of a name in one line
_RENAMED = "run_was_renamed"  # its panel is still open


def title(run: Run) -> str:
    """Return the whole name, which lists and pickers shorten."""
    return escape(run.name or run.id)


def table(runs: list[Run]) -> None:
    """Draw one row a run, newest first; a chosen row becomes the run of the page."""
    ids = [run.id for run in runs]
    height = row_height([run_picker.name_of(run) for run in runs])

    def opened() -> None:
        rows = st.session_state["run_table"]["selection"]["rows"]
        if rows:
            run_picker.choose(ids[rows[0]])

    share = st.column_config.NumberColumn
    st.dataframe(
        _frame(runs),
        hide_index=True,
        key="run_table",
        on_select=opened,
        selection_mode="single-row",
        column_config={
            **{name: st.column_config.TextColumn(width=width) for name, width in _WIDTHS.items()},
            "accuracy": share(
                "Accuracy", format="%.1f %%", width=_SCORE_WIDTH, help="On test texts the model never saw"
            ),
            "macro_f1": share(
                "Macro-F1",
                format="%.1f %%",
                width=_SCORE_WIDTH,
                help="The mean over labels of F1: rare labels count as much",
            ),
        },
        placeholder="",
        row_height=height,
        height=min(480, 38 + height * len(runs)),
        alt="All runs with their state, scores, base model, recipe and data",
    )


def row_height(names: list[str]) -> int:
    """Return pixels of a row, the same for all, in which the longest name is read whole.

    Cells wrap in rows of more lines.
    """
    return _ROW + _LINE * (max(math.ceil(len(name) / _LETTERS) for name in names) - 1)


def _frame(runs: list[Run]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "Name": [run_picker.name_of(run) for run in runs],
            "State": [run_picker.STATE_WORDS[run.status.state] for run in runs],
            "accuracy": [None if run.accuracy is None else 100 * run.accuracy for run in runs],
            "macro_f1": [None if run.macro_f1 is None else 100 * run.macro_f1 for run in runs],
            "Base": [shorten(base_name(run.recipe.base), 60) for run in runs],
            "Time": ["" if run.seconds is None else duration(run.seconds) for run in runs],
            "Begun": [ago(run.created) for run in runs],
            "Recipe": [recipe_in_words(run.recipe, run.data.n_train) or "standard" for run in runs],
            "Data": [shorten(run.data.name, 60) for run in runs],
            "Trained on": [f"{run.data.n_train:,} texts" for run in runs],
        }
    )


def actions(run: Run) -> None:
    """Draw the two actions. Each opens a small panel first; deleting asks there. What comes with the app has none."""
    if run.read_only:
        st.caption("This classifier comes with the app and stays as it is.")
        return
    with st.container(horizontal=True, key="run_actions"):
        _rename(run)
        if not run.status.state.is_live:
            _delete(run)


def _rename(run: Run) -> None:
    key = f"rename_run_{run.id}"
    if st.session_state.pop(_RENAMED, False):
        st.session_state[key] = False  # which can be said only before it is drawn
    with st.popover("Rename", icon=":material/edit:", key=key, on_change="rerun"):
        name = st.text_input("Name", value=run.name, max_chars=120, key=f"name_of_{run.id}")
        if st.button("Save", key="rename_yes", type="primary"):
            with errors.shown():
                resources.runs().rename(run.id, name)
                st.session_state[_RENAMED] = True
                st.rerun()


def _delete(run: Run) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"delete_run_{run.id}"):
        st.markdown(
            f"Delete **{escape(run_picker.name_of(run))}** with its model, curves, report and studies, for good?"
        )
        if st.button("Delete it", key="delete_yes", type="primary"):
            with errors.shown():
                resources.studies().delete_run(run.id)
                run_picker.choose(None)
                st.rerun()
