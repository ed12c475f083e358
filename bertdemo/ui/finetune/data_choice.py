"""Step 1 of fine-tuning: which data."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.ui.finetune import column_choice
from bertdemo.ui.kit import uploads
from bertdemo.ui.kit.formatting import escape

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset, Source

BUILT_IN, FILE, HUB = SOURCES = ("Built-in", "A file of yours", "Hugging Face Hub")
_UPLOADS = "uploads_read"  # how many
_PLACE = "upload"


def choose() -> Dataset | None:
    """Return the chosen data set, or None while there is none yet.

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
    table = uploads.taken(_PLACE)
    if table is None:
        st.caption("Two columns are enough: the text, and the label it should get. A few hundred rows make a start.")
        return None
    upload, name, frame = table
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Using **{escape(name)}**. Upload another file to replace it.", width="content")
        st.button("Remove file", key="upload_away", on_click=uploads.forget, args=(_PLACE,))
    encoding, frame = uploads.in_chosen_encoding(_PLACE, frame)
    return column_choice.choose(
        upload + encoding, frame, lambda columns, rules: to_dataset(frame, columns, name, rules)
    )


def _read_upload(uploaded: Any) -> None:
    """Keep the table in the session, and empty the uploader by making it another one.

    An uploader forgets its file when it is not drawn, and one whose file is replaced has none for a moment.
    """
    uploads.take(_PLACE, uploaded)
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


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
        st.session_state.pop("hub_table", None)
        st.session_state["hub_table"] = (secrets.token_hex(8), uploads.read_hub(name.strip().removeprefix("hub:")))
    if "hub_table" not in st.session_state:
        st.caption("Any data set of texts and labels on huggingface.co, by its name. This needs a network.")
        return None
    loaded, table = st.session_state["hub_table"]
    return column_choice.choose(loaded, table.frame, table.dataset)
