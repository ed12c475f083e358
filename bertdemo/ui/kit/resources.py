"""What all sessions share: the settings, the runs, and the warm-up of the server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.settings import Settings
from bertdemo.ui.kit.warm_up import Progress, WarmUp

if TYPE_CHECKING:
    from bertdemo.data.bounded import TableReader
    from bertdemo.jobs.store import Jobs
    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.runs.store import Runs
    from bertdemo.studies.store import Studies


def settings() -> Settings:
    return Settings.from_environment(os.environ)


def runs() -> Runs:
    return _runs(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _runs(home: str) -> Runs:  # noqa: ARG001 (the key of the cache)
    from bertdemo.runs.store import Runs

    return Runs(settings())


def models() -> ModelCache:
    """Return the classifiers that are loaded, shared by all sessions."""
    return _models(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _models(home: str) -> ModelCache:  # noqa: ARG001 (the key of the cache)
    from bertdemo.prediction.model_cache import ModelCache

    return ModelCache(runs())


def attention_models() -> ModelCache:
    """Return the classifiers that can be looked into, shared by all sessions: loaded when somebody first looks."""
    return _attention_models(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _attention_models(home: str) -> ModelCache:  # noqa: ARG001 (the key of the cache)
    from bertdemo.prediction.model_cache import ModelCache

    return ModelCache(runs(), capacity=2, complete=True)


def jobs() -> Jobs:
    """Return the tables that are predicted in processes of their own."""
    return _jobs(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _jobs(home: str) -> Jobs:  # noqa: ARG001 (the key of the cache)
    from bertdemo.jobs.store import Jobs

    return Jobs(settings())


def studies() -> Studies:
    """Return the studies of many test texts, done in processes of their own."""
    return _studies(str(settings().home))


@st.cache_resource(show_spinner=False, max_entries=4)
def _studies(home: str) -> Studies:  # noqa: ARG001 (the key of the cache)
    from bertdemo.studies.store import Studies

    return Studies(settings())


@st.cache_resource(show_spinner=False, on_release=lambda reader: reader.close())
def table_reader() -> TableReader:
    """Return what reads the files of all visitors."""
    from bertdemo.data.bounded import TableReader

    return TableReader()


def warm_up() -> None:
    """Begin, once and in the background, to load what the next click needs."""
    _warm_up(str(settings().home)).begin()


def is_warm() -> bool:
    """Return whether an answer can be had without the seconds that loading the libraries takes."""
    return _warm_up(str(settings().home)).done.is_set()


def starting() -> Progress:
    """Return how far the server has come, until it ``is_warm``."""
    return _warm_up(str(settings().home)).progress


@st.cache_resource(show_spinner=False, max_entries=4)
def _warm_up(home: str) -> WarmUp:  # noqa: ARG001 (the key of the cache)
    return WarmUp(runs(), models(), settings().home)


def expect_a_run() -> None:
    """Have a worker wait with its imports done: they are most of the time between the button and the first step."""
    runs().prepare()


def training_speed(base: str) -> float | None:
    """Return ``speed_of`` the last run with this base that tells one (starters were trained elsewhere)."""
    from bertdemo.training.timing import speed_of

    for run in runs().list():
        if run.recipe.base == base and run.status.state.has_model and not run.read_only:
            report = runs().report(run.id)
            if report is not None and (speed := speed_of(report.training, run.recipe)):
                return speed
    return None
