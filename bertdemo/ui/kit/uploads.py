"""Read what visitors bring; beside an uploader: sizes, what to do with other files, the keyboard's way back."""

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


def read(uploaded: Any, **options: Any) -> pd.DataFrame:
    """Return the table in the file that an uploader returned; see ``read_content``."""
    return read_content(uploaded.name, uploaded.getvalue(), **options)


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
