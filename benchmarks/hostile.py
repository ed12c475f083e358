"""What inputs that are meant to harm cost the server, and the visitors beside them.

``python -m benchmarks.hostile`` needs Chromium (``apt-get install chromium``). One visitor gives each input on a page;
others ask the HTTP interface for an answer ten times a second. For each input it prints the seconds until the visitor
has an answer or a sentence, the memory of the server and its processes over what they held before, and how long the
others waited (p95). Inputs are made at run time, in memory, a tenth of the size that is accepted; ``--full`` makes
them as large as that.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
from playwright.sync_api import Page, sync_playwright

from benchmarks.screens import FLAGS, PORT, ROOT, server

RUN = "starter-sms-spam"
ROWS, LETTERS = 199_990, 1_000_000  # the most that is accepted, or nearly
EVERY = 0.1  # seconds between two questions of the others, and two looks at memory
PATIENCE = 180_000  # milliseconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="inputs as large as they are accepted")
    parser.add_argument("--only", default="", help="inputs whose description holds this")
    arguments = parser.parse_args()
    scale = 1 if arguments.full else 10
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with server(ROOT / "app.py", PORT, Path(folder) / "home") as address:
            print(f"{'input':<58}{'size':>9}{'seconds':>9}{'memory':>10}{'others p95':>12}  what was said")
            for title, visit in inputs(scale):
                if arguments.only in title:
                    page = browser.new_page()
                    page.set_default_timeout(PATIENCE)
                    measure(title, visit, page, address)
                    page.close()
        browser.close()


def inputs(scale: int) -> Iterator[tuple[str, Callable[[Page, str, Watch], tuple[int, str]]]]:
    """Return a name and what a visitor does, which returns the size of the input and what the page said to it."""
    rows = ROWS // scale
    files: dict[str, tuple[str, Callable[[], bytes]]] = {
        "a usual CSV, for comparison": ("usual.csv", lambda: usual(rows)),
        "CSV: 1,000 names, then lines of one cell": ("wide.csv", lambda: csv(1_000, rows)),
        "CSV: more names than columns are read": ("wider.csv", lambda: csv(1_500, rows)),
        "JSONL: 1,000 names, then rows of one": ("wide.jsonl", lambda: jsonl(1_000, rows)),
        "workbook: 1,000 names, then rows of one cell": ("wide.xlsx", lambda: workbook(1_000, rows)),
        "Parquet: one text of 10,000 letters in every row": ("packed.parquet", lambda: parquet(10_000, rows)),
        "CSV: a header of 1,000 equal names": ("equal.csv", lambda: b",".join([b"a"] * 1_000) + b"\nx,y\n"),
        "workbook: a chart sheet without its drawing": ("damaged.xlsx", damaged),
        "JSON: empty lists in lists": ("nested.json", lambda: b"[" + b"[]," * (6_000_000 // scale) + b"[]]"),
    }
    for title, (name, make) in files.items():
        yield title, lambda page, address, watch, name=name, make=make: upload(page, address, watch, name, make())
    letters = LETTERS // scale
    yield "a text: words", lambda page, address, watch: ask(page, address, watch, "win a prize " * (letters // 12))
    yield "a text: Chinese", lambda page, address, watch: ask(page, address, watch, "中文" * (letters // 2))
    yield "a text: blanks", lambda page, address, watch: ask(page, address, watch, "a" + " " * (letters - 2) + "b")


def usual(rows: int) -> bytes:
    return b"text,label\n" + b"".join(b"a message with number %d,%d\n" % (row, row % 2) for row in range(rows))


def csv(columns: int, rows: int) -> bytes:
    return b",".join(b"c%d" % place for place in range(columns)) + b"\n" + b"x\n" * rows


def jsonl(columns: int, rows: int) -> bytes:
    return json.dumps({f"c{place}": "x" for place in range(columns)}).encode() + b"\n" + b'{"c1":"x"}\n' * rows


def workbook(columns: int, rows: int) -> bytes:
    import openpyxl

    book, content = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for width in [columns] + [1] * rows:
        sheet.append(["x"] * width)
    book.save(content)
    return content.getvalue()


def parquet(letters: int, rows: int) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = io.BytesIO()
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["x" * letters])
    pq.write_table(pa.table({"text": texts, "label": texts}), content)
    return content.getvalue()


def damaged() -> bytes:
    import openpyxl

    book, content, without = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.create_chartsheet()
    book.save(content)
    with zipfile.ZipFile(content) as whole, zipfile.ZipFile(without, "w") as archive:
        for name in whole.namelist():
            if "drawing" not in name:
                archive.writestr(name, whole.read(name))
    return without.getvalue()


def upload(page: Page, address: str, watch: Watch, name: str, content: bytes) -> tuple[int, str]:
    page.goto(f"{address}/fine_tune")
    page.get_by_text("A file of yours", exact=True).click()
    chooser = page.locator('input[type="file"]')
    chooser.wait_for(state="attached", timeout=PATIENCE)
    page.wait_for_timeout(5_000)  # the process that reads has its libraries loaded
    with watch.measured():
        chooser.set_input_files({"name": name, "mimeType": "text/plain", "buffer": content})
        said = page.get_by_test_id("stAlert").or_(page.get_by_text("Upload another file to replace it")).first
        said.wait_for(timeout=PATIENCE)
    return len(content), said.inner_text()


def ask(page: Page, address: str, watch: Watch, text: str) -> tuple[int, str]:
    page.goto(f"{address}/predict?run={RUN}")
    said = page.locator(".st-key-answer h2")
    said.wait_for(timeout=PATIENCE)
    box = page.get_by_label("Text to classify")
    box.fill(text, timeout=PATIENCE)
    with watch.measured():
        box.press("Enter", timeout=PATIENCE)
        page.locator('[data-test-script-state="running"]').wait_for(timeout=PATIENCE)
        page.locator('[data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE)
    return len(text.encode()), said.inner_text()


def measure(title: str, visit: Callable[[Page, str, Watch], tuple[int, str]], page: Page, address: str) -> None:
    watch = Watch(address)
    size, said = visit(page, address, watch)
    words = " ".join(said.split())
    figures = f"{size / 1000:>6,.0f} KB{watch.seconds:>9.2f}{watch.memory:>7.0f} MB{watch.p95:>10.2f} s"
    print(f"{title:<58}{figures}  {words[:90]}", flush=True)


@dataclass
class Watch:
    """Memory of a server, and what others wait for an answer of it, while something is done."""

    address: str
    seconds: float = 0.0
    memory: float = 0.0
    waited: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.waited, n=20)[-1] if len(self.waited) > 1 else max(self.waited, default=0.0)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure what is done inside, and two seconds more: what it has set off may go on."""
        for _ in range(3):
            self._ask()  # the first answer of all takes longer
        self.waited.clear()
        over, idle = threading.Event(), held()
        threads = [
            threading.Thread(target=self._look, args=(over, idle)),
            threading.Thread(target=self._others, args=(over,)),
        ]
        for thread in threads:
            thread.start()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds = time.perf_counter() - started
            time.sleep(2)
            over.set()
            for thread in threads:
                thread.join()

    def _look(self, over: threading.Event, idle: float) -> None:
        while not over.wait(EVERY / 4):
            self.memory = max(self.memory, held() - idle)

    def _others(self, over: threading.Event) -> None:
        while not over.wait(EVERY):
            self._ask()

    def _ask(self) -> None:
        body = json.dumps({"run": RUN, "text": "see you at home then"}).encode()
        request = Request(f"{self.address}/api/v1/predict", body, {"Content-Type": "application/json"})
        started = time.perf_counter()
        with urlopen(request, timeout=120) as answer:
            answer.read()
        self.waited.append(time.perf_counter() - started)


def held() -> float:
    """MB that the server and its processes hold."""
    servers = [each for each in psutil.Process().children() if "streamlit" in each.cmdline()]
    total = 0
    for process in [each for found in servers for each in (found, *found.children(recursive=True))]:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue  # it has ended
    return total / 2**20


if __name__ == "__main__":
    main()
