"""The first page of a fresh server beside a busy process: does all of it appear, and how long does that take?

``python -m benchmarks.first_visit`` needs Chromium (``apt-get install chromium``). Each of the five pages is the first
one of ten servers; a page counts as whole once the last of its parts (an answer, a chart, the button that starts a run)
is there, and as failed if it shows an error box on the way.
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
WHOLE = {
    "": ".st-key-answer h2",
    "fine_tune": ".st-key-start button",
    "predict": ".st-key-answer h2",
    "explain": ".st-key-answer h2",
    "runs": "[data-testid=stVegaLiteChart]",
}


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder, one_core_busy():
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        whole = 0
        for name in WHOLE:
            seconds = [visited(browser, name, Path(folder) / f"{name}{number}") for number in range(STARTS)]
            good = [each for each in seconds if each is not None]
            whole += len(good)
            middle = f"   whole after {statistics.median(good):.1f} s, at most {max(good):.1f} s" if good else ""
            print(f"{name or 'home':<10} {len(good)} of {STARTS} without an error{middle}", flush=True)
        print(f"{whole} of {STARTS * len(WHOLE)}", flush=True)
        browser.close()


def visited(browser: Browser, name: str, home: Path) -> float | None:
    """Seconds until the page of a fresh server is whole; None where it showed an error instead."""
    with server(ROOT / "app.py", PORT, home) as address:
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(f"{address}/{name}")
        page.locator(WHOLE[name]).or_(page.locator(ERROR)).first.wait_for(timeout=PATIENCE * 1000)
        seconds = time.perf_counter() - started
        page.wait_for_timeout(1000)
        failed = page.locator(ERROR).count()
        page.close()
    return None if failed else seconds


@contextmanager
def one_core_busy() -> Iterator[None]:
    """A process that does nothing, as fast as it can."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
