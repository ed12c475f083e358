"""Texts to take instead of typing: some of the test split, and those of this visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.lines import one_line, shorten
from bertdemo.ui.kit import resources, text_input
from bertdemo.ui.kit.formatting import escape
from bertdemo.ui.kit.text_input import Asked

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.folder import RunFolder
    from bertdemo.runs.records import Run

_KEPT, _AT_ONCE, _MOST_VISITED = 24, 4, 8
_READABLE = range(20, 161)  # characters of a text that can be read at a glance
_SHOWN = 88  # characters of a text on its button


@dataclass(frozen=True)
class Example:
    """A test text, and the label that people gave it."""

    asked: Asked
    label: str


def of(run: Run) -> tuple[Example, ...]:
    """Test texts of a run; none before it was tested, or where the folder is damaged, which the page says elsewhere."""
    if not run.status.state.has_model:
        return ()
    try:
        return _of(run.id, run.created, run)
    except BertDemoError:
        return ()


@st.cache_resource(show_spinner=False, max_entries=16)
def _of(run_id: str, created: float, _run: Run) -> tuple[Example, ...]:  # noqa: ARG001 (the key)
    return choose(tested_texts(_run))


def tested_texts(run: Run) -> Dataset:
    """Return the test part of a run, read once: that of a starter is divided anew, which takes half a second.

    Raises:
        RunError: the folder is damaged.
    """
    return _tested_texts(run.id, run.created, resources.runs().folder(run.id))


@st.cache_resource(show_spinner=False, max_entries=8)
def _tested_texts(run_id: str, created: float, _folder: RunFolder) -> Dataset:  # noqa: ARG001 (the key)
    return _folder.split().part("test")


def choose(test: Dataset) -> tuple[Example, ...]:
    """Choose up to 24 texts that can be read at a glance, the labels in turn so that each is among the first."""
    rows = [row for row, text in enumerate(test.texts) if len(text) in _READABLE] or list(range(len(test)))
    rows.sort(key=lambda row: crc32(test.texts[row].encode("utf-8", "surrogatepass")))  # any order but that of the file
    by_label: dict[int, list[int]] = {}
    for row in rows:
        by_label.setdefault(test.labels[row], []).append(row)
    chosen = sorted((place, label, row) for label, its in by_label.items() for place, row in enumerate(its[:_KEPT]))
    return tuple(_example(test, row) for *_, row in chosen[:_KEPT])


def _example(test: Dataset, row: int) -> Example:
    return Example(Asked(test.texts[row], test.pairs[row] if test.pairs else None), test.label_names[test.labels[row]])


def offer(examples: tuple[Example, ...], rows: int = _AT_ONCE) -> None:
    """Draw some of the examples, each a button that asks it."""
    if not examples:
        return
    first = st.session_state.get("examples_from", 0) % len(examples)
    with st.container(key="examples", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("Or take a text it was tested on:")
            if len(examples) > rows:
                st.button("Others", key="other_examples", type="tertiary", icon=":material/refresh:", on_click=_turn,
                          args=(first + rows,))  # fmt: skip
        for place, example in enumerate((examples * 2)[first : first + min(rows, len(examples))]):
            _button(f"example_{place}", example.asked)


def _turn(first: int) -> None:
    st.session_state["examples_from"] = first


def _button(key: str, asked: Asked, after: str = "") -> None:
    words = asked.text if asked.pair is None else f"{asked.text} / {asked.pair}"
    label = escape(shorten(one_line(words), _SHOWN))
    st.button(f"“{label}”{after}", key=key, type="tertiary", on_click=text_input.put, args=(asked,))


def given_label(examples: tuple[Example, ...], asked: Asked) -> str | None:
    """Return the label that people gave this very text, where it is one of the examples."""
    return next((each.label for each in examples if each.asked == asked), None)


def remember(asked: Asked, answer: Answer) -> None:
    """Put a text at the top of those of this visit."""
    visited = [each for each in _visited() if each[0] != asked]
    st.session_state["visited"] = [(asked, answer.label), *visited][:_MOST_VISITED]


def visited(but: Asked) -> None:
    """Draw the last texts of this visit, each a button that asks it again, with what was answered."""
    rest = [each for each in _visited() if each[0] != but]
    if rest:
        with st.expander("The last texts of this visit", key="visited_texts", icon=":material/history:"):
            for place, (asked, label) in enumerate(rest):
                _button(f"visited_{place}", asked, f" **{escape(shorten(label, 40))}**")


def _visited() -> Iterator[tuple[Asked, str]]:
    yield from st.session_state.get("visited", ())
