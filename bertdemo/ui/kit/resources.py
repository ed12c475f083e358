"""What all sessions share (settings, runs, classifiers, analyses), and in which order a server loads it.

So that nobody meets a library that another thread is importing: Altair asks the pandas that it finds in ``sys.modules``
for ``Timestamp``, whole or not. What pages draw with is therefore imported before the server takes its first visitor,
and what answers are made of by one thread after the first paint (``models.load_libraries``): a page waits for it.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.runs.records import Run
from bertdemo.settings import Settings
from bertdemo.tasks.local import WORKER_ENVIRONMENT, SpareWorker

if TYPE_CHECKING:
    from bertdemo.data.bounded import TableReader
    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.jobs.store import Jobs
    from bertdemo.models.classifier import Classifier
    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.runs.folder import RunFolder
    from bertdemo.runs.store import Runs
    from bertdemo.studies.store import Studies

logger = logging.getLogger(__name__)
_DRAWING = ("pandas", "pyarrow.parquet", "altair", "scipy.optimize", "scipy.special", "tokenizers")
_AFTER_FIRST_PAGE = 0.1  # seconds, in which the server sends what was drawn
# Seconds for the first visitor to look and ask: a spare worker's imports would take their processor time.
_UNDISTURBED = 30.0
_FAREWELL = 20.0  # seconds
_SPINNING = "GOMP_SPINCOUNT"
_LAST_START = "last_start.json"
_WORKERS = ("bertdemo.runs.worker", "bertdemo.jobs.worker", "bertdemo.studies.worker")
_Any = TypeVar("_Any")


def settings() -> Settings:
    return Settings.from_environment(os.environ)


def runs() -> Runs:
    """Return the runs of this home, and its starters."""
    from bertdemo.runs.store import Runs

    return _of_home("runs", lambda: Runs(settings()))


def models() -> ModelCache:
    """Return the classifiers that are loaded, shared by all sessions."""
    from bertdemo.prediction.model_cache import ModelCache

    return _of_home("models", lambda: ModelCache(runs()))


def attention_models() -> ModelCache:
    """Return the classifiers that can be looked into, shared by all sessions: loaded when somebody first looks."""
    from bertdemo.prediction.model_cache import ModelCache

    return _of_home("attention_models", lambda: ModelCache(runs(), capacity=2, output_attentions=True, beside=models()))


def jobs() -> Jobs:
    """Return the tables that are predicted in processes of their own."""
    from bertdemo.jobs.store import Jobs

    return _of_home("jobs", lambda: Jobs(settings()))


def studies() -> Studies:
    """Return the studies of many test texts, done in processes of their own."""
    from bertdemo.studies.store import Studies

    return _of_home("studies", lambda: Studies(settings()))


def spare_worker() -> SpareWorker:
    """Return what waits for the next task, of whatever kind."""
    return _of_home("spare_worker", lambda: SpareWorker(settings(), _WORKERS))


def _of_home(what: str, make: Callable[[], _Any]) -> _Any:
    """Return what all sessions share of this home, made when it is first asked for."""
    shared: _Any = _shared(what, str(settings().home), make)
    return shared


@st.cache_resource(show_spinner=False, max_entries=24)
def _shared(what: str, home: str, _make: Callable[[], Any]) -> Any:  # noqa: ARG001 (the key of the cache)
    return _make()


@st.cache_resource(show_spinner=False, on_release=lambda reader: reader.close())
def table_reader() -> TableReader:
    """Return what reads the files of all visitors."""
    from bertdemo.data.bounded import TableReader

    return TableReader()


def warm_up() -> None:
    """Begin, once and in the background, to load what the next click needs; a while after that, see to a spare worker.

    Every page calls it: whoever has just seen a task end, and left, had its worker; the next one needs another.
    A page on which work is started does not wait that while (``expect_a_task``).
    """
    _warm_up().begin()
    if _warm_up().over.is_set():
        expect_a_task()


def is_warm() -> bool:
    """Return whether an answer can be had without the seconds that loading the libraries takes."""
    return _warm_up().done.is_set()


def first_classifier(run_id: str) -> Classifier | None:
    """Return what predicts for this run before the server ``is_warm``; None for all but one run, and once it is."""
    return _warm_up().first.get(run_id)


def starting() -> Progress:
    """Return how far the server has come, until it ``is_warm``."""
    return _warm_up().progress


def _warm_up() -> WarmUp:
    return _of_home("warm_up", lambda: WarmUp(runs(), models(), settings().home, expect_a_task))


def expect_a_task() -> None:
    """Have a worker wait with its imports done: they are most of the time between a button and the first step.

    Not while a task is at work, whose time this would take.
    """
    if not spare_worker().is_waiting() and not any(store.is_busy() for store in (runs(), jobs(), studies())):
        spare_worker().prepare()


def training_speed(base: str, runs_here: list[Run]) -> float | None:
    """Return ``speed_of`` the last run with this base that tells one (starters were trained elsewhere)."""
    from bertdemo.models.catalog import find_base
    from bertdemo.training.timing import speed_of

    for run in runs_here:
        if run.recipe.base == base and run.status.state.has_model and not run.read_only:
            report = runs().report(run.id)
            if report is not None and (speed := speed_of(report.training, run.recipe, find_base(base))):
                return speed
    return None


def analysis_of(run: Run) -> Analysis | None:
    """Return what the answers of a run tell; None where an older version made it, which kept none.

    Raises:
        RunError: the folder of the run is damaged.
    """
    folder = runs().folder(run.id)
    path = folder.path / "answers.parquet"
    return _analysis(str(path), path.stat().st_mtime_ns, folder) if path.exists() else None


@st.cache_resource(show_spinner=False, max_entries=8)
def _analysis(path: str, edition: int, _folder: RunFolder) -> Analysis | None:  # noqa: ARG001 (the key of the cache)
    return _folder.analysis()


@asynccontextmanager
async def before_first_visitor(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Import what all pages draw with before one is asked for, and see to it that the server ends."""
    if threading.current_thread() is threading.main_thread():  # nobody else can be told of signals
        end_in_time(_FAREWELL)
    for library in _DRAWING:
        importlib.import_module(library)
    yield {}


