"""The stage and the sceptic: why, doubted, tested, sent as a link and taken away; and text that stays text."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from tests.browser.conftest import open_tab

pytestmark = pytest.mark.browser
STARTER = "starter-airline-sentiment"
NASTY = "<script>alert(1)</script> <img src=x onerror=alert(2)> ![p](http://a.invalid/b.png) e\u0301 今天 طقس 🙂 lost"


def settle(page) -> None:
    page.wait_for_timeout(300)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def strip(page, key: str = "strip"):
    return page.locator(f".st-key-{key} .strip")


def test_why_is_one_click_and_a_doubt_one_more(page, warm_url):
    page.goto(f"{warm_url}/predict?run={STARTER}")
    page.get_by_role("link", name="Why?").click()
    page.get_by_role("heading", name="Explain", level=1).wait_for()
    page.get_by_text("It adds up").wait_for()
    assert page.get_by_role("heading", level=5).inner_text().endswith("most.")

    page.get_by_role("tab", name="Is it true?").click()
    page.wait_for_url("**view=truth*")
    word = strip(page, "try_strip").get_by_role("button", name=re.compile("nobody$"))
    word.focus()
    page.keyboard.press("Enter")
    page.get_by_text("The text that was asked").wait_for()
    assert page.get_by_text("never arrived, and at the desk").is_visible()
    page.wait_for_url("**without=7*")

    phone = open_tab(page.context.browser, 390, 844)
    phone.goto(page.url)
    phone.get_by_text("never arrived, and at the desk").wait_for()
    wide = phone.evaluate("(() => { const m = document.querySelector('[data-testid=stMain]');"
                          " return m.scrollWidth - m.clientWidth })()")  # fmt: skip
    assert wide <= 1
    phone.close()
    assert page.get_by_test_id("stException").count() == 0


def test_a_text_stays_text_and_what_is_taken_away_opens_without_the_app(page, warm_url, tmp_path):
    outside, alerts = [], []
    page.on("request", lambda r: None if not r.url.startswith("http") or warm_url in r.url else outside.append(r.url))
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(f"{warm_url}/explain?run={STARTER}&text={quote(NASTY)}&take=true")
    page.get_by_role("button", name="Page (HTML)").wait_for()
    settle(page)
    assert strip(page).evaluate("strip => strip.textContent") == NASTY
    assert strip(page).locator(".part").first.evaluate("part => part.children.length") > 3
    assert strip(page).locator("script, img, a").count() == 0

    files, places = {}, page.locator(".st-key-take_away")
    for name in ("Page (HTML)", "Chart (PNG)", "Table (CSV)", "All of it (JSON)"):
        with page.expect_download() as download:
            places.get_by_role("button", name=name).click()
        files[name] = tmp_path / re.sub(r"\W", "", name)
        download.value.save_as(files[name])
    told = json.loads(files["All of it (JSON)"].read_text("utf-8"))
    assert told["text"] == NASTY
    assert len(told["ids"]) == len(told["tokens"])
    assert files["Chart (PNG)"].read_bytes().startswith(b"\x89PNG")
    figure = page.locator(".st-key-waterfall_figure")
    figure.get_by_text("Table and picture").click()
    figure.get_by_test_id("stDataFrame").wait_for()
    settle(page)
    with page.expect_download() as download:  # by the keyboard: the button moves while the table above it is drawn
        figure.get_by_role("button", name="Chart (PNG)").press("Enter")
    assert download.value.suggested_filename == "waterfall.png"
    assert files["Table (CSV)"].read_text("utf-8").startswith("kind,")

    requests = []
    alone = open_tab(page.context.browser, 1280, 720)
    alone.on("request", lambda request: requests.append(request.url))
    alone.set_content(files["Page (HTML)"].read_text("utf-8"))
    assert alone.locator("p.text").evaluate("part => part.textContent") == NASTY
    assert alone.locator("svg").count() == 1
    assert (requests, outside, alerts) == ([], [], [])
    alone.close()


def test_each_bar_begins_where_the_one_above_it_ends_after_another_text_was_asked(page, warm_url):
    first = "My suitcase never arrived, and at the desk nobody could help."
    page.goto(f"{warm_url}/explain?run={STARTER}&text={quote(first)}")
    bars = page.locator(".st-key-waterfall_figure [aria-roledescription='bar']")
    bars.first.wait_for()
    box = page.get_by_role("textbox").first
    box.fill("Lovely crew, but nobody at the desk could help and my suitcase never arrived.")
    box.press("Enter")
    bars.filter(has=page.locator("xpath=self::*[contains(@aria-label, 'step: Lovely')]")).first.wait_for()
    settle(page)
    drawn = bars.evaluate_all("all => all.map(bar => [bar.getBoundingClientRect().y, bar.getAttribute('aria-label')])")
    ends = [re.search("text: (.*); step.*end: (.*); role", told.replace("\u2212", "-")) for _, told in sorted(drawn)]
    starts, finishes = zip(*((float(end[1]), float(end[2])) for end in ends), strict=True)
    assert starts[1:-1] == pytest.approx(finishes[:-2], abs=1e-6)
