"""Where the model looks, in the browser: maps, words, switches, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
STARTER = "starter-sms-spam"
TEXT = "Free <b>prize</b>: call now or <img src=x onerror=alert(1)> مرحبا"


@pytest.fixture
def view(page, warm_url):
    """The head view of a text, drawn."""
    page.goto(f"{warm_url}/explain?run={STARTER}&view=attention&text={TEXT}&head=2.3")
    page.locator(".legend").filter(has_text="Layer 2, head 3").wait_for()
    return page


def words(view, side: str) -> list[str]:
    return view.locator(f".words.{side} .word").all_inner_texts()


def test_heads_are_looked_at_by_mouse_and_keyboard_and_switched_off(view):
    shown = words(view, "from")
    assert "".join(shown[1:-1]) == TEXT.replace(" ", "")
    assert words(view, "at") == shown

    map_ = view.get_by_role("button", name=re.compile("^Layer 1, head 5:"))
    map_.focus()
    view.keyboard.press("ArrowDown")
    view.keyboard.press("ArrowRight")
    view.keyboard.press("Enter")
    view.locator(".legend").filter(has_text="Layer 2, head 6").wait_for()
    view.wait_for_url("**head=2.6**")

    view.locator(".words.from .word", has_text="prize").click()
    view.wait_for_url("**word=from.*")
    said = view.locator(".said").inner_text()
    assert said.startswith("prize looks at ")
    view.reload()
    view.locator(".said", has_text="prize looks at ").wait_for()
    assert view.locator(".said").inner_text() == said
    view.locator(".words.from .word", has_text="مرحبا").click()
    view.locator(".said", has_text="\u2068مرحبا\u2069 looks at ").wait_for()  # or the figures would change places

    view.get_by_text("Matrix", exact=True).click()
    view.get_by_role("region", name="Matrix: rows look").focus()
    view.keyboard.press("ArrowRight")
    view.locator(".said", has_text="[CLS] looks at [CLS]").wait_for()

    view.get_by_text("Switch heads off").click()
    answer = view.locator(".st-key-off_answer_figure")
    answer.filter(has_text="With all heads on").wait_for()
    view.get_by_role("button", name=re.compile("^Layer 6, mean")).click()
    answer.filter(has_text="Without these 12 heads").wait_for()
    view.wait_for_url("**off=6**")
    view.get_by_role("button", name="Switch all on").click()
    answer.filter(has_text="With all heads on").wait_for()
    assert view.get_by_test_id("stException").count() == 0


def test_what_is_sent_is_small_and_fits_a_phone(page, warm_url):
    sent = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame))))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{warm_url}/explain?run={STARTER}&view=attention&head=2.3&text={'call%20me%20now%20' * 40}")
    page.locator(".legend").filter(has_text="Layer 2, head 3").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    sent.clear()
    page.get_by_role("button", name=re.compile("^Layer 3, head 1:")).click()
    page.locator(".legend").filter(has_text="Layer 3, head 1").wait_for()
    assert sum(sent) <= 300_000, json.dumps(sent)
    wider = page.evaluate("(() => { const m = document.querySelector('[data-testid=stMain]');"
                          " return m.scrollWidth - m.clientWidth })()")  # fmt: skip
    assert wider <= 1


def saved(view, what: str) -> tuple[str, int, int, int]:
    """Name, width, height and bytes of the PNG that a button saves."""
    with view.expect_download() as download:
        view.get_by_role("button", name=f"PNG: save the picture of {what}").press("Enter")
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG\r\n")
    width, height = (int.from_bytes(content[place : place + 4]) for place in (16, 20))
    return download.value.suggested_filename, width, height, len(content)


def test_every_picture_is_saved_as_a_png_by_the_browser_alone(view):
    asked = []
    view.emulate_media(color_scheme="dark")
    view.on("request", lambda request: asked.append(request.url))
    name, width, height, size = saved(view, "all heads")
    assert name == f"{STARTER}-attention-heads.png"
    assert width >= 2 * 600  # two pixels for each one of the drawing
    assert height >= 2 * 300
    assert size > 40_000  # an empty paper of this size takes 10,000

    words_name, words_width, words_height, words_size = saved(view, "words and lines")
    assert words_name == f"{STARTER}-attention-words-2.3.png"
    assert words_width >= 2 * 700
    assert words_height >= 2 * 26 * len(words(view, "from"))
    assert words_size > 40_000
    view.locator(".words.from .word", has_text="prize").click()
    view.wait_for_url("**word=from.*")
    _, _, _, one_word = saved(view, "words and lines")
    assert one_word < words_size / 2  # the lines of one word

    view.get_by_text("Matrix", exact=True).click()
    view.get_by_role("region", name="Matrix: rows look").wait_for()
    name, width, height, size = saved(view, "the matrix: Layer 2, head 3")
    assert name == f"{STARTER}-attention-matrix-2.3.png"
    assert min(width, height) >= 2 * 400
    assert size > 40_000
    assert [url for url in asked if not url.startswith("blob:")] == []
