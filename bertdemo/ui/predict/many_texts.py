"""Predict, many texts: lines that are pasted or a file, its columns, and the button that makes a job of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.errors import DataError
from bertdemo.lines import shorten
from bertdemo.ui.kit import address, errors, resources, run_picker, uploads
from bertdemo.ui.kit.formatting import ago, count, escape
from bertdemo.ui.predict import file_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertdemo.jobs.records import JobColumns
    from bertdemo.runs.records import Run

ONE, MANY = TABS = ("One text", "Many texts")
LINES, FILE = SOURCES = ("Lines of text", "A file of yours")
_NONE = "none"
_TAB = "predict_tab"
_LAST_TAB = "predict_last_tab"  # in the session: the tabs forget what was open when the page changes
_PASTED = "pasted lines"
_EARLIER = 5
_PLACE = "many"


def tabs() -> Sequence[Any]:
    """Return the two tabs of the page.

    An address that names a job opens the second, and one that names a text the first.
    """
    state, asked = st.session_state, st.query_params
    if _TAB not in state:
        state[_TAB] = MANY if "job" in asked else ONE if "text" in asked else state.get(_LAST_TAB, ONE)
    drawn = st.tabs(TABS, key=_TAB, on_change="rerun")
    state[_LAST_TAB] = state[_TAB]
    return drawn


def show(run: Run, runs: list[Run]) -> None:
    """Draw a job that the address names, or the way to a new one."""
    job_id = st.query_params.get("job")
    with errors.shown():
        if job_id:
            file_job.show(job_id)
            return
        _new(run, runs)
    _earlier()


def _new(run: Run, runs: list[Run]) -> None:
    resources.expect_a_task()
    if any(each.status.state.is_live for each in runs):
        st.caption("A classifier is being trained on this machine: both take longer until one of them is done.")
    kind = st.radio(
        "Where the texts come from",
        SOURCES,
        horizontal=True,
        key="many_kind",
        persist_state="session",
        label_visibility="collapsed",
    )
    if kind == LINES:
        _from_lines(run)
    else:
        _from_file(run)


def _exact() -> bool:
    return st.toggle(
        "Exact",
        key="many_exact",
        persist_state="session",
        help="In fp32, as single texts are. Otherwise in the fastest number format of this machine, whose labels agree "
        "with those of fp32 and whose probabilities seldom differ by as much as a hundredth.",
    )


def _begin(run: Run, frame: pd.DataFrame, columns: JobColumns, name: str, exact: bool) -> None:
    """Make the job, and the page about it."""
    with st.spinner("Starting…"):
        job_id = resources.jobs().submit(run.id, frame, columns, name, exact=exact)
    for other in ("text", "pair", "with"):
        address.put(other)
    address.put("job", job_id)
    st.rerun()


def _from_lines(run: Run) -> None:
    """Draw one row a line.

    Where the classifier reads two texts, a tab stands between them, as when cells are pasted.
    """
    from bertdemo.jobs.records import JobColumns

    pairs = run.data.has_pairs
    with st.form("many_form", border=False):
        lines = st.text_area(
            "Texts, one a line" + (", with a tab before the second text" if pairs else ""),
            key="many_lines",
            height=180,
            placeholder="A column of a spreadsheet, sentences, messages…",
            persist_state="session",
        )
        exact = _exact()
        pressed = st.form_submit_button(
            "Predict these texts", type="primary", key="many_lines_start", icon=":material/play_arrow:"
        )
    if pressed:
        columns = JobColumns("text", "second text" if pairs else None)
        _begin(run, table_of(lines, pairs=pairs), columns, _PASTED, exact)


def table_of(lines: str, *, pairs: bool) -> pd.DataFrame:
    """Return one row for each line that is not blank; with ``pairs`` the second text stands after the first tab.

    Raises:
        DataError: every line is blank.
    """
    import pandas as pd

    kept = [line.strip() for line in lines.splitlines() if line.strip()]
    if not kept:
        raise DataError("There is no text yet: paste some lines first.")
    if not pairs:
        return pd.DataFrame({"text": kept}, dtype=object)
    parts = [line.partition("\t") for line in kept]
    return pd.DataFrame(
        {"text": [one for one, _, _ in parts], "second text": [two for _, _, two in parts]}, dtype=object
    )


def _from_file(run: Run) -> None:
    table = _uploaded()
    if table is None:
        return
    from bertdemo.data.reading import as_trained

    name, frame = table
    frame, trained = as_trained(frame, run.data.text_columns)
    columns = _columns(run, frame, trained)
    exact = _exact()
    title = f"Predict {count(len(frame), 'text')}"
    if st.button(title, type="primary", key="many_start", icon=":material/play_arrow:"):
        _begin(run, frame, columns, name, exact)


def _uploaded() -> tuple[str, pd.DataFrame] | None:
    from bertdemo.data.reading import FILE_TYPES, with_sheet

    uploaded = st.file_uploader(
        "A table with a text in each row",
        type=list(FILE_TYPES),
        key="many_upload",
        on_change=uploads.forget,
        args=(_PLACE,),
        help="CSV, TSV, JSON lines, Parquet, Excel or OpenDocument, also as .gz or .zip; delimiter and encoding are "
        "detected. Your columns are kept.",
    )
    uploads.accepted("python -m bertdemo predict --run RUN --input FILE")
    known = uploads.taken(_PLACE)
    if uploaded is not None and (known is None or known[0] != uploaded.file_id):
        uploads.take(_PLACE, uploaded, typed=True)
        known = uploads.taken(_PLACE)
    if known is None:
        st.caption("The result is your table, in its order, with the label, its certainty and all probabilities added.")
        return None
    _, name, frame = known
    _, frame = uploads.in_chosen_encoding(_PLACE, frame, typed=True)
    st.caption(f"{escape(with_sheet(name, frame))}: {count(len(frame), 'row')}, {count(len(frame.columns), 'column')}")
    for note in frame.attrs.get("notes", ()):
        st.caption(escape(note))
    return name, frame


def _columns(run: Run, frame: pd.DataFrame, trained: str | None) -> JobColumns:
    """Return the columns as guessed and changed.

    To begin with, those that the run was ``trained`` on, if they are there.

    Raises:
        DataError: the column of the second text is not chosen yet.
    """
    from bertdemo.jobs.records import JobColumns

    names = [str(name) for name in frame.columns]
    text, pair = _likely(frame, run.data.has_pairs)
    if trained:
        text, pair = trained, run.data.pair_column if run.data.pair_column in names else pair
    mark = abs(hash(tuple(names)))  # another table, other widgets
    left, middle, right = st.columns(3)
    chosen = _pick(left, "Text", names, text, f"many_text_{mark}")
    if chosen is None:
        raise DataError("Choose the column of the texts.")
    second = None
    if run.data.has_pairs:
        rest = [name for name in names if name != chosen]
        second = _pick(middle, "Second text", rest, pair if pair in rest else None, f"many_pair_{mark}")
        if second is None:
            raise DataError("This classifier reads two texts: choose the column of the second one.")
    rest = [_NONE, *(name for name in names if name not in (chosen, second))]
    label = _pick(
        right if run.data.has_pairs else middle, "Correct labels (optional)", rest, _NONE, f"many_label_{mark}",
        explained="Where you know them: the predictions are then compared with them.",
    )  # fmt: skip
    return JobColumns(chosen, second, None if label == _NONE else label)


def _likely(frame: pd.DataFrame, pairs: bool) -> tuple[str | None, str | None]:
    """Return the columns to begin with; where none suggests itself the pickers begin empty."""
    from bertdemo.data.columns import guess_texts

    try:
        return guess_texts(frame, pairs=pairs)
    except DataError:
        return None, None


def _pick(
    place: Any, title: str, names: list[str], guess: str | None, key: str, explained: str | None = None
) -> str | None:
    picked: str | None = place.selectbox(
        title, names, index=names.index(guess) if guess in names else None, placeholder="Choose a column", key=key,
        help=explained, persist_state="session",
    )  # fmt: skip
    return picked


def _earlier() -> None:
    """Draw the last tables that were predicted here, each a button that opens it."""
    jobs = [(job, job.card) for job in resources.jobs().list() if job.card][:_EARLIER]
    if jobs:
        st.subheader("Earlier tables", anchor=False)
    for job, card in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"earlier_{job.id}"):
            st.button(escape(shorten(card.source_name, 40)), key=f"open_{job.id}", type="tertiary",
                      on_click=address.put, args=("job", job.id))  # fmt: skip
            st.caption(f"{count(card.rows, 'row')} · {escape(shorten(card.run_name, 40))} · "
                       f"{run_picker.STATE_WORDS[job.status.state]} · {ago(card.created)}")  # fmt: skip
