"""Read what visitors bring; beside an uploader: sizes, the encoding of a file, the keyboard's way back.

The encoding of a file of text is shown with some of its lines, and changed where letters are wrong.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from zlib import crc32

import streamlit as st

from bertdemo.errors import DataError
from bertdemo.ui.kit import resources
from bertdemo.ui.kit.formatting import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from bertdemo.data.opening import HubTable

_REFUSED = "refused_upload"  # in the session: which, and why
_LISTEN = 0.25  # seconds
_BACK = """<script>if (window.lastUploader !== "{0}") {{
  window.lastUploader = "{0}"
  if (document.activeElement === document.body)
    document.querySelector('.st-key-{0} [data-testid="stFileUploaderDropzone"] button')?.focus()
}}</script>"""
# What people meet beside UTF-8, by where it is from.
_NAMES = {
    "utf-8": "Unicode (UTF-8)", "utf-16": "Unicode (UTF-16)", "cp1252": "Western Europe (Windows)",
    "mac-roman": "Western Europe (Mac)", "cp850": "Western Europe (DOS)", "cp1250": "Central Europe (Windows)",
    "iso8859-2": "Central Europe (ISO)", "mac-latin2": "Central Europe (Mac)", "cp852": "Central Europe (DOS)",
    "cp1254": "Turkish (Windows)", "cp1257": "Baltic (Windows)", "cp1251": "Cyrillic (Windows)",
    "koi8-r": "Cyrillic (KOI8)", "cp866": "Cyrillic (DOS)", "cp1253": "Greek (Windows)", "cp1255": "Hebrew (Windows)",
    "cp1256": "Arabic (Windows)", "cp874": "Thai", "cp932": "Japanese (Shift JIS)", "euc_jp": "Japanese (EUC)",
    "gb18030": "Chinese (GB 18030)", "cp950": "Chinese (Big5)", "cp949": "Korean",
}  # fmt: skip


def keep_focus(key: str) -> None:
    """Give the uploader ``key`` (an identifier) the focus once, that the one it has replaced took along."""
    st.html(_BACK.format(key), unsafe_allow_javascript=True)


def accepted(command: str) -> None:
    """Caption sizes and the way out: an uploader that refuses a file marks it and says no more.

    ``command`` reads a file with no page between.
    """
    resources.table_reader().prepare()
    settings = resources.settings()
    most = min(settings.max_file_mb, int(st.get_option("server.maxUploadSize")))
    st.caption(
        f"At most {most} MB and {settings.max_rows:,} rows. If a file is marked with !, it was too large or of another "
        f"type. Take a random part of a larger one, or run **{escape(command)}** with "
        f"{escape('BERTDEMO_MAX_FILE_MB')} and {escape('BERTDEMO_MAX_ROWS')} raised."
    )


def take(place: str, uploaded: Any, **options: Any) -> None:
    """Read the file that an uploader returned and keep its table for this visit: uploaders forget their files.

    Args:
        place: which uploader.
        uploaded: its file.
        options: see ``read_content``, which also says what is raised.
    """
    forget(place)
    content = uploaded.getvalue()
    frame = read_content(uploaded.name, content, **options)
    _keep_encoding(place, uploaded.name, content, frame)
    st.session_state[f"{place}_table"] = (uploaded.file_id, uploaded.name, frame)


def taken(place: str) -> tuple[str, str, pd.DataFrame] | None:
    """Return the id, the name and the table of the file that was taken last, if it is still there."""
    table: tuple[str, str, pd.DataFrame] | None = st.session_state.get(f"{place}_table")
    return table


def forget(place: str) -> None:
    """Let go of a file, and of what was chosen for it."""
    st.session_state.pop(f"{place}_table", None)
    for what in ("file", "table", "picked", "preview"):
        st.session_state.pop(_key(place, what), None)


def read_content(name: str, content: bytes, **options: Any) -> pd.DataFrame:
    """Return the table in a file, read in a process of its own, which ends when the visitor clicks on or leaves.

    Args:
        name: of the file.
        content: of the file.
        options: see ``TableReader.read``.

    Raises:
        DataError: it cannot be read; known at once when the page is drawn again with the same file.
    """
    question = (name, crc32(content), options)
    known = st.session_state.get(_REFUSED)
    if known is not None and known[0] == question:
        raise DataError(known[1])
    with st.spinner("Reading the file…", show_time=True):
        listen = _listener()
        try:
            return resources.table_reader().read(name, content, resources.settings(), listen, **options)
        except DataError as error:
            st.session_state[_REFUSED] = (question, str(error))
            raise


def read_hub(name: str) -> HubTable:
    """Read a data set of the Hub, "owner/name" or "owner/name:configuration", in a process of its own.

    Raises:
        DataError: see ``bounded.read_hub``.
    """
    from bertdemo.data import bounded

    with st.spinner("Reading from the Hub…", show_time=True):
        return bounded.read_hub(name, resources.settings(), _listener())


def _listener() -> Callable[[], None]:
    """Return what ends this run of the script, by an exception, if the visitor has clicked something or has gone."""
    place, heard = st.empty(), time.monotonic()

    def listen() -> None:
        nonlocal heard
        if time.monotonic() - heard > _LISTEN:
            heard = time.monotonic()
            place.empty()  # Streamlit interrupts a script where it draws

    return listen


def _keep_encoding(place: str, name: str, content: bytes, frame: pd.DataFrame) -> None:
    """Remember a file whose encoding may be another than the one it was read in, as its table's ``attrs`` tell."""
    from bertdemo.data.reading import is_text_file

    is_unicode = frame.attrs.get("encoding", "").startswith("utf")  # which hardly anything is by accident
    may_differ = frame.attrs.get("doubted", False) or not is_unicode
    if is_text_file(name) and may_differ and not content.isascii():
        st.session_state[_key(place, "file")] = (name, content)
        st.session_state[_key(place, "picked")] = frame.attrs["encoding"]  # a browser keeps what nobody takes back


