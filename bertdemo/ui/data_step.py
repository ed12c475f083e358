"""Step 1 of fine-tuning: which data."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.errors import DataError
from bertdemo.ui import encoding_choice, handles, uploads
from bertdemo.ui.words import count, escape

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

    from bertdemo.data.dataset import Dataset, Source
    from bertdemo.data.reading import Columns

BUILT_IN, FILE, HUB = SOURCES = ("Built-in", "A file of yours", "Hugging Face Hub")
_NO_COLUMN = "none"
_TABLE = "uploaded_table"
_UPLOADS = "uploads_read"  # how many
_PLACE = "upload"


def choose() -> Dataset | None:
    """The chosen data set, or None while there is none yet.

    Raises:
        DataError: the choice cannot be used.
    """
    kind = st.radio(
        "Where the texts come from",
        SOURCES,
        index=SOURCES.index(st.session_state.get("data_kind", BUILT_IN)),  # also for a browser that draws it anew
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
    names = list(titles)
    name = st.selectbox(
        "Data set",
        names,
        index=names.index(st.session_state.get("built_in", names[0])),
        format_func=titles.__getitem__,
        key="built_in",
        persist_state="session",
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
    from bertdemo.data.reading import FILE_TYPES, to_dataset

    key = f"upload_{st.session_state.get(_UPLOADS, 0)}"
    uploaded = st.file_uploader(
        "A table with one text and one label in each row",
        type=list(FILE_TYPES),
        key=key,
        help="CSV, TSV, JSON lines, Parquet, Excel or OpenDocument, also as .gz or .zip; delimiter and encoding are "
        "detected. A .zip may hold a folder of text files for each label.",
    )
    uploads.keep_focus(key)
    uploads.accepted("python -m bertdemo train --data FILE")
    if uploaded is not None:
        _read_upload(uploaded)
        st.rerun()
    table = st.session_state.get(_TABLE)
    if table is None:
        st.caption("Two columns are enough: the text, and the label it should get. A few hundred rows make a start.")
        return None
    upload, name, frame = table
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(name)}** is in use; another file takes its place.", width="content")
        st.button("Take it away", key="upload_away", on_click=_forget_upload)
    encoding, frame = encoding_choice.in_chosen_encoding(_PLACE, frame)
    return _dataset(upload + encoding, frame, lambda columns: to_dataset(frame, columns, name))


def _forget_upload() -> None:
    st.session_state.pop(_TABLE, None)


def _read_upload(uploaded: Any) -> None:
    """Keep the table in the session, and empty the uploader by making it another one.

    An uploader forgets its file when it is not drawn, and one whose file is replaced has none for a moment.
    """
    _forget_upload()
    frame = uploads.read(uploaded)
    encoding_choice.keep(_PLACE, uploaded.name, uploaded.getvalue())
    st.session_state[_TABLE] = (uploaded.file_id, uploaded.name, frame)
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


def _pick_columns(table: str, frame: pd.DataFrame) -> Columns:
    """The columns as guessed and changed. Where the guess fails the pickers begin empty, and its reason is said.

    Raises:
        DataError: there is one column only, or a column is not chosen yet.
    """
    from bertdemo.data.reading import Columns

    names = [str(name) for name in frame.columns]
    mark = abs(hash(tuple(names)))  # other columns, other widgets
    problem = _begin_as_guessed(table, frame, mark)
    left, middle, right = st.columns(3)
    text = _pick(left, "Text", names, key=f"text_column_{mark}")
    label = _pick(middle, "Label", names, key=f"label_column_{mark}")
    pair = _pick(
        right,
        "Second text (optional)",
        [_NO_COLUMN, *names],
        key=f"pair_column_{mark}",
        explained="For tasks about two texts: a question and its answer, a premise and a hypothesis.",
    )
    if text is None or label is None:
        raise problem or DataError("Two columns are needed: choose one of texts and one of labels.")
    return Columns(text, label, None if pair == _NO_COLUMN else pair)


def _begin_as_guessed(table: str, frame: pd.DataFrame, mark: int) -> DataError | None:
    """Set the pickers to what is guessed for a table that is new, and return why nothing can be guessed.

    What a person chose in another table of the same columns stays.
    """
    state, place = st.session_state, f"guessed_columns_{mark}"
    known = state.get(place)
    if known is None or known[0] != table:  # it looks at every cell
        guess, problem = _guess(frame)
        last = known[1] if known else {}
        for which, column in guess.items():
            key = f"{which}_column_{mark}"
            if state.get(key) in (None, last.get(which)):
                state[key] = column
        known = state[place] = (table, guess, problem)
    reason: DataError | None = known[2]
    return reason


def _guess(frame: pd.DataFrame) -> tuple[dict[str, str | None], DataError | None]:
    from bertdemo.data.reading import guess_columns

    try:
        guess = guess_columns(frame)
        return {"text": guess.text, "label": guess.label, "pair": guess.pair or _NO_COLUMN}, None
    except DataError as error:
        if len(frame.columns) < 2:
            raise  # there is nothing to choose from
        return {"text": None, "label": None, "pair": _NO_COLUMN}, error


def _pick(place: DeltaGenerator, title: str, names: list[str], *, key: str, explained: str | None = None) -> str | None:
    chosen = st.session_state.get(key)
    return place.selectbox(
        title,
        names,
        index=None if chosen is None else names.index(chosen),
        placeholder="Choose a column",
        key=key,
        help=explained,
        persist_state="session",
    )


def _dataset(table: str, frame: pd.DataFrame, make: Callable[[Columns], Dataset]) -> Dataset:
    """The data set of the chosen columns of a table; made once for the same table (by its id) and columns."""
    key = (table, _pick_columns(table, frame))
    known = st.session_state.get("chosen_dataset")
    if known is None or known[0] != key:
        known = st.session_state["chosen_dataset"] = (key, make(key[1]))
    dataset: Dataset = known[1]
    _size(dataset)
    return dataset


def _from_hub() -> Dataset | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Name on the Hub",
            value=st.session_state.get("hub_name", ""),  # also for a browser that draws it anew
            placeholder="owner/name or owner/name:configuration",
            key="hub_name",
            persist_state="session",
            width=360,
        )
        wanted = st.button("Load", key="hub_load", disabled=not name)
    if wanted:
        from bertdemo.data.opening import open_hub
        from bertdemo.models.libraries import load_libraries

        st.session_state.pop("hub_table", None)
        with st.spinner("Asking the Hub…"):
            load_libraries()  # what reads the Hub shares modules with them
            table = open_hub(name.strip().removeprefix("hub:"), handles.settings())
        st.session_state["hub_table"] = (secrets.token_hex(8), table)
    if "hub_table" not in st.session_state:
        st.caption("Any data set of texts and labels on huggingface.co, by its name. This needs a network.")
        return None
    loaded, table = st.session_state["hub_table"]
    return _dataset(loaded, table.frame, table.dataset)
