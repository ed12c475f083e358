"""What a server loads, when and in which order, so that nobody meets a library that another thread is importing.

Altair asks the pandas that it finds in ``sys.modules`` for ``Timestamp``, whole or not. So what pages draw with is
imported before the server takes its first visitor, and what answers are made of by one thread after the first paint
(``models.load_libraries``): a page that needs it waits.
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
from typing import TYPE_CHECKING, Any

from bertdemo.errors import BertDemoError
from bertdemo.tasks.environment import WORKER_ENVIRONMENT

if TYPE_CHECKING:
    from bertdemo.prediction.model_cache import ModelCache
    from bertdemo.runs.records import Run
    from bertdemo.runs.store import Runs

logger = logging.getLogger(__name__)
_DRAWING = ("pandas", "pyarrow.parquet", "altair", "scipy.optimize", "scipy.special", "tokenizers")
_AFTER_FIRST_PAINT = 1.5  # seconds
_FAREWELL = 20.0  # seconds
_SPINNING = "GOMP_SPINCOUNT"
_LAST_START = "last_start.json"


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
    """Load in the background what the next click needs: the libraries, a classifier, and a spare worker."""

    def __init__(self, runs: Runs, models: ModelCache, home: Path) -> None:
        self._runs, self._shelf, self._record = runs, models, home / _LAST_START
        self._began, self._step, self._last = time.monotonic(), STEPS[0], _read(self._record)
        self._unstarted = threading.Lock()
        self.done = threading.Event()

    def begin(self, after: float = _AFTER_FIRST_PAINT) -> None:
        """Have a thread do the work ``after`` so many seconds, when the first page is painted; only the first time."""
        if self._unstarted.acquire(blocking=False):
            timer = threading.Timer(after, self._work)
            timer.daemon = True
            timer.start()

    @property
    def progress(self) -> Progress:
        """How far it has come since ``begin``."""
        return Progress(self._step, time.monotonic() - self._began, self._last)

    def _work(self) -> None:
        os.environ.setdefault(_SPINNING, WORKER_ENVIRONMENT[_SPINNING])  # OpenMP reads it when torch is first loaded
        try:
            from bertdemo.models import load_libraries

            load_libraries()
            self._load_a_classifier()
        finally:
            self.done.set()  # whoever asks now finds out by themselves what is the matter
        gc.collect()
        gc.freeze()  # what is loaded now stays: later collections need not look at it
        self._runs.prepare()

    def _load_a_classifier(self) -> None:
        """Draw the one that the first page offers.

        It is asked once: the first answer of all takes ten times as long.
        """
        try:
            run = newest_with_model(self._runs.list())
            if run:
                from bertdemo.prediction.single import predict_one

                self._step = STEPS[1]
                classifier = self._shelf.classifier(run.id)
                self._step = STEPS[2]
                predict_one(classifier, "warm", "up" if run.data.has_pairs else None)
                _write(self._record, self.progress.seconds)
        except BertDemoError as error:
            logger.warning("no classifier was loaded ahead: %s", error)


def newest_with_model(among: list[Run]) -> Run | None:
    """Return what a page shows that needs a classifier when nobody has chosen one; ``among`` is newest first."""
    return next((run for run in among if run.status.state.has_model), None)


def _read(record: Path) -> float | None:
    """Return seconds of the last start, if it was on this computer: a home may be copied to another one."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(record.read_text(encoding="utf-8"))
        if known["computer"] == platform.node():
            return float(known["seconds"])
    return None


def _write(record: Path, seconds: float) -> None:
    """Keep how long this start took; a home that cannot be written only costs the next visitor that figure."""
    with suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps({"computer": platform.node(), "seconds": round(seconds, 1)}), encoding="utf-8")
