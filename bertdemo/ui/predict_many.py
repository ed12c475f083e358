"""Predict, many texts: lines that are pasted or a file, its columns, and the button that makes a job of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.errors import DataError
from bertdemo.ui import errors, handles, predict_job, where
from bertdemo.ui.words import ago, count, escape, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertdemo.jobs.records import JobColumns
    from bertdemo.runs.records import Run

ONE, MANY = TABS = ("One text", "Many texts")
LINES, FILE = SOURCES = ("Lines of text", "A file of yours")
_NONE = "none"
_PASTED = "pasted lines"
_TABLE = "many_table"  # in the session: (upload, name, frame); the uploader forgets its file when the page changes
_EARLIER = 5


def tabs() -> Sequence[Any]:
    """The two tabs of the page; an address that names a job opens the second."""
    default = MANY if "job" in st.query_params else ONE
    return st.tabs(TABS, default=default, key="predict_tab", on_change="rerun")


def show(run: Run) -> None:
    """A job that the address names, or the way to a new one."""
    job_id = st.query_params.get("job")
    with errors.shown():
        if job_id:
            predict_job.show(job_id)
            return
        _new(run)
    _earlier()


def _new(run: Run) -> None:
    kind = st.radio(
        "Where the texts come from",
        SOURCES,
        horizontal=True,
        key="many_kind",
        persist_state="session",
        label_visibility="collapsed",
    )
    table = _pasted(run) if kind == LINES else _uploaded()
    if table is None:
        return
    name, frame = table
    columns = _columns(run, frame, name == _PASTED)
    exact = st.toggle(
        "Exact",
        key="many_exact",
        persist_state="session",
        help="In fp32, as single texts are. Otherwise in the fastest number format of this machine, whose labels agree "
        "with those of fp32 and whose probabilities differ in the third digit.",
    )
    title = f"Predict {count(len(frame), 'text')}"
    if st.button(title, type="primary", key="many_start", icon=":material/play_arrow:"):
        job_id = handles.jobs().submit(run.id, frame, columns, name, exact=exact)
        st.query_params["job"] = job_id
        st.rerun()


def _pasted(run: Run) -> tuple[str, pd.DataFrame] | None:
    """One row a line. Where the classifier reads two texts, a tab stands between them, as when cells are pasted."""
    pairs = run.data.has_pairs
    lines = st.text_area(
        "Texts, one a line" + (", with a tab before the second text" if pairs else ""),
        key="many_lines",
        height=180,
        placeholder="One text\nAnother text",
        persist_state="session",
    )
    kept = [line.strip() for line in lines.splitlines() if line.strip()]
    if not kept:
        st.caption("Paste some lines: a column of a spreadsheet, sentences, messages.")
        return None
    import pandas as pd

    if not pairs:
        return _PASTED, pd.DataFrame({"text": kept}, dtype=object)
    parts = [line.partition("\t") for line in kept]
    return _PASTED, pd.DataFrame(
        {"text": [first for first, _, _ in parts], "second text": [second for _, _, second in parts]}, dtype=object
    )


def _uploaded() -> tuple[str, pd.DataFrame] | None:
    from bertdemo.data.reading import FILE_TYPES, read_table

    uploaded = st.file_uploader(
        "A table with a text in each row",
        type=list(FILE_TYPES),
        key="many_upload",
        on_change=lambda: st.session_state.pop(_TABLE, None),
        help="CSV, TSV, JSON lines, Parquet or Excel; delimiter and encoding are detected. Your columns are kept.",
    )
    known = st.session_state.get(_TABLE)
    if uploaded is not None and (known is None or known[0] != uploaded.file_id):
        with st.spinner("Reading the file…"):
            frame = read_table(uploaded.name, uploaded.getvalue(), handles.settings())
        known = st.session_state[_TABLE] = (uploaded.file_id, uploaded.name, frame)
    if known is None:
        st.caption("The result is your table, in its order, with the label, its certainty and all probabilities added.")
        return None
    _, name, frame = known
    st.caption(f"{escape(name)}: {count(len(frame), 'row')}, {count(len(frame.columns), 'column')}")
    return name, frame


def _columns(run: Run, frame: pd.DataFrame, is_pasted: bool) -> JobColumns:
    from bertdemo.jobs.records import JobColumns

    names = [str(name) for name in frame.columns]
    if is_pasted:
        return JobColumns(names[0], names[1] if run.data.has_pairs else None)
    text, pair = guess(frame)
    mark = abs(hash(tuple(names)))  # another table, other widgets
    left, middle, right = st.columns(3)
    chosen = _pick(left, "Text", names, text, f"many_text_{mark}")
    second = None
    if run.data.has_pairs:
        rest = [name for name in names if name != chosen]
        second = _pick(middle, "Second text", rest, pair if pair in rest else None, f"many_pair_{mark}")
        if second is None:
            raise DataError("This classifier reads two texts: choose the column of the second one.")
    rest = [_NONE, *(name for name in names if name not in (chosen, second))]
    label = _pick(
        right if run.data.has_pairs else middle, "Right labels (optional)", rest, _NONE, f"many_label_{mark}",
        explained="Where you know them: the predictions are then compared with them.",
    )  # fmt: skip
    return JobColumns(str(chosen), second, None if label == _NONE else label)


def _pick(
    place: Any, title: str, names: list[str], guess: str | None, key: str, explained: str | None = None
) -> str | None:
    picked: str | None = place.selectbox(
        title, names, index=names.index(guess) if guess in names else None, placeholder="Choose a column", key=key,
        help=explained, persist_state="session",
    )  # fmt: skip
    return picked


def guess(frame: pd.DataFrame) -> tuple[str, str | None]:
    """The likeliest column of texts, and one of second texts; without labels to go by, that of the longest cells."""
    from bertdemo.data.reading import guess_columns

    try:
        found = guess_columns(frame)
    except DataError:
        sample = frame.head(1_000).fillna("")
        return max((str(name) for name in frame.columns), key=lambda name: sample[name].str.len().mean()), None
    return found.text, found.pair


def _earlier() -> None:
    """The last tables that were predicted here, each a button that opens it."""
    jobs = [(job, job.card) for job in handles.jobs().list() if job.card][:_EARLIER]
    if jobs:
        st.subheader("Earlier tables", anchor=False)
    for job, card in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"earlier_{job.id}"):
            st.button(escape(shorten(card.source_name, 40)), key=f"open_{job.id}", type="tertiary",
                      on_click=predict_job.open_, args=(job.id,))  # fmt: skip
            st.caption(f"{count(card.rows, 'row')} · {escape(shorten(card.run_name, 40))} · "
                       f"{where.STATE_WORDS[job.status.state]} · {ago(card.created)}")  # fmt: skip