def in_chosen_encoding(place: str, frame: pd.DataFrame, *, typed: bool = False) -> tuple[str, pd.DataFrame]:
    """Offer other encodings, and return the one picked and the table read in it; "" and ``frame`` where none is.

    Args:
        place: which uploader; the same as for ``take``.
        frame: the table in the encoding that was found.
        typed: as for ``reading.read_table``.

    Raises:
        DataError: in the encoding that was picked the file is no table.
    """
    file = st.session_state.get(_key(place, "file"))
    if file is None:
        return "", frame
    name, content = file
    found = frame.attrs["encoding"]
    picked = _pick(place, content, found, doubted=frame.attrs["doubted"])
    if picked == found:
        return "", frame
    known = st.session_state.get(_key(place, "table"))
    if known is None or known[0] != picked:
        table = read_content(name, content, typed=typed, encoding=picked)
        known = st.session_state[_key(place, "table")] = (picked, table)
    return picked, known[1]


def _pick(place: str, content: bytes, found: str, *, doubted: bool) -> str:
    names = list(dict.fromkeys([found, *_NAMES]))
    key = _key(place, "picked")
    is_changed = st.session_state.get(key, found) != found
    with st.expander(f"Encoding found: {_NAMES.get(found, found)}. Are letters wrong?", expanded=doubted or is_changed):
        picked = st.selectbox(
            "Encoding of the file",
            names,
            index=names.index(st.session_state.get(key, found)),
            format_func=lambda name: _title(name) + (", as found" if name == found else ""),
            key=key,
            persist_state="session",
            help="A file of text does not say how its letters are written as bytes. Choose the encoding in which the "
            "lines below read well.",
        )
        st.code(_preview(place, content, picked), language=None, wrap_lines=True)
    return picked


def _title(encoding: str) -> str:
    """Return where it is from, and the name by which notes and commands call it."""
    return f"{_NAMES[encoding]}, {encoding}" if encoding in _NAMES else encoding


def _preview(place: str, content: bytes, encoding: str) -> str:
    """Return some lines of the file, looked for once in each encoding that is picked: it may be megabytes long."""
    from bertdemo.data.tables.encodings import preview

    key = _key(place, "preview")
    known = st.session_state.get(key)
    if known is None or known[0] != encoding:
        known = st.session_state[key] = (encoding, preview(content, encoding))
    shown: str = known[1]
    return shown


def _key(place: str, what: str) -> str:
    return f"{place}_encoding_{what}"
