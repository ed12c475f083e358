"""What an address of the page Explain names, and what it names in vain."""

import pytest

from bertdemo.runs.records import State
from bertdemo.ui import explain_kept, handles
from tests.pages.asking import TEXT, ask


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start, where nobody looks before the work is done."""
    monkeypatch.setattr(handles, "is_warm", lambda: True)
    monkeypatch.setattr(explain_kept, "PATIENCE", 60.0)


def left_out(app):
    """What the page says of words of its address."""
    return [each.value.replace("\\", "") for each in app.warning if "Left out" in each.value]


IN_VAIN = [("view", "x", "view"), ("look", "x", "way to look"), ("how", "x", "way to change words"),
           ("without", "99.x", "word of this text"), ("word", "from.99", "token to look at"),
           ("part", "7", "part of this text")]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "kind"), IN_VAIN)
def test_what_an_address_names_in_vain_is_said_and_left_out(open_page, make_classifier, name, given, kind):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, **{name: given})
    assert not app.exception
    [told] = left_out(app)
    assert f"'{given}' is no {kind}." in told
    assert name not in app.query_params
    app.query_params["view"] = "truth"
    app.run()
    assert not left_out(app)


def test_words_that_the_text_has_stay_in_the_address(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", without="4.99", word="at.3", part="1", how="mask")
    assert app.query_params["without"] == "4"
    assert [app.query_params[name] for name in ("word", "part", "how")] == ["at.3", "1", "mask"]


def test_another_text_is_not_told_of_the_words_of_the_one_before(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", without="9", word="at.9")
    ask(app, "cold coffee")
    assert not left_out(app)


@pytest.mark.parametrize("page", ["explain", "predict"])
@pytest.mark.parametrize(("state", "times"), [(State.TRAINING, 0), (State.FINISHED, 1)])
def test_texts_are_offered_as_tested_once_they_were(open_page, make_run, words_of, page, state, times):
    make_run("one", state)
    assert words_of(open_page(page, run="one")).count("Or take a text it was tested on") == times
