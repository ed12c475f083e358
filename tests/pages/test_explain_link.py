"""What an address of the page Explain names, and what it names in vain."""

import pytest
from streamlit.testing.v1 import AppTest

from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources, waiting
from tests.pages.asking import TEXT, ask


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start, where nobody looks before the work is done."""
    monkeypatch.setattr(resources, "is_warm", lambda: True)
    monkeypatch.setattr(waiting, "PATIENCE", 600.0)


def left_out(app):
    """What the page says of words of its address."""
    return [each.value.replace("\\", "") for each in app.warning if "The link asked for something" in each.value]


IN_VAIN = [("view", "x", "view"), ("look", "x", "way to look"), ("how", "x", "way to change words"),
           ("without", "99.x", "word of this text"), ("word", "from.99", "token to look at"),
           ("part", "7", "part of this text"), ("head", "99.99,x", "head of this model"),
           ("off", "all", "head of this model"), ("picture", "x", "picture"), ("sides", "x", "choice of texts"),
           ("way", "x", "way through the layers"), ("target", "x", "label"), ("against", "", "label"),
           ("method", "tea leaves", "method"), ("baseline", "x", "baseline"),
           ("study", "../one", "study of words of this run")]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "kind"), IN_VAIN)
def test_what_an_address_names_in_vain_is_said_once_and_left_out(open_page, make_classifier, name, given, kind):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, **{name: given})
    assert not app.exception
    assert not app.error
    [told] = left_out(app)
    assert f"“{given}” is no {kind}" in told
    assert name not in app.query_params
    assert left_out(app.run()) == [told]  # a page that waits for a result draws itself anew
    for view in ("truth", ""):
        app.query_params["view"] = view
        if not view:
            del app.query_params["view"]
        app.run()
        assert not left_out(app)


def test_all_of_it_is_one_sentence_and_the_usual_view_is_there(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, **{name: given for name, given, _ in IN_VAIN})
    assert not app.exception
    assert not app.error
    [told] = left_out(app)
    assert all(f"“{given}” is no {kind}" in told for _, given, kind in IN_VAIN)
    assert app.selectbox(key="why_method").value == "integrated_gradients"


def test_a_part_that_is_drawn_by_itself_draws_the_page_anew_once_the_address_is_another():
    def script():
        import streamlit as st

        from bertdemo.ui.kit import address

        st.session_state["draws"] = draws = st.session_state.get("draws", 0) + 1
        address.drop_invalid(address.invalid_params("view", (), "view"))
        if draws == 2:
            address.put("look", "layers")
        address.tell_no_longer()

    app = AppTest.from_function(script)
    app.query_params["view"] = "x"
    assert left_out(app.run())
    assert not left_out(app.run())
    assert app.session_state["draws"] == 3


def test_a_method_that_is_not_offered_says_why(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, method="deeplift")
    assert "DeepLIFT is not offered for this model, as its rules are for non-linear modules" in left_out(app)[0]
    assert "method" not in app.query_params


@pytest.mark.parametrize("target", [{"target": "praise"}, {}])
def test_a_label_is_not_held_against_itself(open_page, make_classifier, target):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT)
    against = app.selectbox(key="why_target").value if not target else "praise"
    app = open_page("explain", run="one", text=TEXT, against=against, **target)
    assert "a label cannot be held against itself" in left_out(app)[0]
    assert "against" not in app.query_params


@pytest.mark.parametrize(("part", "is_there"), [("1", True), ("4", False), ("7", True)])
def test_a_token_is_one_of_the_part_that_is_named(open_page, make_classifier, part, is_there):
    make_classifier()
    text = "cold " * 14 + "coldbreads " * 6  # parts of 16, 15, 12 and 12 tokens
    app = open_page("explain", run="one", text=text, view="attention", part=part, word="from.15")
    assert not app.exception
    assert ("word" in app.query_params) is is_there
    assert ("“from.15” is no token to look at" in " ".join(left_out(app))) is not is_there
    assert ("“7” is no part of this text" in " ".join(left_out(app))) is (part == "7")  # and the first is shown


def test_words_that_the_text_has_stay_in_the_address(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", without="4.99", head="1.2,x", word="at.3", part="1",
                    how="mask")  # fmt: skip
    assert app.query_params["without"] == "4"
    assert app.query_params["head"] == "1.2"
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
