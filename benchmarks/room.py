"""What a room of students costs the one server they share: memory and CPU time for each of them.

``python -m benchmarks.room`` needs Chromium (``apt-get install chromium``). Students open the page that predicts, one
after the other, each in a browser profile of their own, and stay; each asks the same classifier about some texts. Then
one run is fine-tuned with the default recipe. Memory is what a process holds (resident), CPU time what the server used.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.screens import FLAGS, PORT, ROOT, WARM, server

STUDENTS = 10
TEXTS = 3  # of each
PATIENCE = 180_000  # milliseconds


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with server(ROOT / "app.py", PORT, Path(folder) / "home") as address:
            predicting(browser, address)
        browser.close()
        fine_tuning(Path(folder) / "runs")


def predicting(browser: Browser, address: str) -> None:
    process = next(each for each in psutil.Process().children() if "streamlit" in each.cmdline())
    print(f"server before its first visitor   {held(process):6.0f} MB")
    pages = [opened(browser, address)]
    time.sleep(WARM)  # libraries, classifier and spare processes
    ask(pages[0], TEXTS)
    one = held(process)
    spare = sum(held(child) for child in process.children(recursive=True))
    print(f"server with its first student     {one:6.0f} MB, and {spare:.0f} MB of processes that wait for work")
    with used(process) as opening:
        pages += [opened(browser, address) for _ in range(STUDENTS - 1)]
    with used(process) as asking:
        for number in range(TEXTS):
            for page in pages:
                ask(page, number)
    more = STUDENTS - 1
    print(f"server with {STUDENTS} students           {held(process):6.0f} MB")
    print(f"opening the page                  {opening[0] / more:6.2f} s of CPU time a student")
    print(f"a text                            {asking[0] / (TEXTS * STUDENTS):6.2f} s of CPU time", flush=True)


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}/predict?run=starter-sms-spam")
    page.get_by_label("Text to classify").wait_for()
    return page


def ask(page: Page, number: int) -> None:
    """Have a text answered; the address names it once the server has read it."""
    box = page.get_by_label("Text to classify")
    box.fill(f"Win the prize number {number} by calling now")
    box.press("Enter")
    page.wait_for_url(re.compile(rf"text=.*number(\+|%20){number}\b"))
    page.locator(".st-key-answer h2").wait_for()


def held(process: psutil.Process) -> float:
    """MB of a process."""
    return process.memory_info().rss / 2**20


@contextmanager
def used(process: psutil.Process) -> Iterator[list[float]]:
    """Seconds of CPU time that a process takes meanwhile, which stand in the list afterwards."""
    seconds: list[float] = []
    before = process.cpu_times()
    yield seconds
    after = process.cpu_times()
    seconds.append(after.user + after.system - before.user - before.system)


def fine_tuning(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bertdemo", "train", "--data", "sms_spam", "--json"],
        cwd=ROOT, env={**os.environ, "BERTDEMO_HOME": str(home)}, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    peak = json.loads(done.stdout)["train"]["peak_memory_mb"]
    print(f"a run of sms_spam, at most        {peak:6.0f} MB in a process of its own")


if __name__ == "__main__":
    main()
