"""The scores of an attribution as bars that lead from the baseline to the output, and to take away.

As a page of its own, as pictures, as a table, and as JSON that can be recomputed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from bertdemo.lines import distinct, plain, shorten, signed
from bertdemo.ui.explain import methods
from bertdemo.ui.explain.methods import SHORT_BASELINE_NAMES
from bertdemo.ui.explain.sentences import how
from bertdemo.ui.kit import run_picker
from bertdemo.ui.kit.figure import download, figure, light_colours
from bertdemo.ui.kit.formatting import count

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.prediction import Subject

MOST_WORDS = 10  # that get a bar of their own
_LONGEST = 22  # characters of a word beside its bar
_COLUMNS = ["step", "start", "end", "low", "high", "words", "role"]


def bar_rows(attribution: Attribution, most: int = MOST_WORDS) -> pd.DataFrame:
    """Return rows for ``waterfall_chart``, the strongest word first, whose bars lead from the baseline to the output.

    Where scores need not add up there are no ends to lead from and to: every bar begins at 0.
    """
    import pandas as pd

    scores = attribution.word_scores
    order = np.argsort(-np.abs(scores), kind="stable")
    steps = [(shorten(attribution.tokenized.words[i].text, _LONGEST), float(scores[i])) for i in order[:most]]
    if len(order) > most and attribution.adds_up:  # a sum of other scores would mean nothing
        steps.append((count(len(order) - most, "other word"), float(scores[order[most:]].sum())))
    steps.append(("special tokens", attribution.other))
    names = distinct(name for name, _ in steps)
    bars = _leading(attribution, steps) if attribution.adds_up else _from_zero(attribution, steps)
    if attribution.adds_up:
        baseline = f"baseline {SHORT_BASELINE_NAMES[attribution.baseline or 'pad']}"
        names = distinct([baseline, *names, "not accounted for", "this text"])
    return pd.DataFrame(
        [(name, start, end, min(start, end), max(start, end), words, role)
         for name, (start, end, words, role) in zip(names, bars, strict=True)],
        columns=_COLUMNS,
    )  # fmt: skip


def _from_zero(attribution: Attribution, steps: list[tuple[str, float]]) -> list[tuple[float, float, str, str]]:
    return [
        (0.0, score, signed(score) if attribution.signed else f"{score:.3g}", _role(score, attribution.signed))
        for _, score in steps
    ]


def _leading(attribution: Attribution, steps: list[tuple[str, float]]) -> list[tuple[float, float, str, str]]:
    at = attribution.baseline_output or 0.0
    bars = [(0.0, at, plain(at), "grey")]
    for _, score in [*steps, ("", attribution.remainder or 0.0)]:
        bars.append((at, at + score, signed(score), _role(score, True)))
        at += score
    start, end, words, _ = bars[-1]
    bars[-1] = start, end, words, "grey"  # what is left speaks for nothing
    return [*bars, (0.0, attribution.output, plain(attribution.output), "grey")]


def _role(score: float, is_signed: bool) -> str:
    return "grey" if not is_signed else "blue" if score > 0 else "orange"


def score_table_of(attribution: Attribution) -> pd.DataFrame:
    """All words, the strongest first: ``word``, ``place`` in the text (from 1), ``score``, ``share`` of ΔF (%)."""
    import pandas as pd

    scores = attribution.word_scores
    frame = pd.DataFrame(
        {
            "word": [word.text for word in attribution.tokenized.words],
            "place": np.arange(1, len(scores) + 1),
            "score": scores,
        }
    )
    if attribution.adds_up and attribution.difference:
        frame["share"] = 100 * scores / attribution.difference
    return frame.iloc[np.argsort(-np.abs(scores), kind="stable")]


def show_bars(attribution: Attribution, title: str, note: str) -> None:
    """Draw the waterfall where scores add up, otherwise bars from zero; ``title`` and ``note`` are Markdown."""
    from bertdemo.charts.one_text import waterfall_chart

    bars = bar_rows(attribution)
    figure(
        title,
        bars,
        waterfall_chart,
        len(bars),
        unit(attribution),
        key="waterfall",
        alt="Scores of the strongest words as bars" + (", from baseline to output" if attribution.adds_up else ""),
        note=note,
        table=bars[["step", "start", "end", "words"]],
    )


def unit(attribution: Attribution) -> str:
    """Return what the horizontal axis measures."""
    if attribution.adds_up:
        return "Logits, from the baseline to this text"
    return "Score (logits)" if attribution.signed else "Size of the score"


def show_files(subject: Subject, choice: Choice) -> None:
    """Draw a button for each form; a file is made when it is asked for."""
    found, name = methods.attribution(subject, choice), file_name(subject, choice)
    with st.container(horizontal=True, gap="small", key="take_away"):
        download("Page (HTML)", lambda: page(subject, found), f"{name}.html", key="take_html")
        download("Chart (PNG)", lambda: picture(subject, found), f"{name}.png", key="take_png")
        download("Table (CSV)", lambda: table(found), f"{name}.csv", key="take_csv")
        download("All of it (JSON)", lambda: record(subject, found), f"{name}.json", key="take_json")
    st.caption(
        "The page opens without a network. The JSON holds the model's hash, token ids, baseline, steps, remainder and "
        "all scores: enough to compute them again."
    )


def file_name(subject: Subject, choice: Choice) -> str:
    """Return run, label and method in letters that every file system takes; without an ending."""
    name = f"{subject.run.id}-{subject.labels[choice.target]}-{choice.method}"
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:80]


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
    from bertdemo.charts.one_text import waterfall_chart

    rows = bar_rows(found)
    return waterfall_chart(len(rows), unit(found)), rows


def _title(subject: Subject, found: Attribution) -> str:
    """Return what the bars show and how they were made, as plain text."""
    labels = subject.labels
    against = "" if found.against is None else f" and not {labels[found.against]}"
    share = found.relative_remainder
    sure = "" if share is None or found.is_tiny else f", {100 * share:.2f}\u00a0% not accounted for"
    steps = "" if found.n_steps is None else f", {found.n_steps} {'steps' if found.seed is None else 'samples'}"
    return f"Why {labels[found.target]}{against}: {how(found)}{steps}{sure}"
