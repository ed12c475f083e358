"""The address of Explain. Invalid parameters are dropped, and said in one sentence until it is another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.ui.kit.formatting import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_TOLD = "explain_left_out"  # the sentence, and the address beside which it stands


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
