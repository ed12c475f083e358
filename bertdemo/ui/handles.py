"""What all sessions share: the settings, the runs, and the warm-up of the server."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.settings import Settings
from bertdemo.training.environment import WORKER_ENVIRONMENT

if TYPE_CHECKING:
    from bertdemo.data.bounded import TableReader
    from bertdemo.jobs.store import Jobs
    from bertdemo.prediction.loaded import Shelf
    from bertdemo.runs.records import Run
    from bertdemo.runs.store import Runs
    from bertdemo.studies.store import Studies

logger = logging.getLogger(__name__)
_AFTER_FIRST_PAINT = 1.5  # seconds
_SPINNING = "GOMP_SPINCOUNT"
_warm = threading.Event()


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


def open_shelf() -> Shelf:
    """The classifiers that can be looked into, shared by all sessions: loaded when somebody first looks."""
    return _open_shelf(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _open_shelf(home: str) -> Shelf:  # noqa: ARG001 (the key of the cache)
    from bertdemo.prediction.loaded import Shelf

    return Shelf(runs(), capacity=2, complete=True)


def jobs() -> Jobs:
    """The tables that are predicted in processes of their own."""
    return _jobs(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _jobs(home: str) -> Jobs:  # noqa: ARG001 (the key of the cache)
    from bertdemo.jobs.store import Jobs

    return Jobs(settings())


def studies() -> Studies:
    """The studies of many test texts, done in processes of their own."""
    return _studies(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _studies(home: str) -> Studies:  # noqa: ARG001 (the key of the cache)
    from bertdemo.studies.store import Studies

    return Studies(settings())


@st.cache_resource(show_spinner=False, on_release=lambda reader: reader.close())
def table_reader() -> TableReader:
    """What reads the files of all visitors."""
    from bertdemo.data.bounded import TableReader

    return TableReader()


def newest_with_model(among: list[Run]) -> Run | None:
    """What a page shows that needs a classifier when nobody has chosen one; ``among`` is newest first."""
    return next((run for run in among if run.status.state.has_model), None)


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Timer:
    """Load, once and in the background, what the next click needs: the charts, a classifier, and a worker."""
    timer = threading.Timer(_AFTER_FIRST_PAINT, _load, (runs(), shelf()))
    timer.daemon = True
    timer.start()
    return timer


def is_warm() -> bool:
    """Whether an answer can be had without the seconds that loading the libraries takes."""
    return _warm.is_set()


def _load(runs: Runs, shelf: Shelf) -> None:
    os.environ.setdefault(_SPINNING, WORKER_ENVIRONMENT[_SPINNING])  # OpenMP reads it when torch is first loaded
    try:
        for module in ("altair", "pandas", "tokenizers"):
            importlib.import_module(module)
        _load_a_classifier(runs, shelf)
    finally:
        _warm.set()  # whoever asks now finds out by themselves what is the matter
    gc.collect()
    gc.freeze()  # what is loaded now stays: later collections need not look at it
    runs.prepare()


def _load_a_classifier(runs: Runs, shelf: Shelf) -> None:
    """The one that the first page offers. It is asked once: the first answer of all takes ten times as long."""
    try:
        run = newest_with_model(runs.list())
        if run:
            from bertdemo.prediction.single import predict_one

            predict_one(shelf.classifier(run.id), "warm", "up" if run.data.has_pairs else None)
    except BertDemoError as error:
        logger.warning("no classifier was loaded ahead: %s", error)


def expect_a_run() -> None:
    """Have a worker wait with its imports done: they are most of the time between the button and the first step."""
    runs().prepare()


def training_speed(base: str) -> float | None:
    """``speed_of`` the last run with this base that tells one (what comes with the app was trained elsewhere)."""
    from bertdemo.training.estimate import speed_of

    for run in runs().list():
        if run.recipe.base == base and run.status.state.has_model and not run.read_only:
            report = runs().report(run.id)
            if report is not None and (speed := speed_of(report.training, run.recipe)):
                return speed
    return None
