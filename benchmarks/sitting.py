"""What the benchmarks share: a split to train on, and figures from a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def a_split(name: str, max_train: int | None = None):
    """Return a built-in data set, cleaned and split with seed 0, as a run would be."""
    from bertdemo.data.catalog import load_built_in
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.splitting import split

    dataset = load_built_in(name)
    return split(clean(dataset, check_up(dataset)), seed=0, max_train=max_train)


def idle_backend():
    """Return a backend that starts nothing, and whose workers count as alive: the benchmark does the work."""
    from bertdemo.tasks.backend import ImmediateBackend

    class Idle(ImmediateBackend):
        def is_alive(self, folder: Any) -> bool:
            return True

    return Idle(lambda _: None)


def figures(module: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """Return the JSON that ``python -m benchmarks.<module> <arguments>`` prints last, with ``environment`` added."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return json.loads(done.stdout.splitlines()[-1])
