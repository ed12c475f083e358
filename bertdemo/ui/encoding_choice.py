"""The encoding of an uploaded text file: shown with some of its lines, and changed where letters are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui import uploads

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


def keep(place: str, name: str, content: bytes) -> None:
    """Remember the bytes of a file that was just read, where its encoding may be another than the one found."""
    from bertdemo.data.reading import is_text_file

    for key in (_key(place, "file"), _key(place, "table"), _key(place, "picked")):
        st.session_state.pop(key, None)
    if is_text_file(name) and not content.isascii():
        st.session_state[_key(place, "file")] = (name, content)


def in_chosen_encoding(place: str, frame: pd.DataFrame, *, typed: bool = False) -> tuple[str, pd.DataFrame]:
    """Offer other encodings, and return the one picked and the table read in it; "" and ``frame`` where none is.

    Args:
        place: which uploader; the same as for ``keep``.
        frame: the table in the encoding that was found.
        typed: as for ``reading.read_table``.

    Raises:
        DataError: in the encoding that was picked the file is no table.
    """
    from bertdemo.data.decoding import find_encoding, known_encoding

    file = st.session_state.get(_key(place, "file"))
    if file is None:
        return "", frame
    name, content = file
    found = known_encoding(find_encoding(content))
    picked = _pick(place, content, found)
    if picked == found:
        return "", frame
    known = st.session_state.get(_key(place, "table"))
    if known is None or known[0] != picked:
        table = uploads.read_content(name, content, typed=typed, encoding=picked)
        known = st.session_state[_key(place, "table")] = (picked, table)
    return picked, known[1]


def _pick(place: str, content: bytes, found: str) -> str:
    from bertdemo.data.decoding import preview

    names = list(dict.fromkeys([found, *_NAMES]))
    key = _key(place, "picked")
    with st.expander("Are letters wrong?", expanded=st.session_state.get(key, found) != found):
        picked = st.selectbox(
            "Encoding of the file",
            names,
            index=names.index(st.session_state.get(key, found)),
            format_func=lambda name: f"{_NAMES.get(name, name)}{', as found' if name == found else ''}",
            key=key,
            persist_state="session",
        )
        st.code(preview(content, picked), language=None, wrap_lines=True)
    return picked


def _key(place: str, what: str) -> str:
    return f"{place}_encoding_{what}"
