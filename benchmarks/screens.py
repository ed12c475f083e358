"""What a person waits for in the browser: the first paint, an answer, and the first loss point of a run.

``python -m benchmarks.screens`` needs Chromium (``apt-get install chromium``). The first paint is the time from
opening the address to the page's title, in turn with an app that is a title and nothing else. An answer is the time
from pressing Enter in the box of the first page to another headline, by the classifier that comes with the app. The
button of the run is the one on the first page: real text messages, default recipe; *cold* is right after the server
started, *warm* once its spare worker is ready, *again* on a server that has had a run before, which was cancelled.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PAINTS, PRESSES, ANSWERS = 9, 3, 15
# From pressing Enter until the headline of the answer differs, in the browser's own clock.
STOPWATCH = """() => {
  const said = () => document.querySelector('.st-key-answer h2').innerText, before = said();
  window.waited = null;
  document.addEventListener('keydown', () => {
    const pressed = performance.now();
    const watch = new MutationObserver(() => {
      if (said() !== before) { window.waited = performance.now() - pressed; watch.disconnect(); }
    });
    watch.observe(document.body, {subtree: true, childList: true, characterData: true});
  }, {capture: true, once: true});
}"""
WARM = 20.0  # seconds until the spare worker has surely imported everything
PORT = 8790


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        first_paint(browser, Path(folder))
        answers(browser, Path(folder))
        first_loss(browser, Path(folder))
        browser.close()


def first_paint(browser: Browser, folder: Path) -> None:
    hello = folder / "hello.py"
    hello.write_text('import streamlit as st\n\nst.title("Hello")\n')
    with server(ROOT / "app.py", PORT, folder / "paint") as ours, server(hello, PORT + 1, folder) as theirs:
        for address in (ours, theirs):
            painted(browser, address)  # the server's own first time does not count
        pairs = [(painted(browser, ours), painted(browser, theirs)) for _ in range(PAINTS)]
    times = [statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"first paint        {times[0]:.2f} s   hello world {times[1]:.2f} s   ratio {ratio:.2f}", flush=True)


def painted(browser: Browser, address: str) -> float:
    page = browser.new_page()
    started = time.perf_counter()
    page.goto(address)
    page.locator("h1").first.wait_for()
    seconds = time.perf_counter() - started
    page.close()
    return seconds


def answers(browser: Browser, folder: Path) -> None:
    with server(ROOT / "app.py", PORT, folder / "answers") as address:
        page = browser.new_page()
        started = time.perf_counter()
        page.goto(address)
        page.locator(".st-key-answer h2").wait_for(timeout=120_000)
        cold = time.perf_counter() - started
        time.sleep(WARM)
        waited = [answered(page, f"They lost {n} bags and nobody called me back") for n in range(2, ANSWERS + 2)]
        page.close()
    print(f"Enter to answer    {statistics.median(waited):.2f} s   slowest {max(waited):.2f} s", flush=True)
    print(f"first answer       {cold:.1f} s after a visitor opened the page of a new server", flush=True)


def answered(page: Page, text: str) -> float:
    """Seconds from Enter to the answer; another text in between makes sure that the headline changes."""
    ask(page, "thank you for a lovely flight")
    return ask(page, text)


def ask(page: Page, text: str) -> float:
    box = page.get_by_label("Text to classify")
    box.fill(text)
    page.evaluate(STOPWATCH)
    box.press("Enter")
    page.wait_for_function("window.waited !== null", timeout=20_000)
    page.wait_for_timeout(300)
    return float(page.evaluate("window.waited")) / 1000


def first_loss(browser: Browser, folder: Path) -> None:
    for name, wait in (("cold", 0.0), ("warm", WARM)):
        seconds = []
        for i in range(PRESSES):
            with server(ROOT / "app.py", PORT, folder / f"{name}{i}") as address:
                seconds.append(pressed(browser, address, wait))
        print(
            f"button to loss     {name}  {statistics.median(seconds):.1f} s  {[round(s, 1) for s in seconds]}",
            flush=True,
        )
    with server(ROOT / "app.py", PORT, folder / "again") as address:
        seconds = [pressed(browser, address, WARM) for _ in range(1 + PRESSES)][1:]
    print(f"button to loss     again {statistics.median(seconds):.1f} s  {[round(s, 1) for s in seconds]}", flush=True)


def pressed(browser: Browser, address: str, wait: float) -> float:
    """Seconds from the click to the first figures of a training step on the page; the run is cancelled then."""
    page = browser.new_page()
    page.goto(address)
    button = page.get_by_role("button", name=re.compile("Fine-tune on real text messages"))
    button.wait_for()
    time.sleep(wait)
    started = time.perf_counter()
    button.click()
    page.get_by_test_id("stMetricValue").first.filter(has_text=re.compile(r"\d")).wait_for(timeout=120_000)
    seconds = time.perf_counter() - started
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the run").click()
    time.sleep(5)
    page.close()
    return seconds


@contextmanager
def server(script: Path, port: int, home: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port), "--server.address", "127.0.0.1"],
        cwd=ROOT, env={**os.environ, "BERTDEMO_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        while not _answers(address):
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/_stcore/health") as answer:
            return bool(answer.read())
    except URLError:
        return False


if __name__ == "__main__":
    main()
