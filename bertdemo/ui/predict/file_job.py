"""A table while it is predicted and after: how far it is, what came out, the rows to look at, and the files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.lines import shorten
from bertdemo.tasks.records import State
from bertdemo.ui.kit import address, prediction, resources, waiting
from bertdemo.ui.kit.figure import download, figure
from bertdemo.ui.kit.formatting import about, compact, count, duration, escape, percent, quoted
from bertdemo.ui.predict import trust

if TYPE_CHECKING:
    from pathlib import Path

    from bertdemo.jobs.records import Agreement, Format, Job, JobSummary

_MOST_UNKNOWN = 5  # labels that are named
_DOUBTFUL = 0.8  # of two labels one is always above a half
_REVIEWED, _LONGEST, _MOST_LABELS = 20, 240, 20  # rows, characters, bars
_FORMATS: tuple[tuple[Format, str], ...] = (("csv", "CSV"), ("parquet", "Parquet"), ("jsonl", "JSON lines"))


def show(job_id: str) -> None:
    """Draw the job as it stands; while it is at work the page looks again every two seconds.

    Raises:
        RunError: there is no such job.
    """
    st.button(
        "Predict another table", key="another_table", icon=":material/arrow_back:", on_click=address.put, args=("job",)
    )
    job = resources.jobs().get(job_id)
    if job.card:
        st.markdown(f"**{escape(shorten(job.card.source_name, 60))}**, by {escape(shorten(job.card.run_name, 60))}")
    if job.status.state.is_live:
        waiting.watch(resources.jobs(), job, _at_work)
    else:
        _ended(job)


def _at_work(job: Job) -> None:
    waiting.progress(job, progress(job))
    promise = "You can close this page: the work goes on, and its address leads back here."
    waiting.cancel(resources.jobs(), job, promise)


def progress(job: Job) -> str:
    """Return how far the job is, in words."""
    if waits := waiting.in_queue(job, "table"):
        return waits
    if not job.done:
        return escape(job.status.message)
    words = [f"{job.done:,} of {count(job.rows, 'row')}"]
    if job.rows_per_second:
        words.append(f"{compact(job.rows_per_second)} a second")
    if job.remaining is not None:
        words.append(f"{about(job.remaining)} left")
    return ", ".join(words)


def _ended(job: Job) -> None:
    waiting.ending(resources.jobs(), job)
    if job.done:
        _findings(job)
    question = "Delete this table and its predictions, for good?"
    waiting.delete(resources.jobs(), job, question, lambda: address.put("job"))


def _downloads(job: Job) -> None:
    stem = (job.card.source_name if job.card else job.id).rpartition(".")[0] or "predictions"
    with st.container(horizontal=True, key="downloads"):
        for kind, title in _FORMATS:
            download(title, partial(_content, job.id, kind), f"{stem}_predicted.{kind}", key=f"download_{kind}")


def _content(job_id: str, kind: Format) -> bytes:
    path: Path = resources.jobs().result(job_id, kind)
    return path.read_bytes()


def _findings(job: Job) -> None:
    summary = _summary(job.id, job.done, trust.least() or _DOUBTFUL)
    st.markdown(said(summary))
    if job.status.state is State.FINISHED:
        _downloads(job)
    _counts(summary)
    rows = _review(job.id, job.done)
    if rows["Row"]:
        st.markdown("**Which rows are worth a look?** The least certain come first.")
        st.table(rows, border="horizontal", hide_index=True, alt="The rows with the least certain predictions")
    st.caption(cost(summary))


@st.cache_data(show_spinner="Counting…", max_entries=32)
def _summary(job_id: str, done: int, threshold: float) -> JobSummary:  # noqa: ARG001 (done is part of the key)
    return resources.jobs().summary(job_id, threshold)


@st.cache_data(show_spinner=False, max_entries=16)
def _review(job_id: str, done: int) -> dict[str, list[str]]:  # noqa: ARG001 (the key of the cache)
    """Return columns of Markdown.

    A data frame could be copied into a spreadsheet, which would run a text as a formula.
    """
    rows = resources.jobs().least_confident(job_id, _REVIEWED)
    pairs = any(row.pair is not None for row in rows)
    return {
        "Row": [f"{row.row:,}" for row in rows],
        "Text": [escape(shorten(row.text, _LONGEST)) for row in rows],
        **({"Second text": [escape(shorten(row.pair or "", _LONGEST)) for row in rows]} if pairs else {}),
        "Label": [escape(shorten(row.label, 60)) for row in rows],
        "Certain": [prediction.certainty(row.confidence) for row in rows],
    }


def said(summary: JobSummary) -> str:
    """Return what came out, as Markdown.

    How certain, how many rows below the threshold, and how often right if known.
    """
    parts = [f"**{count(summary.rows, 'row')}** predicted"]
    if summary.mean_confidence is not None:
        parts[0] += f", on average {prediction.certainty(summary.mean_confidence)} certain"
        parts.append(
            f"{count(summary.below, 'row') if summary.below else 'none'} below {percent(summary.threshold, 0)}"
        )
    if summary.empty:
        parts.append(
            f"{count(summary.empty, 'row')} without a text that the model can read, and so without a prediction"
        )
    if summary.mostly_unknown:
        parts.append(f"of {count(summary.mostly_unknown, 'row')} the model knows less than half (`unknown_share`)")
    if summary.cut:
        parts.append(f"{count(summary.cut, 'text')} longer than the model reads, and cut")
    return "; ".join(parts) + "." + _agreement(summary.agreement)


def _agreement(agreed: Agreement | None) -> str:
    if agreed is None:
        return ""
    names = ", ".join(map(quoted, agreed.unknown_labels[:_MOST_UNKNOWN]))
    more = " and others" if len(agreed.unknown_labels) > _MOST_UNKNOWN else ""
    unknown = f"{count(agreed.unknown, 'row')} with a label that it does not know ({names}{more})"
    rest = f" Not counted: {unknown}." if agreed.unknown else ""
    if agreed.accuracy is None or agreed.macro_f1 is None:
        return rest
    right = f"**{percent(agreed.accuracy)}** are right (macro-F1 {percent(agreed.macro_f1)})"
    return f" Of {count(agreed.n, 'row')} with a label that it knows, {right}.{rest}"


def cost(summary: JobSummary) -> str:
    """Say time, speed and number format."""
    speed = f", {compact(summary.texts_per_second)} texts a second" if summary.texts_per_second else ""
    return f"Computed in {summary.precision} in {duration(summary.seconds)}{speed}."


def _counts(summary: JobSummary) -> None:
    import pandas as pd

    from bertdemo.charts.finetuning import label_chart

    ordered = sorted(summary.counts, key=lambda each: -each[1])
    rows = pd.DataFrame(ordered, columns=["label", "texts"])
    shown = rows.head(_MOST_LABELS)
    figure(
        "How often does it give each label?",
        shown,
        label_chart,
        len(shown),
        max(n for _, n in ordered),
        key="job_labels",
        alt="Number of rows per predicted label",
        table=rows,
    )
