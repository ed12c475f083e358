"""The one place where an error becomes a sentence on the screen, and questions that are drawn once they are open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.ui.kit.formatting import escape

logger = logging.getLogger(__name__)
UNEXPECTED = "Something went wrong that should not have. The details are in the terminal; reload the page to go on."


@dataclass
class Outcome:
    """Whether the guarded step went through, known after the ``with`` block."""

    failed: bool = False


@contextmanager
def shown() -> Iterator[Outcome]:
    """Show an error of the block as one sentence; a bug goes to the log, and a neutral one is shown."""
    outcome = Outcome()
    try:
        yield outcome
    except BertDemoError as error:
        outcome.failed = True
        st.error(escape(str(error)), icon=":material/error:")
    except Exception:
        outcome.failed = True
        logger.exception("unexpected error while drawing a page")
        st.error(UNEXPECTED, icon=":material/error:")


@st.fragment
def question(title: str, key: str, icon: str, answer: Callable[..., None], *arguments: Any) -> None:
    """Draw ``answer(*arguments)`` once the question is open; the address says which questions are (``?key=true``)."""
    with st.expander(title, key=key, icon=f":material/{icon}:", bind="query-params") as box:
        if box.open:
            with shown():
                answer(*arguments)
