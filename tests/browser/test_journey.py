"""From a file to a judged classifier, as a person does it in a browser."""

from __future__ import annotations

import csv
import io
import re
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.browser


def as_csv(dataset) -> bytes:
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(["text", "label"])
    rows.writerows(
        (text, dataset.label_names[label]) for text, label in zip(dataset.texts, dataset.labels, strict=True)
    )
    return table.getvalue().encode()


def enter(page, label: str, value: str) -> None:
    """Type into a field and leave it."""
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")
    settle(page)


def settle(page) -> None:
    """Wait until the script has run to its end."""
    page.wait_for_timeout(150)  # until the browser has sent what was entered
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def step_shown(page) -> int:
    words = page.get_by_text(re.compile(r"Training: step [\d,]+ of")).first.inner_text()
    return int(re.search(r"step ([\d,]+)", words)[1].replace(",", ""))


def choose_data_and_recipe(page, dataset, base) -> None:
    page.get_by_text("A file of yours", exact=True).click()
    upload = {"name": "visits.csv", "mimeType": "text/csv", "buffer": as_csv(dataset)}
    page.locator('input[type="file"]').set_input_files(upload)
    page.get_by_text("60 texts under 2 labels").wait_for()
    settle(page)
    box = page.get_by_role("combobox", name="Base model")
    box.fill(str(base))
    box.press("Enter")
    page.get_by_text("A model from a folder").wait_for()
    settle(page)
    enter(page, "Epochs", "100")
    enter(page, "Batch size", "1")


def test_train_reload_stop_judge_and_delete(page, warm_url, small_dataset, tiny_base):
    page.goto(f"{warm_url}/fine_tune")
    choose_data_and_recipe(page, small_dataset, tiny_base)
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url("**/fine_tune?run=*")

    page.locator('[aria-label*="one training batch"]').first.wait_for(state="attached")
    page.get_by_text(re.compile(r"Training: step [1-9]")).first.wait_for()  # the batch is drawn before its step is done
    before = step_shown(page)
    page.reload()  # a closed lid, a second tab
    assert step_shown(page) >= before

    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_text("What does BERT add to a bag of words?").wait_for()
    assert page.get_by_text("Training was stopped early").is_visible()
    assert page.get_by_test_id("stException").count() == 0

    page.get_by_role("link", name="Runs").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("kept here with its scores").wait_for()


def test_the_interface_for_programs_is_mounted_beside_the_pages(warm_url):
    def read(path: str) -> str:
        with urlopen(warm_url + path) as response:
            return response.read().decode()

    assert '"ready":true' in read("/api/ready")
    assert '"models":[' in read("/api/v1/models")
    assert "/api/openapi.json" in read("/api/docs")
    assert '"url":"/api"' in read("/api/openapi.json")
    assert "<title>" in read("/")
