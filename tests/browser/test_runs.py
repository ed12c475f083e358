"""The report as it is read in a browser: a cell is clicked, a question opened, a link sent."""

from __future__ import annotations

import csv
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertdemo.data.dataset import Split
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.browser.conftest import serve
from tests.runs.ended import write_test

pytestmark = pytest.mark.browser


@pytest.fixture
def split(small_dataset) -> Split:
    rows = tuple(range(len(small_dataset)))
    return Split(small_dataset, train=rows[::2], validation=rows[1::4], test=rows[3::4], seed=7)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    """The address of a server over the home."""
    with serve(home) as address:
        yield address


@pytest.fixture
def report_url(url: str, home: Path, split: Split) -> str:
    """The address of the report of a run that took one praise for a complaint, the only one in the home."""
    shutil.rmtree(home / "runs", ignore_errors=True)
    folder = RunFolder.create(home / "runs" / "one", split, Recipe(), "Visits", time.time())
    write_test(folder, split, mistakes=1)
    folder.write_status(Status(State.FINISHED, "", time.time()))
    return f"{url}/runs?run=one"


def test_a_click_on_a_cell_shows_its_texts(page, report_url, split):
    page.goto(report_url)
    cell = page.locator('.st-key-confusion [aria-label*="true: praise; predicted: complaint; texts: 1"]').first
    cell.click()
    page.get_by_text(split.part("test").texts[0]).wait_for()
    assert page.get_by_test_id("stException").count() == 0


def test_a_link_opens_the_question_that_was_open(page, report_url, split):
    page.goto(report_url)
    page.get_by_text("Which mistakes was it surest of?").click()
    page.get_by_text("It is wrong on 1 test text").wait_for()
    page.wait_for_url(re.compile("mistakes=true"))
    page.reload()
    page.get_by_text("It is wrong on 1 test text").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all mistakes").click()
    [row] = csv.DictReader(download.value.path().read_text().splitlines())
    assert row["text"] == split.part("test").texts[0]
    assert (row["label"], row["predicted_label"]) == ("praise", "complaint")


def test_a_panel_closes_once_its_work_is_done_and_never_asks_about_the_next_run(page, report_url, home, split):
    other = RunFolder.create(home / "runs" / "two", split, Recipe(), "Not this one", time.time() + 60)
    other.write_status(Status(State.CANCELLED, "", time.time()))
    page.goto(report_url)
    page.get_by_role("button", name="Rename").click()
    field = page.get_by_role("textbox", name="Name")
    field.fill("Other visits")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Other visits").wait_for()
    field.wait_for(state="hidden")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_role("heading", name="Not this one").wait_for()
    page.get_by_role("button", name="Delete it").wait_for(state="hidden")
    assert other.exists()


def test_a_name_that_is_longer_than_the_picker_ends_in_an_ellipsis_and_is_whole_in_the_list(page, report_url, home):
    RunFolder(home / "runs" / "one").write_name("a name that is longer than the picker of runs at the top")
    page.goto(report_url)
    picker = page.get_by_role("combobox", name="Run", exact=True)
    picker.wait_for()
    assert picker.evaluate("box => box.scrollWidth > box.clientWidth")
    assert picker.evaluate("box => getComputedStyle(box).textOverflow") == "ellipsis"
    picker.click()
    name = page.get_by_role("option", name="a name that is longer").locator("div")
    assert name.evaluate("words => words.scrollWidth <= words.clientWidth")
