"""The first screen: a classifier to try if there is one, and one button that makes one."""

from bertdemo.models.checkpoints import load_first
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources


def test_a_newcomer_meets_one_button_that_makes_a_classifier(open_page, home, words_of):
    app = open_page()
    words = words_of(app)
    assert not app.exception
    assert "first_run" in [button.key for button in app.button]
    app.button(key="first_run").click().run()
    assert not app.exception
    assert not app.error
    [folder] = (home / "runs").iterdir()
    assert app.query_params["run"] in (folder.name, [folder.name])
    assert f"spam from {len(RunFolder(folder).split().train):,} real text messages" in words


def test_who_comes_after_the_first_person_still_finds_the_button(open_page, make_run, home):
    """The runs of a server are everybody's: the first of forty students must not take the button from the others."""
    make_run("one", State.FINISHED)
    make_run("two", State.TRAINING)
    app = open_page()
    app.button(key="first_run").click().run()
    assert not app.exception
    assert not app.error
    assert len(list((home / "runs").iterdir())) == 3


def test_the_three_doors_are_open(open_page, words_of):
    app = open_page()
    for door in ("one text, or about a file", "watch the loss fall", "which words moved its answer"):
        assert door in words_of(app)


def test_a_classifier_is_ready_to_try_with_its_score_in_the_row(open_page, make_run, words_of):
    make_run("good", State.FINISHED, name="My visits")
    app = open_page()
    assert not app.exception
    assert "**My visits** is ready" in words_of(app)
    assert app.text_area(key="ask_text")
    assert "93.3\u00a0%" in words_of(app)


def test_before_the_libraries_are_loaded_the_page_says_so_and_loads_none(open_page, make_run, monkeypatch, words_of):
    monkeypatch.setattr(resources, "is_warm", lambda: False)
    make_run("good", State.FINISHED)
    app = open_page()
    app.text_area(key="ask_text").set_value("a lovely day")
    app.button(key="classify").click().run()
    assert not app.exception
    assert not app.error
    assert "loading the libraries" in words_of(app)


def test_the_classifier_that_is_loaded_first_answers_before_all_else_is_loaded(
    open_page, make_classifier, monkeypatch, words_of
):
    monkeypatch.setattr(resources, "is_warm", lambda: False)
    folder = make_classifier()
    monkeypatch.setattr(resources, "first_classifier", {"one": load_first(folder.model_path)}.get)
    monkeypatch.setattr(resources, "models", lambda: None)
    app = open_page()
    app.text_area(key="ask_text").set_value("a lovely day")
    app.button(key="classify").click().run()
    assert not app.exception
    assert not app.error
    assert "certain" in app.header[0].value
    assert "loading the libraries" not in words_of(app)
    assert app.query_params["text"] in ("a lovely day", ["a lovely day"])  # whoever reloads the page asks it again


def test_a_model_that_is_gone_is_one_sentence_on_the_first_page(open_page, make_run, monkeypatch):
    monkeypatch.setattr(resources, "is_warm", lambda: True)
    make_run("good", State.FINISHED)  # without weights
    app = open_page()
    assert not app.exception
    [error] = app.error
    assert "missing or damaged" in error.value


def test_a_run_under_way_leaves_the_classifier_before_it_to_try(open_page, make_run, words_of):
    make_run("good", State.FINISHED, name="Before", age=100)
    make_run("new", State.TRAINING, name="Now")
    app = open_page(run="new")
    assert app.selectbox(key="run_picker").value == "new"
    assert "**Before** is ready" in words_of(app)


def test_a_name_is_text_and_never_markup(open_page, make_run, words_of):
    make_run("bad", State.FINISHED, name="<img src=x> **bold** [a](http://b)")
    app = open_page()
    assert not app.exception
    assert "<img" not in words_of(app)
    assert "**bold**" not in words_of(app)
