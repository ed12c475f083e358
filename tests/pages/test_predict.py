"""One text, its answer, and what stands behind it."""

import dataclasses

import numpy as np
import pytest

from bertdemo.evaluation.answers import Answered, Answers
from bertdemo.models.classifier import load_base, load_classifier, save_classifier
from bertdemo.prediction.single import predict_one
from bertdemo.runs.records import State
from bertdemo.ui import handles

TEXT = "the coffee was wonderful and the staff were kind"


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start."""
    monkeypatch.setattr(handles, "is_warm", lambda: True)


@pytest.fixture
def small_split(small_split, request):
    """As for all pages, or with a second text in each row."""
    if getattr(request, "param", None) != "pairs":
        return small_split
    dataset = small_split.dataset
    return dataclasses.replace(small_split, dataset=dataclasses.replace(dataset, pairs=dataset.texts[::-1]))


@pytest.fixture
def make_classifier(make_run, small_split, tiny_base):
    """Makes a finished run that answers: ``make_classifier("a")``."""

    def make(run_id="one", **about):
        folder = make_run(run_id, State.FINISHED, **about)
        names = small_split.dataset.label_names
        save_classifier(
            load_base(str(tiny_base), names, dropout=0.0, max_length=16, seed=len(run_id)), folder.model_path
        )
        truth = {part: np.array(small_split.part(part).labels) for part in ("validation", "test")}
        answered = {part: Answered(t, np.eye(2, dtype=np.float32)[t]) for part, t in truth.items()}
        folder.write_answers(Answers(answered["validation"], answered["test"], truth["test"]))
        return folder

    return make


def ask(app, text):
    app.text_area(key="ask_text").set_value(text)
    return app.button(key="classify").click().run()


def link_of(app):
    [text] = app.query_params["text"] if isinstance(app.query_params["text"], list) else [app.query_params["text"]]
    return text


def test_without_a_classifier_the_page_says_what_will_be_here(open_page, words_of):
    app = open_page("predict")
    assert not app.exception
    assert "which label a new text gets" in words_of(app)


def test_the_page_says_what_the_classifier_says(open_page, make_classifier, words_of):
    folder = make_classifier()
    app = ask(open_page("predict", run="one"), TEXT)
    assert not app.exception
    assert not app.error
    answer = predict_one(load_classifier(folder.model_path), TEXT)
    assert app.header[0].value == f"{answer.label}, {100 * answer.confidence:.1f}\u00a0% certain"
    assert f"{answer.tokens} tokens read" in words_of(app)
    assert "computed in fp32" in words_of(app)


def test_a_newcomer_meets_an_answer_to_a_test_text_and_whether_it_is_right(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("predict")
    assert app.header
    assert "People labelled it" in words_of(app)


def test_an_example_is_one_click(open_page, make_classifier, small_split):
    make_classifier()
    app = open_page("predict", run="one")
    app.button(key="example_1").click().run()
    assert not app.exception
    assert app.text_area(key="ask_text").value in small_split.part("test").texts
    assert link_of(app) == app.text_area(key="ask_text").value


def test_the_address_opens_the_same_view(open_page, make_classifier):
    make_classifier()
    asked = ask(open_page("predict", run="one"), TEXT)
    opened = open_page("predict", run="one", text=link_of(asked))
    assert opened.text_area(key="ask_text").value == TEXT
    assert opened.header[0].value == asked.header[0].value


def test_a_text_that_is_too_long_says_so_and_shows_what_was_cut(open_page, make_classifier, words_of):
    make_classifier()
    text = f"{TEXT} " * 300 + "unread"
    app = ask(open_page("predict", run="one"), text)
    assert "only its first 16 tokens were read" in app.warning[0].value
    assert "too long for a link" in words_of(app)
    assert "text" not in app.query_params
    app.session_state["pieces_box"] = True
    assert "What was cut off" in words_of(app.run())


@pytest.mark.parametrize("text", [" \n ", "x" * 1_000_001])
def test_a_text_that_cannot_be_classified_is_one_sentence(open_page, make_classifier, text):
    make_classifier()
    app = ask(open_page("predict", run="one"), text)
    assert not app.exception
    [error] = app.error
    assert "went wrong" not in error.value


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "🙂🙂", "今天天气很好", "طقس جميل", "a\0b", "**bold** [a](http://b)"]
)
def test_any_text_gets_an_answer_and_is_never_markup(open_page, make_classifier, words_of, text):
    make_classifier()
    app = ask(open_page("predict", run="one"), text)
    ask(app, TEXT)
    assert not app.exception
    assert not app.error
    assert app.header
    labels = "".join(button.label for button in app.button)
    assert "<script" not in labels + words_of(app)
    assert "**bold**" not in labels


def test_the_texts_of_this_visit_can_be_asked_again(open_page, make_classifier):
    make_classifier()
    app = open_page("predict", run="one")
    for text in ("the first text", "the second text"):
        ask(app, text)
    [first] = [button for button in app.button if "the first text" in button.label]
    first.click().run()
    assert app.text_area(key="ask_text").value == "the first text"


@pytest.mark.parametrize("state", [State.TRAINING, State.FAILED, State.CANCELLED, State.QUEUED])
def test_a_run_without_a_model_is_one_sentence(open_page, make_run, state):
    make_run("one", state)
    app = ask(open_page("predict", run="one"), TEXT)
    assert not app.exception
    [error] = app.error
    assert "went wrong" not in error.value


def test_a_damaged_model_is_one_sentence(open_page, make_classifier):
    folder = make_classifier()
    (folder.model_path / "model.safetensors").write_bytes(b"no model")
    app = ask(open_page("predict", run="one"), TEXT)
    assert not app.exception
    [error] = app.error
    assert "damaged" in error.value


def test_the_newest_classifier_is_chosen_where_the_newest_run_has_none(open_page, make_classifier, make_run):
    make_classifier(age=100)
    make_run("two", State.FAILED)
    assert open_page("predict").selectbox(key="run_picker").value == "one"


def test_below_the_chosen_certainty_the_answer_is_not_sure_and_its_price_is_shown(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("predict", run="one")
    app.session_state["threshold_box"] = True
    app.run().slider(key="least_certainty").set_value(99).run()
    assert not app.exception
    assert app.header[0].value.startswith("Not sure (perhaps")
    assert "it would never answer" in words_of(app)
    app.slider(key="least_certainty").set_value(10).run()
    assert "It would answer **100.0\u00a0%**" in words_of(app)


def test_several_classifiers_answer_the_same_text(open_page, make_classifier, words_of):
    for run_id in ("one", "three"):
        make_classifier(run_id)
    app = ask(open_page("predict", run="one"), TEXT)
    app.multiselect(key="compare_answers").set_value(["three"]).run()
    assert not app.exception
    assert not app.error
    [table] = app.table
    assert list(table.value["Classifier"]) == ["1 one", "2 three"]
    assert all("ms" in time for time in table.value["Time"])
    assert all("parameters" in size for size in table.value["Size"])


def test_one_broken_classifier_does_not_silence_the_others(open_page, make_classifier):
    for run_id in ("one", "three"):
        folder = make_classifier(run_id)
    (folder.model_path / "model.safetensors").write_bytes(b"no model")
    app = ask(open_page("predict", run="one"), TEXT)
    app.multiselect(key="compare_answers").set_value(["three"]).run()
    assert app.header
    assert len(app.error) == 1


@pytest.mark.parametrize("small_split", ["pairs"], indirect=True)
def test_a_classifier_of_pairs_asks_for_two_texts(open_page, make_classifier):
    make_classifier()
    app = open_page("predict", run="one")
    app.text_area(key="ask_text").set_value(TEXT)
    app.text_area(key="ask_pair").set_value("the coffee was cold")
    app.button(key="classify").click().run()
    assert not app.exception
    assert not app.error
    assert app.header
    assert app.query_params["pair"] in ("the coffee was cold", ["the coffee was cold"])
    app.text_area(key="ask_pair").set_value("")
    app.button(key="classify").click().run()
    assert "second text is empty" in app.error[0].value
