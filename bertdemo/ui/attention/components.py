"""The pictures of attention that a browser draws: ours, from files beside this one, with nothing from a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).parents[1] / "components"


def draw(name: str, data: dict[str, Any], key: str, file: dict[str, Any], **changed: Callable[[], None]) -> None:
    """Draw ``components/attention_<name>.js`` with its data; ``on_<event>_change`` hears what a person does to it.

    ``file`` is what ``attention_file.of`` tells of the picture, for those who save it.
    """
    _component(name)(key=key, data={**data, "file": file}, **changed)


def heard(key: str, event: str) -> Any:
    """Return what the component last told under the name of an event."""
    return getattr(st.session_state[key], event)


@cache
def _component(name: str) -> Callable[..., Any]:
    parts = (_FOLDER / f"attention_{part}.js" for part in ("shared", "paper", name))
    script = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    style = (_FOLDER / "attention.css").read_text(encoding="utf-8")
    return st.components.v2.component(f"attention_{name}", css=style, js=script)
