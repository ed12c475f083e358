"""The app as a person runs it: a server of the test's own, and Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.patience import LONGEST

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
ADVICE = "Chromium is missing: `apt-get install chromium` (or set CHROMIUM to its path) to run the browser tests."


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; without it these tests are skipped, but fail in continuous integration."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(ADVICE)
    return path


@pytest.fixture
def page(chromium: str):
    """A tab of a fresh browser."""
    playwright_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield open_tab(browser, 1280, 1000)
        browser.close()


def open_tab(browser, width: int, height: int):
    """A tab of a person of their own, who waits as long as it takes."""
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.set_default_timeout(LONGEST * 1000)
    return tab


@pytest.fixture(scope="session")
def warm_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that is shared by tests, none of which minds what others leave behind in its home."""
    with serve(tmp_path_factory.mktemp("shared") / "home") as url:
        yield url


@contextmanager
def serve(home: Path, **environment: str) -> Iterator[str]:
    """A fresh server over a home, with ``environment`` added to this process's: its address."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    process = subprocess.Popen(
        [*command, "--server.port", str(port)],
        cwd=ROOT,
        env={
            **os.environ,
            "BERTDEMO_HOME": str(home),
            "BERTDEMO_BASE_FOLDERS": tempfile.gettempdir(),
            **environment,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/_stcore/health")
        yield url
    finally:
        process.terminate()
        process.wait(LONGEST)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str) -> None:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        try:
            with urlopen(address) as answer:
                answer.read()
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer at {address}")
