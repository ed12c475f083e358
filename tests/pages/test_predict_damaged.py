"""A run whose model lost weights: the page says how many, and answers nothing."""

import re

import pytest

from bertdemo.ui.kit import resources
from tests.models.bases import change_weights
from tests.pages.asking import TEXT, ask


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start."""
    monkeypatch.setattr(resources, "is_warm", lambda: True)


def test_of_a_model_that_lost_a_weight_it_is_said_how_many_are_missing(open_page, make_classifier):
    folder = make_classifier()
    change_weights(folder.model_path, lambda w: {k: v for k, v in w.items() if "layer.0.output.dense.weight" not in k})
    app = ask(open_page("predict", run="one"), TEXT)
    assert not app.exception
    [error] = app.error
    told = error.value.replace("\\", "")
    assert re.search(r"one is damaged \(1 of \d+ weights are missing\): restore its folder, or train it again", told)
    assert str(folder.path) not in error.value
