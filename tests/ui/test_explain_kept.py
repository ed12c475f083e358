"""Work beside the page: it tells how far it is, is called off at any moment, and ends when nobody looks."""

import threading
import time

import pytest

from bertdemo.explanation.cancelling import CancelledError
from bertdemo.explanation.reading import read
from bertdemo.models.classifier import load_base
from bertdemo.ui import explain_kept
from bertdemo.ui.attention_worth import measure
from bertdemo.ui.explain_kept import Bar


@pytest.fixture(scope="module")
def classifier(tiny_base):
    return load_base(str(tiny_base), ("praise", "complaint"), dropout=0.0, max_length=64)


def test_it_measures_every_head_and_tells_how_far_it_is(classifier):
    bar = Bar("Reading…")
    found = measure(classifier, [read(classifier, "the coffee was cold"), read(classifier, "kind people")], bar)
    assert (bar.share, found.texts) == (1.0, 2)
    assert bar.words.endswith("2 of 2 texts")
    assert found.change.shape == (2, 2)


def test_one_that_is_called_off_ends_before_its_next_piece(classifier):
    bar = Bar("Reading…")
    bar.called_off.set()
    with pytest.raises(CancelledError):
        measure(classifier, [read(classifier, "the coffee was cold")], bar)
    assert bar.share == 0.0


def test_one_that_nobody_looks_at_any_more_is_called_off():
    bar = Bar("Reading…", looked=time.monotonic() - explain_kept._FORGOTTEN - 1)
    assert bar.is_over()
    assert bar.called_off.is_set()
    assert not Bar("Reading…").is_over()


def test_a_long_one_is_called_off_by_a_click_within_a_second(classifier):
    bar, results = Bar("Reading…"), []
    readings = [read(classifier, "the coffee was cold and the staff were rude")] * 100_000

    def run():
        try:
            measure(classifier, readings, bar)
        except CancelledError:
            results.append("called off")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not bar.share:
        thread.join(0.01)
    bar.called_off.set()
    thread.join(10)
    assert results == ["called off"]


def test_a_bar_that_does_not_know_its_end_never_goes_back_and_never_fills():
    bar = Bar("Computing…")
    shares = [bar.share for _ in range(100) if not bar()]
    assert shares == sorted(shares)
    assert len(shares) == 100
    assert shares[-1] < 1
