"""Take it away: the explanation as a page of its own, as pictures, as a table, and as JSON that can be recomputed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.ui.explain import methods, waterfall
from bertdemo.ui.explain.sentences import how
from bertdemo.ui.kit import run_picker
from bertdemo.ui.kit.figure import light_colours

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.explained_text import Subject


def show(subject: Subject, choice: Choice) -> None:
    """Draw a button for each form; a file is made when it is asked for."""
    found, name = methods.attribution(subject, choice), file_name(subject, choice)
    with st.container(horizontal=True, gap="small", key="take_away"):
        _button("Page (HTML)", lambda: page(subject, found), f"{name}.html", "text/html")
        _button("Chart (PNG)", lambda: picture(subject, found), f"{name}.png", "image/png")
        _button("Table (CSV)", lambda: table(found), f"{name}.csv", "text/csv")
        _button("All of it (JSON)", lambda: record(subject, found), f"{name}.json", "application/json")
    st.caption(
        "The page opens without a network. The JSON holds the model's hash, token ids, baseline, steps, remainder and "
        "all scores: enough to compute them again."
    )


def file_name(subject: Subject, choice: Choice) -> str:
    """Return run, label and method in letters that every file system takes; without an ending."""
    name = f"{subject.run.id}-{subject.labels[choice.target]}-{choice.method}"
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:80]


def _button(label: str, data: Any, name: str, kind: str) -> None:
    key = f"take_{name.rsplit('.', 1)[-1]}"
    st.download_button(label, data, name, kind, key=key, icon=":material/download:", on_click="ignore")


def page(subject: Subject, found: Attribution) -> str:
    """Return the explanation as one HTML file."""
    from bertdemo.charts import picture as pictures
    from bertdemo.export.explanation import to_html

    chart, rows = _chart(found)
    drawing = pictures.svg(chart, rows, "", light_colours())
    charts = {_title(subject, found): drawing}
    return to_html(found, subject.answer, subject.labels, run_picker.name_of(subject.run), how(found), charts)


def picture(subject: Subject, found: Attribution) -> bytes:
    """Return the bars as a PNG."""
    from bertdemo.charts import picture as pictures

    chart, rows = _chart(found)
    return pictures.png(chart, rows, _title(subject, found), light_colours())


def table(found: Attribution) -> str:
    """Return words and tokens with their scores."""
    from bertdemo.export.explanation import to_csv

    return to_csv(found)


def record(subject: Subject, found: Attribution) -> str:
    """Return all that it takes to compute the scores again."""
    from bertdemo.explanation.asking import to_json

    values = {"run": subject.run.id, **to_json(found, subject.classifier, subject.answer)}
    return json.dumps(values, ensure_ascii=False, indent=1)


def _chart(found: Attribution) -> tuple[alt.LayerChart, pd.DataFrame]:
    from bertdemo.charts.attribution import waterfall_chart

    rows = waterfall.rows(found)
    return waterfall_chart(len(rows), waterfall.unit(found)), rows


def _title(subject: Subject, found: Attribution) -> str:
    """Return what the bars show and how they were made, as plain text."""
    labels = subject.labels
    against = "" if found.against is None else f" and not {labels[found.against]}"
    share = found.relative_remainder
    sure = "" if share is None or found.is_tiny else f", {100 * share:.2f}\u00a0% not accounted for"
    steps = "" if found.n_steps is None else f", {found.n_steps} {'steps' if found.seed is None else 'samples'}"
    return f"Why {labels[found.target]}{against}: {how(found)}{steps}{sure}"
