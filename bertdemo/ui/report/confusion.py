"""Which labels are mixed up: the confusion matrix, and behind each of its cells the texts."""

from __future__ import annotations

import streamlit as st

from bertdemo.charts.palette import CELL
from bertdemo.evaluation.analysis import Analysis
from bertdemo.evaluation.report import Scores
from bertdemo.ui.kit import errors
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape
from bertdemo.ui.kit.texts import to_read
from bertdemo.ui.report.rows import Cell, cells, class_rows, commonest_mistake, confusion_rows, rows_explained


@st.fragment
def labels(run_id: str, scores: Scores, known: Analysis | None) -> None:
    """Draw the matrix with the texts of a chosen cell, and every label's own scores."""
    from bertdemo.charts.report import confusion_chart

    rows, number = confusion_rows(scores)
    figure(
        "Which labels does it mix up?",
        rows,
        confusion_chart,
        number,
        key="confusion",
        alt="Confusion matrix: counts of true labels in rows, predicted labels in columns",
        note=f"{escape(commonest_mistake(scores))} {rows_explained(scores)}",
        clicked=lambda: _clicked(run_id, scores),
    )
    if known:
        with errors.shown():
            _texts(run_id, scores, known)
    st.markdown("**How good is each label?**")
    number_of = st.column_config.NumberColumn
    columns = {name: number_of(f"{name} (%)", format="%.1f") for name in ("precision", "recall", "F1")}
    st.dataframe(class_rows(scores), hide_index=True, column_config=columns, key="classes", alt="Scores per label")
    st.caption("Precision: how often it is right when it says this label. Recall: how many of this label it finds.")


def _texts(run_id: str, scores: Scores, known: Analysis) -> None:
    chosen = st.selectbox(
        "Read the texts of a cell",
        cells(scores),
        index=None,
        format_func=_words,
        placeholder="Click a cell above, or choose one here",
        key=_key(run_id),
    )
    if chosen:
        to_read(known.behind(chosen.label, chosen.called), key=f"cell_{run_id}_{chosen.label}_{chosen.called}")


def _clicked(run_id: str, scores: Scores) -> None:
    """Choose the clicked cell in the list; an empty one, or several labels folded into one, has no entry there."""
    picked = st.session_state["confusion"]["selection"].get(CELL) or [{}]
    wanted = picked[0].get("true"), picked[0].get("predicted")
    found = (cell for cell in cells(scores) if (cell.label, cell.called) == wanted)
    st.session_state[_key(run_id)] = next(found, None)


def _key(run_id: str) -> str:
    return f"cell_{run_id}"


def _words(cell: Cell) -> str:
    if cell.label == cell.called:
        return f"“{cell.label}” found: {count(cell.texts, 'text')}"
    return f"“{cell.label}” taken for “{cell.called}”: {count(cell.texts, 'text')}"
