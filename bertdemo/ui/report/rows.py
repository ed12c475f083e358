"""From a report to the rows that its charts and tables show, and which labels are mixed up: the texts behind a cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.charts.palette import CELL, MODELS
from bertdemo.evaluation.analysis import Analysis
from bertdemo.evaluation.report import Report, Scores
from bertdemo.ui.kit import errors
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, escape
from bertdemo.ui.kit.texts import to_read

if TYPE_CHECKING:
    import pandas as pd

MOST_LABELS = 20
REST = "all other labels"


@st.fragment
def mixed_up(run_id: str, scores: Scores, known: Analysis | None) -> None:
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


@dataclass(frozen=True)
class Cell:
    """How many test texts of a label were called by another (or the same)."""

    label: str
    called: str
    texts: int


def baseline_rows(report: Report) -> tuple[pd.DataFrame, float]:
    """Return rows for ``interval_chart`` of the model and its baseline, and where its axis begins (per cent)."""
    return score_rows(dict(zip(MODELS, (report.test, report.baseline), strict=True)))


def score_rows(named: Mapping[str, Scores]) -> tuple[pd.DataFrame, float]:
    """Return rows for ``interval_chart``, and where its axis begins (per cent)."""
    import pandas as pd

    rows = []
    for model, scores in named.items():
        for metric, value, interval in (
            ("accuracy", scores.accuracy, scores.accuracy_interval),
            ("macro-F1", scores.macro_f1, scores.macro_f1_interval),
        ):
            rows.append((metric, model, 100 * value, 100 * interval.low, 100 * interval.high))
    frame = pd.DataFrame(rows, columns=["metric", "model", "value", "low", "high"])
    return frame, axis_start(float(frame["low"].min()))


def axis_start(lowest: float) -> float:
    """Return where an axis of per cent may begin so that ``lowest`` stands off its end: a multiple of ten."""
    return max(0.0, 10.0 * math.floor((lowest - 5) / 10))


def class_rows(scores: Scores) -> pd.DataFrame:
    """Return precision, recall and F1 (per cent) of every label, the most frequent first."""
    import pandas as pd

    rows = sorted(scores.classes, key=lambda each: -each.support)
    return pd.DataFrame(
        [(c.label, 100 * c.precision, 100 * c.recall, 100 * c.f1, c.support) for c in rows],
        columns=["label", "precision", "recall", "F1", "texts"],
    )


def commonest_mistake(scores: Scores) -> str:
    """Return which label is most often taken for which other, in a sentence."""
    names = [each.label for each in scores.classes]
    called = [name for j, name in enumerate(names) if any(row[j] for row in scores.confusion)]
    if len(called) == 1:
        return (
            f"It calls every test text “{called[0]}”: it did not learn to tell the labels apart. Try a smaller "
            "learning rate, more epochs or more texts."
        )
    wrong = [(n, i, j) for i, row in enumerate(scores.confusion) for j, n in enumerate(row) if n and i != j]
    if not wrong:
        return "It made no mistake on the test texts."
    n, true, predicted = max(wrong)
    total = sum(scores.confusion[true])
    return f"Its commonest mistake is to take “{names[true]}” for “{names[predicted]}”: {n} of {count(total, 'text')}."


def cells(scores: Scores) -> list[Cell]:
    """Return the cells of the confusion matrix that hold texts.

    The mistakes, most frequent first, then the right answers.
    """
    names = [each.label for each in scores.classes]
    found = [Cell(names[i], names[j], n) for i, row in enumerate(scores.confusion) for j, n in enumerate(row) if n]
    return sorted(found, key=lambda cell: (cell.label == cell.called, -cell.texts))


def rows_explained(scores: Scores) -> str:
    """Return how to read the matrix that ``confusion_rows`` makes."""
    if len(scores.classes) <= MOST_LABELS:
        return "Each row holds the test texts of one label."
    rest = len(scores.classes) - MOST_LABELS + 1
    return (
        f"Each row holds the test texts of one label, the last row those of the {rest:,} other labels together: "
        "right and wrong answers among these are in one cell."
    )


def confusion_rows(scores: Scores) -> tuple[pd.DataFrame, int]:
    """Return rows for ``confusion_chart``, and how many labels; beyond 20 the rarest are counted together."""
    import pandas as pd

    names = [each.label for each in scores.classes]
    counts = [list(row) for row in scores.confusion]
    if len(names) > MOST_LABELS:
        names, counts = _fold(names, counts)
    rows = []
    for name, row in zip(names, counts, strict=True):
        total = sum(row)
        rows += [(name, other, n, n / total if total else 0.0) for other, n in zip(names, row, strict=True)]
    return pd.DataFrame(rows, columns=["true", "predicted", "texts", "share"]), len(names)


def _fold(names: list[str], counts: list[list[int]]) -> tuple[list[str], list[list[int]]]:
    order = sorted(range(len(names)), key=lambda i: -sum(counts[i]))
    top, rest = order[: MOST_LABELS - 1], order[MOST_LABELS - 1 :]
    groups = [[i] for i in top] + [rest]
    folded = [[sum(counts[i][j] for i in a for j in b) for b in groups] for a in groups]
    return [names[i] for i in top] + [REST], folded
