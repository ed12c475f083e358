"""What a page says beside an uploader: which files it takes, and what to do with others."""

from __future__ import annotations

import streamlit as st

from bertdemo.ui import handles
from bertdemo.ui.words import escape


def accepted(command: str) -> None:
    """Kinds, sizes and the way out, as a caption: an uploader that refuses a file marks it and says no more.

    ``command`` reads a file with no page between.
    """
    from bertdemo.data.reading import FILE_TYPES

    settings = handles.settings()
    most = min(settings.max_file_mb, int(st.get_option("server.maxUploadSize")))
    *kinds, last = (kind.upper() for kind in FILE_TYPES)
    st.caption(
        f"At most {most} MB and {settings.max_rows:,} rows, as {', '.join(kinds)} or {last}; a file with an "
        f"exclamation mark was not read. Of a larger one take a random part, or run **{escape(command)}** with "
        f"{escape('BERTDEMO_MAX_FILE_MB')} and {escape('BERTDEMO_MAX_ROWS')} raised."
    )
