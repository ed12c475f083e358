"""What stands beside an uploader: how large a file may be, what to do with others, and the keyboard's way back."""

from __future__ import annotations

import streamlit as st

from bertdemo.ui import handles
from bertdemo.ui.words import escape

_BACK = """<script>if (window.lastUploader !== "{0}") {{
  window.lastUploader = "{0}"
  if (document.activeElement === document.body)
    document.querySelector('.st-key-{0} [data-testid="stFileUploaderDropzone"] button')?.focus()
}}</script>"""


def keep_focus(key: str) -> None:
    """Give the uploader ``key`` (an identifier) the focus once, that the one it has replaced took along."""
    st.html(_BACK.format(key), unsafe_allow_javascript=True)


def accepted(command: str) -> None:
    """Sizes and the way out, as a caption: an uploader that refuses a file marks it and says no more.

    ``command`` reads a file with no page between.
    """
    settings = handles.settings()
    most = min(settings.max_file_mb, int(st.get_option("server.maxUploadSize")))
    st.caption(
        f"At most {most} MB and {settings.max_rows:,} rows: a file with an exclamation mark was not read. Take a "
        f"random part of a larger one, or run **{escape(command)}** with {escape('BERTDEMO_MAX_FILE_MB')} and "
        f"{escape('BERTDEMO_MAX_ROWS')} raised."
    )
