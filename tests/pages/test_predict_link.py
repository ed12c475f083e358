"""Predict by a link, with a damaged run, and with files that stay."""

from __future__ import annotations

import re

import pytest

from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources
from tests.models.bases import change_weights
from tests.pages.asking import TEXT, ask


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start."""
    monkeypatch.setattr(resources, "is_warm", lambda: True)


def test_the_address_holds_the_threshold_and_the_classifiers_compared(open_page, make_classifier):
    for run_id in ("one", "two", "three"):
        make_classifier(run_id)
    app = ask(open_page("predict", run="one"), TEXT)
    assert {"sure", "with"}.isdisjoint(app.query_params)
    app.session_state["threshold_box"] = app.session_state["compare_box"] = True
    app.run().slider(key="least_certainty").set_value(99).run()
    app.multiselect(key="compare_answers").set_value(["three", "two"]).run()
    assert (app.query_params["sure"], app.query_params["with"]) == ("99", ["three", "two"])
    opened = open_page("predict", **app.query_params)
    assert not opened.exception
    assert not opened.warning
    assert opened.header[0].value == app.header[0].value
    assert opened.header[0].value.startswith("Not sure")
    assert opened.slider(key="least_certainty").value == 99
    assert opened.multiselect(key="compare_answers").value == ["three", "two"]
    assert list(opened.table[0].value["Says"]) == list(app.table[0].value["Says"])
    opened.slider(key="least_certainty").set_value(0).run()
    opened.multiselect(key="compare_answers").set_value([]).run()
    assert not opened.exception
    assert {"sure", "with"}.isdisjoint(opened.query_params)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"sure": "100"}, "“100” is no certainty from 0 to 99"),
        ({"sure": "-1"}, "no certainty"),
        ({"sure": "a lot", "with": ["<b>", "two"]}, "no certainty from 0 to 99; “&lt;b\\>” is no classifier"),
        ({"with": ["one"]}, "“one” is no classifier to compare with this one"),
        ({"with": ["failed"]}, "“failed” is no classifier"),
        ({"with": ["two", "three", "four", "five"]}, "“five” is one too many"),
    ],
)
def test_what_the_address_names_in_vain_is_left_out_with_one_sentence(
    open_page, make_classifier, make_run, named, told
):
    for run_id in ("one", "two", "three", "four", "five"):
        make_classifier(run_id)
    make_run("failed", State.FAILED)
    app = open_page("predict", run="one", text=TEXT, **named)
    assert not app.exception
    assert not app.error
    [warning] = app.warning
    assert warning.value.startswith("The link asked for something that this run does not have: ")
    assert told in warning.value
    assert app.header[0].value.endswith("certain")
    kept = [each for each in named.get("with", []) if each in ("two", "three", "four")]
    app.session_state["compare_box"] = True
    assert app.run().multiselect(key="compare_answers").value == kept
    assert not app.run().warning  # the address is put right


def test_a_classifier_that_becomes_the_first_is_no_longer_beside_itself(open_page, make_classifier):
    for run_id in ("one", "two"):
        make_classifier(run_id)
    app = open_page("predict", run="one", text=TEXT, **{"with": "two"})
    app.selectbox(key="run_picker").set_value("two").run()
    assert not app.exception
    assert not app.error
    assert app.multiselect(key="compare_answers").value == []
    assert "with" not in app.query_params


def test_of_a_model_that_lost_a_weight_it_is_said_how_many_are_missing(open_page, make_classifier):
    folder = make_classifier()
    change_weights(folder.model_path, lambda w: {k: v for k, v in w.items() if "layer.0.output.dense.weight" not in k})
    app = ask(open_page("predict", run="one"), TEXT)
    assert not app.exception
    [error] = app.error
    told = error.value.replace("\\", "")
    assert re.search(r"one is damaged \(1 of \d+ weights are missing\): restore its folder, or train it again", told)
    assert str(folder.path) not in error.value


def test_an_open_tab_and_an_encoding_that_was_picked_stay_on_visiting_another_page(open_page, make_classifier):
    make_classifier()
    polish = "text\n" + "".join(f"Proszę o szybką odpowiedź {i}\n" for i in range(30))
    app = open_page("predict", run="one")
    app.session_state["predict_tab"] = "Many texts"
    app.run().radio(key="many_kind").set_value("A file of yours").run()
    app.file_uploader(key="many_upload").set_value(("mine.csv", polish.encode("cp1250"), "text/csv")).run()
    app.selectbox(key="many_encoding_picked").set_value("cp1251").run()
    app.switch_page("pages/fine_tune.py").run()
    app.switch_page("pages/predict.py").run()
    assert not app.exception
    assert app.selectbox(key="many_encoding_picked").value == "cp1251"