def end_in_time(seconds: float) -> None:
    """Have this process, once it is told to stop, end after so many seconds whatever still holds it up.

    A thread that waits for ever, or one that Python froze with a lock in its hands, would keep a stopped server alive.
    Then all threads are told to the log, with no help of Python's own, which may be what hangs.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        stop = signal.getsignal(number)
        if callable(stop):  # otherwise the system ends the process, or nothing does
            signal.signal(number, partial(_stop, seconds, stop))


def _stop(seconds: float, stop: Callable[[int, FrameType | None], Any], number: int, frame: FrameType | None) -> None:
    faulthandler.dump_traceback_later(seconds, exit=True)
    stop(number, frame)


@dataclass(frozen=True)
class Progress:
    """How far a start has come: what is ``step`` (of ``STEPS``), ``seconds`` so far, and those of the ``last`` start.

    ``last`` is None before this computer has finished a start with this home.
    """

    step: str
    seconds: float
    last: float | None


STEPS = ("loading the libraries", "loading the classifier", "computing a first answer")


class WarmUp:
    """Load in the background what the next click needs: libraries, a classifier, and, ``afterwards``, a spare worker.

    The classifier is loaded twice: ``first``, by the id of its run, answers until the other one is there.
    """

    def __init__(self, runs: Runs, models: ModelCache, home: Path, afterwards: Callable[[], None]) -> None:
        self._runs, self._shelf, self._record, self._afterwards = runs, models, home / _LAST_START, afterwards
        self._began, self._step, self._last = time.monotonic(), STEPS[0], _last_start(self._record)
        self._unstarted = threading.Lock()
        self.first: dict[str, Classifier] = {}
        self.done, self.over = threading.Event(), threading.Event()

    def begin(self, after: float = _AFTER_FIRST_PAGE, undisturbed: float = _UNDISTURBED) -> None:
        """Have a thread do the work ``after`` so many seconds, once the first page is drawn; only the first time."""
        if self._unstarted.acquire(blocking=False):
            timer = threading.Timer(after, self._work, [undisturbed])
            timer.daemon = True
            timer.start()

    @property
    def progress(self) -> Progress:
        """How far it has come since ``begin``."""
        return Progress(self._step, time.monotonic() - self._began, self._last)

    def _work(self, undisturbed: float) -> None:
        os.environ.setdefault(_SPINNING, WORKER_ENVIRONMENT[_SPINNING])  # OpenMP reads it when torch is first loaded
        try:
            from bertdemo.models import load_libraries

            load_libraries()
            self._load_a_classifier()
        finally:
            self.done.set()  # whoever asks now finds out by themselves what is the matter
            self.first.clear()
        gc.collect()
        gc.freeze()  # what is loaded now stays: later collections need not look at it
        time.sleep(undisturbed)
        self._afterwards()
        self.over.set()

    def _load_a_classifier(self) -> None:
        """Draw the one that the first page offers.

        It is asked once: the first answer of all takes ten times as long.
        """
        try:
            run = newest_with_model(self._runs.list())
            if run:
                self._step = STEPS[1]
                first = self._shelf.load_first(run.id)
                if first:
                    self._answer(first, run)
                    self.first[run.id] = first
                self._answer(self._shelf.classifier(run.id), run)
        except BertDemoError as error:
            logger.warning("no classifier was loaded ahead: %s", error)

    def _answer(self, classifier: Classifier, run: Run) -> None:
        from bertdemo.prediction.single import predict_one

        self._step = STEPS[2]
        predict_one(classifier, "warm", "up" if run.data.has_pairs else None)
        if not self.first:
            _keep_start(self._record, self.progress.seconds)


def newest_with_model(among: list[Run]) -> Run | None:
    """Return what a page shows that needs a classifier when nobody has chosen one; ``among`` is newest first."""
    return next((run for run in among if run.status.state.has_model), None)


def _last_start(record: Path) -> float | None:
    """Return seconds of the last start, if it was on this computer: a home may be copied to another one."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(record.read_text(encoding="utf-8"))
        if known["computer"] == platform.node():
            return float(known["seconds"])
    return None


def _keep_start(record: Path, seconds: float) -> None:
    """Keep how long this start took; a home that cannot be written only costs the next visitor that figure."""
    with suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"computer": platform.node(), "seconds": round(seconds, 1)}), encoding="utf-8")
