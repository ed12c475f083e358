"""A classifier for use elsewhere: as a zip, as ONNX, in 8 bits, and what the smaller forms cost."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.drafts import make_scratch
from bertdemo.runs.records import Run
from bertdemo.ui.kit import errors, resources
from bertdemo.ui.kit.figure import download
from bertdemo.ui.kit.formatting import percent
from bertdemo.ui.report.sections import Reported, Section

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.export.exporting import Format

_ZIP = (
    "**For Python.** A zip with weights, tokenizer, labels and a model card; `transformers.pipeline` loads it as it is."
)
_ONNX = "**ONNX.** One file with network, labels and tokenizer, for any language; half a minute to make."
_INT8 = "**ONNX in 8 bits.** A quarter of the size; measure below what that costs."
_NOTEBOOK = "**As a notebook.** The steps that made this run, in Python; needs bertdemo (`pip install .` in a clone)."
_FORMS: tuple[tuple[Format, str, str], ...] = (
    ("zip", _ZIP, ".zip"),
    ("onnx", _ONNX, ".onnx"),
    ("int8", _INT8, ".int8.onnx"),
)
_MEGABYTE = 1e6


@dataclass(frozen=True, eq=False)
class Made:
    """A file, which is removed once nobody keeps this record, and what was measured on the way."""

    file: Path
    measured: tuple[Mapping[str, Any], ...]


class ExportSection(Section):
    """The classifier as a file."""

    title, key, icon, place = "Export the classifier", "export", "download", 8

    def applies(self, subject: Reported) -> bool:
        return subject.run.status.state.has_model

    def draw(self, subject: Reported) -> None:
        export(subject.run)


def export(run: Run) -> None:
    """Draw a button for each form, and one that measures them; nothing is made before it is asked for."""
    from bertdemo.prediction.model_cache import last_written

    edition = last_written(run.id, resources.runs().model_folder(run.id))
    for kind, words, ending in _FORMS:
        _form(run, edition, kind, words, ending)
    _notebook(run)
    _measurement(run, edition)


def _form(run: Run, edition: int, kind: Format, words: str, ending: str) -> None:
    made = f"made_{kind}_{run.id}_{edition}"
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(words)
    place = right.empty()
    if st.session_state.get(made) or place.button("Make the file", key=f"make_{kind}", width="stretch"):
        with errors.shown():
            with place, st.spinner("It is made…"):
                file = _made(run.id, edition, kind, measure=False)
            st.session_state[made] = True
            with place:
                _download(file, f"{run.id}{ending}", kind)


def _notebook(run: Run) -> None:
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.markdown(_NOTEBOOK)
    place = right.empty()
    if place.button("Make the notebook", key="make_notebook", width="stretch"):
        with errors.shown():
            from bertdemo.library.notebooks import notebook

            content = notebook(resources.runs().folder(run.id), show_paths=False)
            with place:
                download("Download", content, f"{run.id}.ipynb", key="download_notebook", width="stretch")


def _download(made: Made, name: str, kind: Format) -> None:
    size = f"{made.file.stat().st_size / _MEGABYTE:.1f} MB"
    download(f"Download, {size}", made.file.read_bytes, name, key=f"download_{kind}", width="stretch")


@st.cache_resource(show_spinner=False, max_entries=8)
def _made(run_id: str, edition: int, kind: Format, *, measure: bool) -> Made:  # noqa: ARG001 (the edition is a key)
    from bertdemo.export.exporting import ENDINGS, export_apart

    file = make_scratch() / f"{run_id}{ENDINGS[kind]}"
    try:
        values = export_apart(resources.settings(), run_id, kind, file, measure=measure)
    except BaseException:
        shutil.rmtree(file.parent, ignore_errors=True)
        raise
    made = Made(file, tuple(values.get("measured", ())))
    weakref.finalize(made, shutil.rmtree, file.parent, ignore_errors=True)
    return made


def _measurement(run: Run, edition: int) -> None:
    key = f"measured_{run.id}_{edition}"
    place = st.empty()
    asked = st.session_state.get(key) or place.button(
        "Measure what they cost and keep, one or two minutes", key="measure_exports"
    )
    if not asked:
        return
    with place, st.spinner("They answer the test texts one by one…"):
        measured = _made(run.id, edition, "int8", measure=True).measured
    st.session_state[key] = True
    place.markdown(finding(measured))
    _table(measured)


def _table(measured: Sequence[Mapping[str, Any]]) -> None:
    number = st.column_config.NumberColumn
    st.dataframe(
        measured_rows(measured),
        hide_index=True,
        key="measured_exports",
        alt="Size, latency, agreement with the original and accuracy of each form",
        column_config={
            "size": number("Size (MB)", format="%.1f"),
            "latency": number("Latency (ms)", format="%.1f", help="Median of single texts, tokenising included"),
            "agreement": number("Same label (%)", format="%.2f"),
            "accuracy": number("Right (%)", format="%.1f"),
            "difference": number("Largest difference", format="%.4f", help="Of any probability of any text"),
        },
    )
    st.caption("On this machine, in turns text by text. Intervals of the agreement are Wilson's.")


def finding(measured: Sequence[Mapping[str, Any]]) -> str:
    """Return what the smallest form saves and costs, in Markdown; the first is the original."""
    original, small = measured[0], min(measured, key=lambda each: each["bytes"])
    faster = original["milliseconds"] / small["milliseconds"]
    speed = f"{faster:.1f} times as fast" if faster >= 1.05 else "no faster" if faster > 0.95 else "slower"
    return (
        f"**{small['form']}** is {original['bytes'] / small['bytes']:.1f} times smaller than {original['form']} and "
        f"{speed}; it gives the same label on {percent(small['agreement'], 2)} of {small['texts']:,} test texts."
    )


def measured_rows(measured: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row a form."""
    import pandas as pd

    rows = [
        (
            each["form"],
            each["bytes"] / _MEGABYTE,
            each["milliseconds"],
            100 * each["agreement"],
            f"{100 * each['agreement_interval']['low']:.2f} to {100 * each['agreement_interval']['high']:.2f}",
            100 * each["accuracy"],
            each["difference"],
        )
        for each in measured
    ]
    columns = ["form", "size", "latency", "agreement", "95 % interval", "accuracy", "difference"]
    return pd.DataFrame(rows, columns=columns)
