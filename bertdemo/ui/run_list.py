"""The list of runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.models.catalog import base_name
from bertdemo.runs.naming import recipe_in_words
from bertdemo.runs.records import Run
from bertdemo.ui import where
from bertdemo.ui.words import ago, duration, escape

if TYPE_CHECKING:
    import pandas as pd

# Pixels. A phone has room for name, state and accuracy, a desktop for all up to the beginning of the recipe.
_WIDTHS = {"Name": 166, "State": 86, "Base": 84, "Time": 76, "Begun": 84, "Recipe": 240}
_SCORE_WIDTH = 69
_ROW, _LINE = 35, 15  # of a row of one line, and of each more
_LETTERS = 20  # of a name in one line


def title(run: Run) -> str:
    """The whole name, which lists and pickers shorten."""
    return escape(run.name or run.id)


def table(runs: list[Run]) -> None:
    """One row a run, newest first; a chosen row becomes the run of the page."""
    ids = [run.id for run in runs]
    height = row_height([where.name_of(run) for run in runs])

    def opened() -> None:
        rows = st.session_state["run_table"]["selection"]["rows"]
        if rows:
            where.choose(ids[rows[0]])

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
    """Pixels of a row, the same for all, in which the longest name is read whole: cells wrap in rows of more lines."""
    return _ROW + _LINE * (max(math.ceil(len(name) / _LETTERS) for name in names) - 1)


def _frame(runs: list[Run]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "Name": [where.name_of(run) for run in runs],
            "State": [where.STATE_WORDS[run.status.state] for run in runs],
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
