"""Measurements beside the page: called off at any moment, ended when nobody looks."""

import threading
import time

import pytest

from bertdemo.explanation.cancelling import CancelledError
from bertdemo.explanation.reading import read
from bertdemo.models.classifier import load_base
from bertdemo.ui import attention_measure
from bertdemo.ui.attention_measure import _measure, _Work


@pytest.fixture(scope="module")
def classifier(tiny_base):
    return load_base(str(tiny_base), ("praise", "complaint"), dropout=0.0, max_length=64)


def test_it_measures_every_head_and_tells_how_far_it_is(classifier):
    work = _Work("case")
    found = _measure(work, classifier, lambda own: [read(own, "the coffee was cold"), read(own, "kind people")])
    assert (work.done, work.texts, found.texts) == (2, 2, 2)
    assert found.change.shape == (2, 2)


def test_one_that_is_called_off_ends_before_its_next_piece(classifier):
    work = _Work("case")
    work.called_off.set()
    with pytest.raises(CancelledError):
        _measure(work, classifier, lambda own: [read(own, "the coffee was cold")])
    assert work.done == 0


def test_one_that_nobody_looks_at_any_more_is_called_off():
    work = _Work("case", looked=time.monotonic() - attention_measure._FORGOTTEN - 1)
    assert work.is_over()
    assert work.called_off.is_set()
    assert not _Work("case").is_over()


def test_a_long_one_is_called_off_by_a_click_within_a_second(classifier):
    work, begun = _Work("case"), threading.Event()

    def many(own):
        begun.set()
        return [read(own, "the coffee was cold and the staff were rude")] * 100_000

    results = []

    def run():
        try:
            _measure(work, classifier, many)
        except CancelledError:
            results.append("called off")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert begun.wait(10)
    work.called_off.set()
    thread.join(10)
    assert results == ["called off"]
