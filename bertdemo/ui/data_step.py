"""Step 1 of fine-tuning: which data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.ui import handles
from bertdemo.ui.words import count, escape

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.data.dataset import Dataset, Source
    from bertdemo.data.reading import Columns

BUILT_IN, FILE, HUB = SOURCES = ("Built-in", "A file of yours", "Hugging Face Hub")
_NO_COLUMN = "none"


def choose() -> Dataset | None:
    """The chosen data set, or None while there is none yet.

    Raises:
        DataError: the choice cannot be used.
    """
    kind = st.radio(
        "Where the texts come from",
        SOURCES,
        horizontal=True,
        key="data_kind",
        persist_state="session",
        label_visibility="collapsed",
    )
    if kind == FILE:
        return _from_file()
    return _from_hub() if kind == HUB else _from_catalogue()


@st.cache_resource(show_spinner="Reading the texts…", max_entries=4)
def built_in(name: str) -> Dataset:
    from bertdemo.data.catalog import load_built_in

    return load_built_in(name)


def _from_catalogue() -> Dataset:
    from bertdemo.data.catalog import BUILT_IN as ENTRIES

    titles = {entry.name: entry.source.title for entry in ENTRIES}
    name = st.selectbox(
        "Data set", list(titles), format_func=titles.__getitem__, key="built_in", persist_state="session"
    )
    dataset = built_in(name)
    _about(dataset.source)
    return dataset


def _about(source: Source | None) -> None:
    if source is not None:
        st.markdown(f"{escape(source.description)} Licence: {escape(source.licence)} · [source]({source.url})")


def _size(dataset: Dataset) -> None:
    rows, labels = count(len(dataset), "row"), count(len(dataset.label_names), "label")
    st.caption(f"{escape(dataset.name)}: {rows}, {labels}")


def _from_file() -> Dataset | None:
    from bertdemo.data.reading import FILE_TYPES

    uploaded = st.file_uploader(
        "A table with one text and one label in each row",
        type=list(FILE_TYPES),
        key="upload",
        help="CSV, TSV, JSON lines, Parquet or Excel; delimiter and encoding are detected.",
    )
    if uploaded is not None:
        _read_upload(uploaded)
    table = st.session_state.get("uploaded_table")
    if table is None:
        st.caption("Two columns are enough: the text, and the label it should get. A few hundred rows make a start.")
        return None
    _, name, frame = table
    return _dataset(frame, _pick_columns(frame), name)


def _read_upload(uploaded: Any) -> None:
    """Keep the table in the session: the uploader itself forgets it when the page changes."""
    from bertdemo.data.reading import read_table

    known = st.session_state.get("uploaded_table")
    if known is not None and known[0] == uploaded.file_id:
        return
    st.session_state.pop("uploaded_table", None)
    with st.spinner("Reading the file…"):
        frame = read_table(uploaded.name, uploaded.getvalue(), handles.settings())
    st.session_state["uploaded_table"] = (uploaded.file_id, uploaded.name, frame)


def _pick_columns(frame: pd.DataFrame) -> Columns:
    from bertdemo.data.reading import Columns, guess_columns

    guess = guess_columns(frame)
    names = [str(name) for name in frame.columns]
    mark = abs(hash(tuple(names)))  # another table, other widgets
    text, label, pair = st.columns(3)
    chosen_text = text.selectbox("Text", names, index=names.index(guess.text), key=f"text_column_{mark}")
    chosen_label = label.selectbox("Label", names, index=names.index(guess.label), key=f"label_column_{mark}")
    options = [_NO_COLUMN, *names]
    chosen_pair = pair.selectbox(
        "Second text (optional)",
        options,
        index=options.index(guess.pair) if guess.pair else 0,
        key=f"pair_column_{mark}",
        help="For tasks about two texts: a question and its answer, a premise and a hypothesis.",
    )
    return Columns(chosen_text, chosen_label, None if chosen_pair == _NO_COLUMN else chosen_pair)


def _dataset(frame: pd.DataFrame, columns: Columns, name: str) -> Dataset:
    """The data set of a table; built once for the same table and columns."""
    from bertdemo.data.reading import to_dataset

    key = (id(frame), columns)
    known = st.session_state.get("uploaded_dataset")
    if known is None or known[0] != key:
        known = (key, to_dataset(frame, columns, name))
        st.session_state["uploaded_dataset"] = known
    dataset: Dataset = known[1]
    _size(dataset)
    return dataset


def _from_hub() -> Dataset | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name on the Hub", placeholder="owner/name", key="hub_name", persist_state="session", width=360
        )
        wanted = st.button("Load", key="hub_load", disabled=not name)
    if wanted:
        from bertdemo.data.hub import load_hub

        st.session_state.pop("hub_dataset", None)
        with st.spinner("Asking the Hub…"):
            st.session_state["hub_dataset"] = load_hub(name.strip(), handles.settings())
    dataset: Dataset | None = st.session_state.get("hub_dataset")
    if dataset is None:
        st.caption("Any data set of texts and labels on huggingface.co, by its name. This needs a network.")
    else:
        _size(dataset)
    return dataset
