"""The way in: a page is always run by ``app.py``."""

from __future__ import annotations

import runpy

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from bertdemo.settings import app_script


def through_app() -> None:
    """Take the very first visitor of a server, if they come by a link to a page, through ``app.py``.

    A folder called ``pages`` makes Streamlit run a page by itself, without the frame, the guard and the navigation of
    ``app.py``, until ``st.navigation`` was called once in the life of the server. Calling ``main`` of ``app.py`` from
    here calls it, and it runs the page that the address names: this one, which then finds nothing left to do here.
    """
    if PagesManager.uses_pages_directory:
        runpy.run_path(str(app_script()))["main"]()
        st.stop()
