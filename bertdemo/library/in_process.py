"""A backend for people who want a run to train in their own process."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from bertdemo.processes import owner
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.planning import Plan
from bertdemo.settings import Settings
from bertdemo.tasks.local import LocalBackend, worker_command
from bertdemo.tasks.lock import WorkerLock, named_worker


class ThreadBackend:
    """Does the planned run in a thread of this process, and others of the queue in processes of their own.

    It knows its run by what it is made of, for it may be started before its id is known.
    """

    def __init__(self, settings: Settings, planned: Plan) -> None:
        self._others = LocalBackend(settings, worker_command("bertdemo.runs.worker"))
        self._planned = planned
        self._began = time.time()

    def start(self, folder: RunFolder, lock: WorkerLock) -> None:
        """Start the run and return at once."""
        if self._is_ours(folder):
            lock.name_worker(owner())
            threading.Thread(target=_work, args=(folder, lock.duplicate()), name="fine-tunes", daemon=True).start()
        else:
            self._others.start(folder, lock)

    def is_alive(self, folder: RunFolder) -> bool:
        return self._others.is_alive(folder)

    def end(self, folder: RunFolder, *, force: bool) -> bool:
        """End other workers; this process is the person's, and its thread hears of a cancel by itself."""
        return named_worker(folder.lock_path) != owner() and self._others.end(folder, force=force)

    def _is_ours(self, folder: RunFolder) -> bool:
        recipe, split = self._planned.recipe, self._planned.split
        return (
            folder.created() >= self._began
            and folder.data_card().fingerprint == split.dataset.fingerprint
            and replace(folder.recipe(), base=recipe.base) == recipe  # the path of a base is kept in full
        )


def _work(folder: RunFolder, lock: WorkerLock) -> None:
    from bertdemo.runs.worker import work

    with lock:
        work(folder)
