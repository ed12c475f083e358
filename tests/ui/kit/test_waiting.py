"""Work beside the page: it tells how far it is, is called off at any moment, and ends when nobody looks."""

import threading
import time
from concurrent.futures import wait
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from bertdemo.errors import CancelledError
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_base
from bertdemo.tasks.records import State, Status
from bertdemo.ui.attention.ablation import measure
from bertdemo.ui.explain import attribution
from bertdemo.ui.explain.methods import Choice
from bertdemo.ui.kit import waiting
from bertdemo.ui.kit.texts import Asked
from bertdemo.ui.kit.waiting import Bar


@pytest.fixture(scope="module")
def classifier(tiny_base):
    return load_base(str(tiny_base), ("praise", "complaint"), dropout=0.0, max_length=64)


def test_it_measures_every_head_and_tells_how_far_it_is(classifier):
    bar = Bar("Reading…")
    found = measure(
        classifier,
        [tokenize_with_words(classifier, "the coffee was cold"), tokenize_with_words(classifier, "kind people")],
        bar,
    )
    assert (bar.share, found.texts) == (1.0, 2)
    assert bar.words.endswith("2 of 2 texts")
    assert found.change.shape == (2, 2)


def test_one_that_is_called_off_ends_before_its_next_piece(classifier):
    bar = Bar("Reading…")
    bar.called_off.set()
    with pytest.raises(CancelledError):
        measure(classifier, [tokenize_with_words(classifier, "the coffee was cold")], bar)
    assert bar.share == 0.0


def test_one_that_nobody_looks_at_any_more_is_called_off():
    bar = Bar("Reading…", looked=time.monotonic() - waiting._FORGOTTEN - 1)
    assert bar.is_over()
    assert bar.called_off.is_set()
    assert not Bar("Reading…").is_over()


def test_a_long_one_is_called_off_by_a_click_within_a_second(classifier):
    bar, results = Bar("Reading…"), []
    readings = [tokenize_with_words(classifier, "the coffee was cold and the staff were rude")] * 100_000

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
    thread.join(600)
    assert results == ["called off"]


def test_a_bar_that_does_not_know_its_end_never_goes_back_and_never_fills():
    bar = Bar("Computing…")
    shares = [bar.share for _ in range(100) if not bar()]
    assert shares == sorted(shares)
    assert len(shares) == 100
    assert shares[-1] < 1


def test_parts_share_a_bar_that_never_goes_back_and_ends_full():
    bar, shares = Bar("Computing…"), []
    for number, pieces in enumerate((3, 30, 0)):
        bar.part(number, 3)
        shares += [bar.share, *(bar.share for _ in range(pieces) if not bar())]
    bar.at(1, 1)
    shares.append(bar.share)
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[4] == pytest.approx(1 / 3)
    assert shares[-1] == 1.0


def test_the_bar_of_a_long_text_never_goes_back(classifier):
    class Seen(Bar):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            shares.append(self.share)

    shares = []
    subject = SimpleNamespace(classifier=classifier, asked=Asked("the coffee was cold and the staff were rude " * 40))
    whole = attribution._whole(subject, Choice(0, method="saliency"), Seen("Explaining…"))
    assert len(whole.found) > 3
    assert shares == sorted(shares)
    assert shares[-1] > 0.5


def several() -> None:
    """A page that wants three results under one bar; the first is known already, the last waits to be let go."""
    import streamlit as st

    from bertdemo.ui.kit import waiting

    made, let_go = st.session_state["made"], st.session_state["let_go"]

    def work(name):
        def make(bar):
            if name == "c":
                let_go.wait(600)
            made.append((name, round(bar.share, 2), bar.words))
            return name.upper()

        return waiting.Work(name, f"Making {name}", make)

    a, b, c = (work(name) for name in "abc")
    waiting.result_of(a.key, a.words, a.make)
    waiting.skip_pending(lambda: st.text(" ".join(waiting.results_of([a, b, c]))))
    if let_go.is_set():
        st.text(waiting.result_of(b.key, b.words, b.make))


def test_several_results_share_one_bar_and_are_each_kept():
    made, let_go = [], threading.Event()
    app = AppTest.from_function(several, default_timeout=600)
    app.session_state["made"], app.session_state["let_go"] = made, let_go
    app.run()
    assert not app.exception
    [bar] = app.get("progress")
    assert (bar.proto.text, bar.proto.value) == ("3 of 3: Making c", 66)
    assert not app.text
    let_go.set()
    wait([work.result for work in app.session_state["explained"].values()], 30)
    app.run()
    assert not app.exception
    assert [text.value for text in app.text] == ["A B C", "B"]
    assert made == [("a", 0.0, "Making a"), ("b", 0.33, "2 of 3: Making b"), ("c", 0.67, "3 of 3: Making c")]


def a_page() -> None:
    """A page that watches a task, which has come further each time that somebody asks."""
    import streamlit as st

    from bertdemo.ui.kit import waiting

    store = st.session_state["store"]
    waiting.watch(store, store.get("one"), lambda task: st.text(f"step {task.status.step}"))


def test_a_task_is_looked_at_more_often_until_its_first_step(monkeypatch):
    ticks, fragment = [], waiting.st.fragment
    monkeypatch.setattr(waiting.st, "fragment", lambda *a, run_every: (ticks.append(run_every), fragment(*a))[1])
    stands = [(State.STARTING, 0)] * 3 + [(State.TRAINING, 1)] * 3  # it begins between a page and its look
    statuses = iter([Status(state, "", 0.0, step, 9) for state, step in stands])
    store = SimpleNamespace(get=lambda _: SimpleNamespace(id="one", status=next(statuses)))
    app = AppTest.from_function(a_page, default_timeout=600)
    app.session_state["store"] = store
    app.run()
    assert [text.value for text in app.text] == ["step 0"]
    app.run()
    assert not app.exception
    assert ticks == [waiting._BEGINNING, waiting._BEGINNING, waiting._TICK]
    assert ticks[0] < ticks[-1]
    assert [text.value for text in app.text] == ["step 1"]
