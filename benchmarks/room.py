"""What a room of students costs the one server they share: memory and CPU time for each of them.

``python -m benchmarks.room`` needs Chromium (``apt-get install chromium``). Students open the page that predicts, one
after the other, each in a browser profile of their own, and stay; each asks the same classifier about some texts. Then
one run is fine-tuned with the default recipe. Memory is what a process holds (resident), CPU time what the server used.

``python -m benchmarks.room home`` draws four pages again and again in homes of 1, 200 and 1,000 runs, which differ in
recipe, size and score; ``python -m benchmarks.room watching`` has 1 and then 50 visitors watch a run under way, which
writes two lines a second. Both do without a browser (``visitor.py``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.screens import FLAGS, PORT, ROOT, WARM, server
from benchmarks.visitor import Visitor

STUDENTS = 10
TEXTS = 3  # of each
PATIENCE = 180_000  # milliseconds
HOMES = (1, 200, 1000)  # runs
PAGES = ("home", "runs", "fine_tune", "predict")
ROUNDS, DRAWN = 5, 10  # of each page, and times in each
WATCHERS, WATCHED, TICK = (1, 50), 24.0, 2.0  # visitors, seconds, seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        match sys.argv[1:]:
            case ["home"]:
                full_home(Path(folder))
            case ["watching"]:
                watching(Path(folder))
            case _:
                students()


def students() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with server(ROOT / "app.py", PORT, Path(folder) / "home") as address:
            predicting(browser, address)
        browser.close()
        fine_tuning(Path(folder) / "runs")


def predicting(browser: Browser, address: str) -> None:
    process = served()
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


def served() -> psutil.Process:
    """Return the process of the server."""
    return next(each for each in psutil.Process().children() if "streamlit" in each.cmdline())


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


def full_home(folder: Path) -> None:
    """CPU time of drawing a page, by how many runs there are."""
    spent: dict[int, dict[str, float]] = {}
    for runs in HOMES:
        home = folder / f"{runs}"
        make_home(home, runs)
        with server(ROOT / "app.py", PORT, home) as address:
            wait_until_warm(address)
            spent[runs] = {page: milliseconds(address, page) for page in PAGES}
        each = {page: f"{page} {spent[runs][page]:5.0f} ({spent[runs][page] / spent[1][page]:.2f}x)" for page in PAGES}
        shown = "   ".join(each.values())
        print(f"{runs:>5} runs: CPU ms of a page   {shown}", flush=True)


def wait_until_warm(address: str) -> None:
    """Wait until the first page looks no more whether its classifier is loaded, and for what is done after that."""
    visitor = Visitor(address)
    visitor.run()
    while visitor.fragments:
        time.sleep(1)
        visitor.run()
    visitor.close()
    time.sleep(WARM)


def milliseconds(address: str, page: str) -> float:
    """Median over rounds of the CPU time of drawing a page; the first one does not count."""
    visitor, process, taken = Visitor(address, page.removeprefix("home")), served(), []
    for _ in range(1 + ROUNDS):
        with used(process) as seconds:
            for _ in range(DRAWN):  # the clock of the system ticks every 10 ms
                visitor.run()
        taken.append(1000 * seconds[0] / DRAWN)
    visitor.close()
    return statistics.median(taken[1:])


def make_home(home: Path, runs: int) -> None:
    """Fill a home with runs that are like the classifier for text messages, but for what a list shows of them."""
    from bertdemo.runs.folder import RunFolder
    from bertdemo.runs.store import starter_folders

    [starter] = [each for each in starter_folders() if each.id == "starter-sms-spam"]
    split, status = starter.split(), starter.status()
    first = RunFolder.create(home / "runs" / "run-0000", split, starter.recipe(), "Run 0", time.time() - 3600 * runs)
    for file in ("report.json", "answers.parquet", "metrics.jsonl"):
        shutil.copy(starter.path / file, first.path / file)
    shutil.copytree(starter.path / "model", first.model_path)
    first.write_status(status)
    for number in range(1, runs):
        folder = RunFolder(home / "runs" / f"run-{number:04d}")
        shutil.copytree(first.path, folder.path, copy_function=os.link)
        folder.write_name(f"Messages, attempt {number}")
        rate = {"learning_rate": 1e-4 + 1e-6 * number}
        card = {"n_train": 3000 + number, "created": time.time() - 3600 * (runs - number)}
        for name, changed in (("recipe.json", rate), ("data.json", card)):
            file = folder.path / name
            content = json.loads(file.read_text()) | changed
            file.unlink()  # it is linked
            file.write_text(json.dumps(content))
        folder.write_status(replace(status, updated=time.time()))
    time.sleep(3)  # nobody's runs ended just now


def watching(folder: Path) -> None:
    """CPU time of looking at a run under way, alone and in a full room."""
    from bertdemo.runs.folder import RunFolder
    from bertdemo.tasks.lock import WorkerLock
    from bertdemo.tasks.records import State

    make_home(folder, 1)
    run, over = RunFolder(folder / "runs" / "run-0000"), threading.Event()
    with WorkerLock.take(run.lock_path), server(ROOT / "app.py", PORT, folder) as address:
        run.write_status(replace(run.status(), state=State.TRAINING, step=1, steps=3000))
        writer = threading.Thread(target=write_steps, args=(run, over))
        writer.start()
        wait_until_warm(address)
        for number in WATCHERS:
            watched(address, run.id, number)
        over.set()
        writer.join()


def write_steps(run, over: threading.Event) -> None:
    """Write what a training writes, until it is over."""
    from bertdemo.training.events import Stepped

    step = 500
    while not over.wait(0.5):
        step += 5
        left = 300 - step / 10
        run.append(Stepped(step, step / 1000, 0.3, 1e-4, 1.0, 200.0, 6000.0, step / 10, left, 900.0), time.time())
        run.write_status(replace(run.status(), step=step, remaining=left, updated=time.time()))


def watched(address: str, run_id: str, number: int) -> None:
    """Have so many visitors look every two seconds."""
    visitors = [Visitor(address, "fine_tune", f"run={run_id}") for _ in range(number)]
    for visitor in visitors:
        visitor.run()
    before = sum(visitor.received for visitor in visitors)
    looks = [0]
    with used(served()) as seconds:
        threads = [threading.Thread(target=look, args=(visitor, looks)) for visitor in visitors]
        for thread in threads:
            thread.start()
            time.sleep(TICK / number)
        for thread in threads:
            thread.join()
    bytes_a_look = (sum(visitor.received for visitor in visitors) - before) / looks[0]
    for visitor in visitors:
        visitor.close()
    share = seconds[0] / (looks[0] / number * TICK)
    print(
        f"{number:>3} watching: {1000 * seconds[0] / looks[0]:5.1f} ms of CPU a look, {share:4.0%} of a core, "
        f"{bytes_a_look / 1000:.1f} KB a look",
        flush=True,
    )


def look(visitor: Visitor, looks: list[int]) -> None:
    """Look as a page does by itself."""
    end = time.monotonic() + WATCHED
    while time.monotonic() < end:
        begun = time.monotonic()
        visitor.run(visitor.fragments[0])
        looks[0] += 1
        time.sleep(max(0.0, TICK - (time.monotonic() - begun)))


if __name__ == "__main__":
    main()
