"""What all sessions share: the settings, the runs, and the warm-up of the server."""

from __future__ import annotations

import gc
import importlib
import os
import threading
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.prediction.loaded import Shelf
    from bertdemo.runs.store import Runs

_AFTER_FIRST_PAINT = 1.5  # seconds


def settings() -> Settings:
    return Settings.from_environment(os.environ)


def runs() -> Runs:
    return _runs(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _runs(home: str) -> Runs:  # noqa: ARG001 (the key of the cache)
    from bertdemo.runs.store import Runs

    return Runs(settings())


def shelf() -> Shelf:
    """The classifiers that are loaded, shared by all sessions."""
    return _shelf(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _shelf(home: str) -> Shelf:  # noqa: ARG001 (the key of the cache)
    from bertdemo.prediction.loaded import Shelf

    return Shelf(runs())


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Timer:
    """Load, once and in the background, what the next click needs; the server itself never needs torch."""
    timer = threading.Timer(_AFTER_FIRST_PAINT, _load)
    timer.daemon = True
    timer.start()
    return timer


def _load() -> None:
    for module in ("altair", "pandas", "tokenizers"):
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # what is loaded now stays: later collections need not look at it
    expect_a_run()


def expect_a_run() -> None:
    """Have a worker wait with its imports done: they are most of the time between the button and the first step."""
    runs().prepare()


def tokens_per_second(base: str) -> float | None:
    """How fast the last tested run with this base was trained here."""
    for run in runs().list():
        if run.recipe.base == base and run.status.state.has_model:
            report = runs().report(run.id)
            if report is not None:
                return report.training.tokens_per_second
    return None
