"""The first visitors of a fresh server, whichever page they come to, while libraries are still being imported."""

from __future__ import annotations

import pytest

from tests.browser.conftest import open_tab, serve

pytestmark = pytest.mark.browser

# Python runs a module of this name when it starts. Libraries get the time to be met half imported that they take where
# all cores are busy: each sleeps before a module of its own, when its name already stands in sys.modules.
SLOWED = """
import sys, time

SECONDS = {"altair.vegalite": 1.5, "pandas.core": 2, "pyarrow.lib": 0.5, "scipy.optimize._optimize": 0.5, "torch.nn": 1}

class Slow:
    def find_spec(self, name, path=None, target=None):
        if "streamlit" in sys.modules:
            time.sleep(SECONDS.pop(name, 0))

sys.meta_path.insert(0, Slow())
"""
# What stands on a page once all of it is drawn.
WHOLE = {
    "": ".st-key-answer h2",
    "fine_tune": ".st-key-start button",
    "predict": ".st-key-answer h2",
    "explain": ".st-key-answer h2",
    "runs": "[data-testid=stVegaLiteChart]",
}


def test_links_into_a_fresh_server_open_their_pages_without_an_error_or_another_host(browser, tmp_path):
    """All at once, as when a room follows its teacher: whichever import one page begins, the others meet."""
    (tmp_path / "sitecustomize.py").write_text(SLOWED)
    asked, tabs = [], {name: open_tab(browser, 1280, 1000) for name in WHOLE}
    with serve(tmp_path / "home", PYTHONPATH=str(tmp_path)) as url:
        for name, tab in tabs.items():
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(f"{url}/{name}", wait_until="commit")
        for name, tab in tabs.items():
            tab.locator(WHOLE[name]).or_(tab.get_by_test_id("stAlertContentError")).first.wait_for()
        tab.wait_for_timeout(500)
        for name, tab in tabs.items():
            assert tab.get_by_test_id("stAlertContentError").all_inner_texts() == []
            assert tab.get_by_test_id("stException").count() == 0
            tab.locator(WHOLE[name]).first.wait_for()  # it may be drawn anew just now
            assert tab.get_by_role("link", name="Fine-tune").count() >= 1
        assert [each for each in asked if each.startswith("http") and not each.startswith(url)] == []
