"""The first page of a fresh server beside a busy process: does all of it appear, and how long does that take?

``python -m benchmarks.first_visit`` needs Chromium (``apt-get install chromium``). Each of the five pages, or each that
is named, is the first one of ten servers. It counts as drawn once the last of its parts is there (a box for a text, a
chart, the button that starts a run), and as failed if it shows an error box then or in the seconds in which the server
imports the libraries beside it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.screens import FLAGS, PORT, ROOT, server

STARTS = 10
PATIENCE = 300.0  # seconds
ERROR = "[data-testid=stAlertContentError]"
WATCHED = 6.0  # seconds
DRAWN = {
    "home": ".st-key-ask textarea",
    "fine_tune": ".st-key-start button",
    "predict": ".st-key-ask textarea",
    "explain": ".st-key-ask textarea",
    "runs": "[data-testid=stVegaLiteChart]",
}


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder, one_core_busy():
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        names, whole = sys.argv[1:] or list(DRAWN), 0
        for name in names:
            seconds = [visited(browser, name, Path(folder) / f"{name}{number}") for number in range(STARTS)]
            good = [each for each in seconds if each is not None]
            whole += len(good)
            middle = f"   drawn after {statistics.median(good):.1f} s, at most {max(good):.1f} s" if good else ""
            print(f"{name:<10} {len(good)} of {STARTS} without an error{middle}", flush=True)
        print(f"{whole} of {STARTS * len(names)}", flush=True)
        browser.close()


def visited(browser: Browser, name: str, home: Path) -> float | None:
    """Seconds until the page of a fresh server is drawn; None where it showed an error instead."""
    with server(ROOT / "app.py", PORT, home) as address:
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(f"{address}/{name.removeprefix('home')}")
        page.locator(DRAWN[name]).or_(page.locator(ERROR)).first.wait_for(timeout=PATIENCE * 1000)
        seconds = time.perf_counter() - started
        page.wait_for_timeout(WATCHED * 1000)
        failed = page.locator(ERROR).count()
        page.close()
    return None if failed else seconds


@contextmanager
def one_core_busy() -> Iterator[None]:
    """Keep a core busy with nothing."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
