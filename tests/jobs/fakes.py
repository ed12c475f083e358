"""Predictors that know no model; run as a program, a worker with one.

What happens besides is told by an environment variable, ``FAKE_DEED``: ``die.3`` ends each process at its third call as
kill -9 does, ``die-once.3`` only the first, ``wait.3`` waits there for a cancel, ``hang.3`` hears none, ``break.3``
fails as on a full disk.
"""

from __future__ import annotations

import errno
import os
import sys
import time
import zlib
from collections.abc import Sequence

import numpy as np

from bertdemo.jobs.folder import JobFolder
from bertdemo.jobs.store import Jobs
from bertdemo.jobs.worker import Predictor, work
from bertdemo.prediction.predict import Predictions
from bertdemo.settings import Settings
from bertdemo.tasks.local import LocalBackend, worker_command
from bertdemo.tasks.worker import run_worker

LONGEST_WAIT = 600.0  # seconds; a test that waits for it on a busy machine may be late to ask


def logits_of(texts: Sequence[str], pairs: Sequence[str] | None, labels: int) -> np.ndarray:
    """Numbers that depend on the text (and its pair) and on nothing else: (texts, labels)."""
    seeds = [zlib.crc32(f"{text}|{pair}".encode()) for text, pair in zip(texts, pairs or texts, strict=True)]
    rows = [np.random.default_rng(seed).normal(size=labels) for seed in seeds]
    return np.asarray(rows, np.float32).reshape(len(texts), labels)


def fake_predictor(folder: JobFolder) -> Predictor:
    """Predictions without a model, a second for a thousand texts."""
    deed, _, place = os.environ.get("FAKE_DEED", "").partition(".")
    calls = 0

    def predict(texts: Sequence[str], pairs: Sequence[str] | None) -> Predictions:
        nonlocal calls
        calls += 1
        if deed and calls == int(place):
            act(deed, folder)
        logits = logits_of(texts, pairs, len(folder.card.label_names))
        return Predictions(
            logits, cut=0, unknown=np.zeros(len(texts), np.float32), seconds=len(texts) / 1000, precision="fp32"
        )

    return predict


def act(deed: str, folder: JobFolder) -> None:
    is_first = not (folder.path / "at-deed").exists()
    (folder.path / "at-deed").touch()
    if deed == "die" or (deed == "die-once" and is_first):
        os.kill(os.getpid(), 9)
    if deed == "break":
        raise OSError(errno.ENOSPC, "No space left on device")
    end = time.monotonic() + (LONGEST_WAIT if deed in ("wait", "hang") else 0)
    while time.monotonic() < end and (deed == "hang" or folder.request() is None):
        time.sleep(0.01)


def fake_jobs(settings: Settings, clock=time.time) -> Jobs:
    """Jobs whose workers are processes with a fake predictor: real ones in all but the model."""
    return Jobs(settings, LocalBackend(settings, worker_command("tests.jobs.fakes")), clock)


if __name__ == "__main__":
    run_worker(sys.argv[1:], fake_jobs, lambda folder: work(folder, fake_predictor))
