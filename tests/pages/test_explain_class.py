"""From one text to the class: the fourth view of Explain."""

from __future__ import annotations

import json
import time

import pytest

from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.studies import store
from bertdemo.studies.records import Question
from bertdemo.studies.store import Studies
from bertdemo.studies.worker import work
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.records import State, Status
from bertdemo.ui.kit import resources
from tests.pages.asking import ask
from tests.pages.conftest import IdleBackend
from tests.studies.fakes import fake_attribute

TEXT = "the coffee was cold and the staff were rude"
PRAISE, COMPLAINT = 0, 1  # labels


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start, with studies that are done at once and cost nothing."""
    monkeypatch.setattr(resources, "is_warm", lambda: True)
    backend = ImmediateBackend(lambda folder: work(folder, fake_attribute))
    monkeypatch.setattr(store, "_local_backend", lambda settings: backend)


@pytest.fixture
def folder(make_run, learned_base, tiny_base):
    """A finished run that has learned to tell praise from complaint."""
    folder = make_run("one", State.FINISHED)
    save_classifier(load_classifier(learned_base), folder.model_path)
    recipe = folder.path / "recipe.json"
    recipe.write_text(json.dumps(json.loads(recipe.read_text()) | {"base": str(tiny_base)}))
    return folder


@pytest.fixture
def view(open_page, folder):
    def view(**query):
        return open_page("explain", run="one", text=TEXT, view="class", **query)

    return view


def studied(app):
    """After the button was pressed."""
    app.button(key="study_begin").click().run()
    assert not app.exception
    assert not app.error
    return app


def test_a_label_or_a_mistake_is_chosen_with_the_number_of_its_texts(view):
    app = view()
    assert not app.exception
    assert app.selectbox(key="study_which_one").options == [
        "called “complaint”: 9 texts", "called “praise”: 6 texts", "“praise” taken for “complaint”: 1 text",
    ]  # fmt: skip


def test_the_words_are_named_with_their_method(view, words_of):
    said = words_of(studied(view()))
    assert "Integrated gradients of all such test texts, baseline PAD, " in said
    assert "certified (scores add up to within 1\u00a0%)" in said
    assert "compared words at once" in said
    assert "does not say that it should" in said


def test_what_was_found_is_there_again_by_its_link(view, words_of):
    address = studied(view()).query_params["study"]
    again = view(study=address)
    assert "Integrated gradients of all such test texts" in words_of(again)
    again.selectbox(key="study_which_one").select_index(1).run()
    assert "study" not in again.query_params
    assert "Integrated gradients of all such" not in words_of(again)
    third = view(study=address)
    assert third.selectbox(key="study_which_one").value.predicted == 1


@pytest.fixture
def choice():
    """The question about the texts that are chosen: ``choice(app)``."""
    return lambda app: app.selectbox(key="study_which_one").value


def test_it_opens_on_the_label_of_the_answer_until_there_is_another_answer(view, choice):
    app = studied(view())
    assert choice(app) == Question("words", COMPLAINT)
    app.selectbox(key="study_which_one").select_index(2).run()
    assert choice(ask(app, "the bread was cold and rude")) == Question("words", COMPLAINT, PRAISE)  # as it was chosen
    assert choice(ask(app, "wonderful coffee and kind staff")) == Question("words", PRAISE)
    assert "study" not in app.query_params
    assert choice(ask(app, TEXT)) == Question("words", COMPLAINT)
    assert app.query_params["study"]


def test_what_was_found_last_of_a_label_is_there_for_whoever_comes_back(view, words_of):
    app = view()
    app.radio(key="study_most_one").set_value(50).run()
    studied(app)
    back = view()
    assert "Integrated gradients of all such test texts" in words_of(back)
    assert back.query_params["study"] == app.query_params["study"]
    assert back.radio(key="study_most_one").value == 50


def test_a_study_that_the_address_names_comes_before_the_label_of_the_answer(view, choice):
    app = view()
    app.selectbox(key="study_which_one").select_index(1).run()
    assert choice(view(study=studied(app).query_params["study"])) == Question("words", PRAISE)
    assert choice(view()) == Question("words", COMPLAINT)


def test_a_study_stays_behind_with_its_run(view, make_classifier):
    make_classifier("two")
    app = studied(view())
    app.selectbox(key="run_picker").set_value("two").run()
    assert not app.exception
    assert "study" not in app.query_params
    assert not app.warning


def test_texts_with_a_word_can_be_read_and_lead_to_their_explanation(view, words_of, small_split):
    app = studied(view())
    options = app.selectbox(key="study_word").options
    place = next(row for row, words in enumerate(options) if words.startswith("the:"))
    app.selectbox(key="study_word").select_index(place).run()
    assert not app.exception
    assert "the highest of its scores in" in words_of(app)
    shown = [text.value for text in app.text]
    assert any(text in shown for text in small_split.part("test").texts)
    assert app.get("page_link")


def test_a_text_that_looks_like_markup_stays_text(view, monkeypatch, words_of):
    monkeypatch.setattr("bertdemo.ui.study.words.shorten", lambda text, length: "<b>*x*</b>")
    said = words_of(studied(view()))
    assert "<b>" not in said
    assert "*x*" not in said


def test_shortcuts_or_their_absence_are_told(view, words_of):
    assert "looks like a shortcut" in words_of(studied(view())) or "could be shortcuts" in words_of(view())


def test_a_study_at_work_shows_its_progress_and_can_be_cancelled(view, folder, monkeypatch, words_of, home):
    monkeypatch.setattr(store, "_local_backend", lambda settings: IdleBackend())
    app = studied(view())
    [study] = Studies(resources.settings()).list()
    assert "You can close this page" in words_of(app)
    work_folder = Studies(resources.settings()).folder(study.id)
    work_folder.write_status(Status(State.EXPLAINING, "Explaining: text 5 of 9.", time.time(), 5, 9, remaining=2.0))
    app = view()
    app.button(key=f"cancel_{study.id}").click().run()
    assert work_folder.request() == "cancel"


def test_a_study_that_was_cancelled_goes_on_when_asked(view, monkeypatch, words_of):
    monkeypatch.setattr(store, "_local_backend", lambda settings: IdleBackend())
    studied(view())
    [study] = Studies(resources.settings()).list()
    folder = Studies(resources.settings()).folder(study.id)
    folder.write_status(Status(State.CANCELLED, "Cancelled after 5 of 9 texts: it can be resumed there.", 2.0))
    app = view()
    assert "5 of 9 texts" in words_of(app)
    app.button(key=f"resume_{study.id}").click().run()
    assert folder.status().state.is_live


def test_a_study_can_be_deleted(view):
    app = studied(view())
    [study] = Studies(resources.settings()).list()
    app.button(key=f"delete_{study.id}_yes").click().run()
    assert not app.exception
    assert Studies(resources.settings()).list() == []
    assert app.button(key="study_begin")
    assert not app.warning  # the address does not name it any more


def test_the_map_says_what_fine_tuning_did_to_the_neighbourhoods(view, words_of, small_split):
    app = view()
    app.button(key="map_begin").click().run()
    assert not app.exception
    assert not app.error
    said = words_of(app)
    assert "the nearest neighbour of a text has its label for" in said
    assert "15 test texts" in said
    assert "axes have nothing in common" in said
    app.selectbox(key="map_text_one").select_index(0).run()
    assert small_split.part("test").texts[0] in [text.value for text in app.text]
    assert "labelled **praise**" in words_of(app)


def test_a_run_with_too_few_test_texts_has_no_map_and_says_why(view, monkeypatch, words_of):
    monkeypatch.setattr(store, "LEAST_MAP", 16)
    app = view()
    assert not app.exception
    assert not app.error
    assert "A map needs 16 test texts at the least, and this run has 15" in words_of(app)
    assert "map_begin" not in [button.key for button in app.button]


def test_a_run_without_kept_answers_says_what_to_do(view, folder, words_of):
    (folder.path / "answers.parquet").unlink()
    app = view()
    assert not app.exception
    assert words_of(app).count("kept no answers") == 1
