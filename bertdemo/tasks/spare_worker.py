"""A worker that waits with its imports done, which are most of the time between a click and the first result."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from bertdemo.tasks.folder import TaskFolder

_LONGEST_WAIT_SECONDS = 900.0


def wait_for_work(
    import_everything: Callable[[], None], open_folder: Callable[[Path], TaskFolder]
) -> tuple[str, Callable[[], None]]:
    """Import in the background until a folder is named on standard input; from then on print to its log.

    Ends this process if nobody needs it. Returns the folder named, and what to call before anything else is imported:
    two threads that import modules which need each other would meet half-made ones.
    """
    imports = threading.Thread(target=import_everything, name="imports", daemon=True)
    imports.start()
    ready, _, _ = select.select([sys.stdin], [], [], _LONGEST_WAIT_SECONDS)
    path = sys.stdin.readline().strip() if ready else ""
    if not path:
        os._exit(0)  # the server is gone or idle; an orderly exit would wait for the imports
    with open_folder(Path(path)).log_path.open("ab") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    return path, imports.join
