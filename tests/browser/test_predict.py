"""The stage and the desk: one text asked on the first screen, sent as a link, judged; then a list of texts."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tests.browser.conftest import open_tab

pytestmark = pytest.mark.browser
STARTER = "starter-sms-spam"


def answer(page):
    return page.locator(".st-key-answer").get_by_role("heading", level=2)


def ask(page, text: str) -> None:
    box = page.get_by_label("Text to classify")
    box.fill(text)
    box.press("Enter")


def test_a_newcomer_gets_an_answer_sends_the_link_and_asks_how_often_it_is_wrong(page, warm_url):
    page.goto(f"{warm_url}/?run={STARTER}")
    page.get_by_label("Text to classify").wait_for()
    assert page.evaluate("window.enterAsks")  # however early a person presses Enter
    answer(page).filter(has_text="certain").wait_for()  # nobody has pressed anything yet
    ask(page, "ok see you at home then, love you")
    answer(page).filter(has_text=re.compile(r"^ham, ")).wait_for()

    page.get_by_role("link", name="Predict", exact=True).first.click()
    page.get_by_role("tab", name="Many texts").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()  # what is drawn stays
    box = page.get_by_label("Text to classify")
    box.fill("URGENT! You have won a 2000 pound prize.")
    box.press("Shift+Enter")
    box.press_sequentially("Call 09061701461 now to claim.")
    assert "\n" in box.input_value()  # and nothing was asked
    assert answer(page).inner_text().startswith("ham")
    box.press("Enter")
    answer(page).filter(has_text=re.compile(r"^spam, ")).wait_for()
    page.wait_for_url("**text=URGENT**")

    phone = open_tab(page.context.browser, 390, 844)
    phone.goto(page.url)
    answer(phone).filter(has_text=re.compile(r"^spam, ")).wait_for()
    phone.get_by_role("link", name="Why?").click()
    phone.get_by_role("heading", name="Explain", level=1).wait_for()
    answer(phone).filter(has_text=re.compile(r"^spam, ")).wait_for()
    assert phone.get_by_role("textbox").first.input_value().startswith("URGENT! You have won")
    phone.close()

    page.get_by_role("link", name="How often is it wrong?").click()
    page.get_by_role("heading", name="Runs", level=1).wait_for()
    assert STARTER in page.url
    assert page.get_by_test_id("stException").count() == 0


def test_many_texts_survive_a_reload_and_come_back_as_a_table(page, warm_url):
    page.goto(f"{warm_url}/predict?run={STARTER}")
    page.get_by_role("tab", name="Many texts").click()
    texts = ["see you at home", "=1+1 call now to win a prize", "ok", "free entry, text WIN now"] * 5
    page.get_by_label("Texts, one a line").fill("\n".join(texts))
    page.get_by_role("button", name="Predict these texts").click()
    page.wait_for_url("**job=*")
    page.reload()
    page.get_by_text("Which rows are worth a look?").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"].lstrip("'") for row in rows] == texts
    assert {row["predicted_label"] for row in rows} <= {"ham", "spam"}
    assert page.get_by_test_id("stException").count() == 0
