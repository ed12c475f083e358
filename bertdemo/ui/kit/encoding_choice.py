"""The encoding of an uploaded text file: shown with some of its lines, and changed where letters are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui.kit import uploads

if TYPE_CHECKING:
    import pandas as pd

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


def keep(place: str, name: str, content: bytes, frame: pd.DataFrame) -> None:
    """Remember a file that was just read, where its encoding may be another than the one it was read in.

    Args:
        place: which uploader.
        name: of the file.
        content: of the file.
        frame: the table that was read, whose ``attrs`` tell the encoding and whether it is in doubt.
    """
    from bertdemo.data.reading import is_text_file

    forget(place)
    is_unicode = frame.attrs.get("encoding", "").startswith("utf")  # which hardly anything is by accident
    may_differ = frame.attrs.get("doubted", False) or not is_unicode
    if is_text_file(name) and may_differ and not content.isascii():
        st.session_state[_key(place, "file")] = (name, content)
        st.session_state[_key(place, "picked")] = frame.attrs["encoding"]  # a browser keeps what nobody takes back


def forget(place: str) -> None:
    """Let go of a file, and of what was chosen for it."""
    for what in ("file", "table", "picked", "preview"):
        st.session_state.pop(_key(place, what), None)


def in_chosen_encoding(place: str, frame: pd.DataFrame, *, typed: bool = False) -> tuple[str, pd.DataFrame]:
    """Offer other encodings, and return the one picked and the table read in it; "" and ``frame`` where none is.

    Args:
        place: which uploader; the same as for ``keep``.
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
        table = uploads.read_content(name, content, typed=typed, encoding=picked)
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
