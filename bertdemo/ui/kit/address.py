"""The way in, and the address of a page.

A page is always run by ``app.py``. Invalid parameters of Explain are dropped, and said in one sentence until the
address is another.
"""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from bertdemo.settings import app_script
from bertdemo.ui.kit.formatting import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_TOLD = "explain_left_out"  # the sentence, and the address beside which it stands


def through_app() -> None:
    """Take the very first visitor of a server, if they come by a link to a page, through ``app.py``.

    A folder called ``pages`` makes Streamlit run a page by itself, without the frame, the guard and the navigation of
    ``app.py``, until ``st.navigation`` was called once in the life of the server. Calling ``main`` of ``app.py`` from
    here calls it, and it runs the page that the address names: this one, which then finds nothing left to do here.
    """
    if PagesManager.uses_pages_directory:
        runpy.run_path(str(app_script()))["main"]()
        st.stop()


@dataclass(frozen=True)
class InvalidParam:
    """A parameter that names what there is not: ``told`` says so, as Markdown, and ``rest`` of it may stay."""

    name: str
    told: str
    rest: str = ""


def invalid_params(name: str, known: Collection[str], kind: str, between: str = "") -> Iterator[InvalidParam]:
    """Yield what a parameter names beside the ``known``; one word, or several with ``between`` between them."""
    given = st.query_params.get(name)
    if given is not None:
        words = given.split(between) if between else [given]
        if vain := [word for word in words if word not in known]:
            rest = between.join(word for word in words if word in known)
            yield InvalidParam(name, f"{quoted(between.join(vain))} is no {kind}", rest)


def drop_invalid(found: Iterable[InvalidParam]) -> None:
    """Take each out of the address before the next is looked for, and tell of them until the address is another."""
    told = []
    for vain in found:
        told.append(vain.told)
        put(vain.name, vain.rest)
    if told:
        message = f"The link asked for something that this run does not have: {'; '.join(told)}."
        st.session_state[_TOLD] = message, st.query_params.to_dict()
    message, address = st.session_state.get(_TOLD, ("", {}))
    if message and address == st.query_params.to_dict():
        st.warning(message, icon=":material/link_off:")
    else:
        st.session_state.pop(_TOLD, None)


def tell_no_longer() -> None:
    """Draw the page anew where it tells of an address that is another; for a part that is drawn by itself."""
    if _TOLD in st.session_state and st.session_state[_TOLD][1] != st.query_params.to_dict():
        st.rerun()


def put(name: str, value: str = "") -> None:
    """Have a parameter say this; without a value there is none of that name."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
