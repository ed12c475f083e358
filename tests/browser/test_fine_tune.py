"""Files and settings of a new run, as Chromium keeps them: it sends back what it shows."""

from __future__ import annotations

import pytest

from tests.browser.test_journey import enter, settle

pytestmark = pytest.mark.browser

ROWS = [("what a lovely day number %d", "good"), ("an awful rainy evening number %d", "bad")]
SETTINGS = ("Epochs", "Learning rate", "Batch size", "Seed", "Dropout", "Warm-up")
TIMES = 4  # one replacement in two to four went wrong


def upload(page, name: str, start: int = 0) -> None:
    lines = (f"{text % i},{label},{label}er" for i in range(start, start + 30) for text, label in ROWS)
    content = "\n".join(("text,label,other", *lines)).encode()
    page.locator('input[type="file"]').set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_text(f"{name}: 60 rows, 2 labels").wait_for()
    settle(page)


def choose(page, label: str, value: str) -> None:
    box = page.get_by_role("combobox", name=label, exact=True)
    box.fill(value)
    box.press("Enter")
    settle(page)


def begin(page, url: str) -> None:
    page.goto(f"{url}/fine_tune")
    page.get_by_text("A file of yours", exact=True).click()
    upload(page, "first.csv")


def set_so_far(page) -> dict[str, str | bool]:
    shown: dict[str, str | bool] = {
        name: page.get_by_role("spinbutton", name=name, exact=True, include_hidden=True).input_value()
        for name in (*SETTINGS, "Train on at most")
    }
    frozen = page.get_by_role("switch", name="Freeze word embeddings", include_hidden=True)
    return shown | {"frozen": frozen.is_checked()}


def test_settings_stay_when_a_file_is_replaced(page, warm_url):
    begin(page, warm_url)
    enter(page, "Epochs", "7")
    field = page.get_by_role("spinbutton", name="Train on at most", exact=True)
    field.fill("40")
    field.press("Enter")
    settle(page)
    before = set_so_far(page)
    assert (before["Epochs"], before["Train on at most"], before["frozen"]) == ("7", "40", True)
    for time in range(1, TIMES + 1):
        upload(page, f"other{time}.csv", start=100 * time)
        assert set_so_far(page) == before


def test_settings_stay_when_the_source_is_changed_to_and_fro_in_haste(page, warm_url):
    begin(page, warm_url)
    enter(page, "Epochs", "7")
    before = set_so_far(page)
    for _ in range(TIMES):
        page.get_by_text("Hugging Face Hub", exact=True).click()
        page.wait_for_timeout(20)
        page.get_by_text("A file of yours", exact=True).click()
        page.get_by_text("first.csv: 60 rows, 2 labels").wait_for()
        settle(page)
        assert set_so_far(page) == before


def test_a_file_stays_in_use_on_visiting_the_hub_until_it_is_taken_away(page, warm_url):
    begin(page, warm_url)
    page.get_by_text("Hugging Face Hub", exact=True).click()
    page.get_by_text("This needs a network").wait_for()
    settle(page)
    page.get_by_text("A file of yours", exact=True).click()
    page.get_by_text("Using first.csv").wait_for()
    settle(page)
    choose(page, "Label", "other")
    page.get_by_text("60 texts under 2 labels").wait_for()
    assert page.get_by_role("combobox", name="Label", exact=True).input_value() == "other"
    page.get_by_role("button", name="Remove file").click()
    page.get_by_text("Two columns are enough").wait_for()
    assert page.get_by_text("Using first.csv").count() == 0


def test_the_keyboard_stays_at_the_uploader_once_its_file_is_read(page, warm_url):
    begin(page, warm_url)
    for name in ("second.csv", "third.csv"):
        page.locator('[data-testid="stFileUploaderDropzone"] button').focus()
        upload(page, name)
        page.wait_for_function("document.activeElement.closest('[data-testid=stFileUploaderDropzone]')")


def put_in(page, name: str, *labels: str) -> None:
    """Upload a table of which two columns may hold the labels: these in turn, and topics."""
    rows = (f"a day like no other {name} {i},{labels[i % len(labels)]},{'xyz'[i % 3]}" for i in range(60))
    content = "\n".join(("text,sentiment,topic", *rows)).encode()
    page.locator('input[type="file"]').set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_text(f"Using {name}").wait_for()
    settle(page)


def test_doubtful_labels_are_asked_about_and_another_file_takes_back_only_what_it_does_not_have(page, warm_url):
    page.goto(f"{warm_url}/fine_tune")
    page.get_by_text("A file of yours", exact=True).click()
    put_in(page, "first.csv", "good", "Good", "bad", "good|bad", "n/a")
    page.get_by_text("Which column holds the labels?").wait_for()
    choose(page, "Label", "sentiment")
    page.get_by_text("36 texts under 2 labels").wait_for()
    page.get_by_text("are read as one label: “good” (“Good”)").wait_for()
    choose(page, "Rows with several labels", "Learn “bad” against all others")
    page.get_by_text("48 texts under 2 labels").wait_for()
    page.get_by_label("Remove n/a", exact=True).click()
    page.get_by_text("60 texts under 2 labels").wait_for()
    put_in(page, "second.csv", "long", "LONG", "short", "long|short", "?")
    page.get_by_text("36 texts under 2 labels").wait_for()
    page.get_by_text("12 rows with several labels, such as “long” and “short”: left out").wait_for()
    assert page.get_by_role("combobox", name="Label", exact=True).input_value() == "sentiment"
    assert page.get_by_role("combobox", name="Rows with several labels").input_value() == "Leave them out"
    page.get_by_text("“?” (12 rows): read as “no label”").wait_for()
    page.get_by_label("Remove ?", exact=True).wait_for()
