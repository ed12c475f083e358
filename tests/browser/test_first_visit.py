"""The first visitor of a fresh server, whichever page they come to, while libraries are still being imported."""

from __future__ import annotations

import pytest

from tests.browser.conftest import serve

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


@pytest.mark.parametrize("name", WHOLE)
def test_a_link_into_a_fresh_server_opens_its_page_without_an_error_or_another_host(name, page, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SLOWED)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with serve(tmp_path / "home", PYTHONPATH=str(tmp_path)) as url:
        page.goto(f"{url}/{name}")
        page.locator(WHOLE[name]).or_(page.get_by_test_id("stAlertContentError")).first.wait_for()
        page.wait_for_timeout(500)
        assert page.get_by_test_id("stAlertContentError").all_inner_texts() == []
        assert page.get_by_test_id("stException").count() == 0
        assert page.locator(WHOLE[name]).first.is_visible()
        assert page.get_by_role("link", name="Fine-tune").count() >= 1
        assert [each for each in asked if each.startswith("http") and not each.startswith(url)] == []
