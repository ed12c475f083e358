"""A run on the page of Fine-tune: live, waiting, stopped, cancelled, and at its end."""

from dataclasses import replace

import pytest

from bertdemo.tasks.records import State
from tests.pages.conftest import STEPS
from tests.runs.fakes import write_whole_model

STOPPING = "Stopping: the best so far is kept"


def test_a_live_run_shows_where_it_stands_and_can_be_stopped(open_page, make_run):
    folder = make_run("one", State.TRAINING)
    app = open_page("fine_tune", run="one")
    assert not app.exception
    assert [metric.value for metric in app.metric] == ["90", "2,900", "800 MB", "fp32"]
    assert "halved" in app.warning[0].value
    app.button(key="stop_run").click().run()
    assert not app.exception
    assert folder.request() == "stop"
    assert (app.button(key="stop_run").label, app.button(key="stop_run").disabled) == (STOPPING, True)


def test_a_kept_model_under_test_shows_nothing_of_its_training_and_can_be_cancelled(open_page, make_run):
    folder = make_run("one", State.STARTING)
    folder.write_status(replace(folder.status(), only_test=True))
    app = open_page("fine_tune", run="one")
    assert not app.exception
    assert len(app.metric) == 0
    assert [button.key for button in app.button if button.key in ("stop_run", "cancel_yes")] == ["cancel_yes"]


def test_a_run_that_is_cancelled_does_not_say_that_it_keeps_anything(open_page, make_run):
    folder = make_run("one", State.TRAINING)
    app = open_page("fine_tune", run="one")
    app.button(key="cancel_yes").click().run()
    assert not app.exception
    assert folder.request() == "cancel"
    assert app.button(key="stop_run").disabled
    assert app.button(key="stop_run").label != STOPPING


def test_a_run_that_has_not_begun_has_nothing_to_keep(open_page, make_run):
    make_run("first", State.TRAINING)
    make_run("second", State.QUEUED)
    app = open_page("fine_tune", run="second")
    assert app.button(key="stop_run").disabled
    assert not app.button(key="cancel_yes").disabled


def test_a_waiting_run_says_what_comes_before_it(open_page, make_run):
    make_run("first", State.TRAINING)
    make_run("second", State.QUEUED)
    app = open_page("fine_tune", run="second")
    assert not app.exception
    [bar] = app.get("progress")
    assert bar.proto.text == "Waiting for 1 run before this one; the one under way needs under 20 seconds more"


def test_a_live_run_can_be_cancelled(open_page, make_run):
    folder = make_run("one", State.TRAINING)
    app = open_page("fine_tune", run="one")
    app.button(key="cancel_yes").click().run()
    assert folder.request() == "cancel"


@pytest.mark.parametrize("page", ["fine_tune", "runs"])
def test_the_whole_model_of_an_interrupted_run_is_offered_for_its_test(open_page, make_run, page):
    folder = make_run("one", State.INTERRUPTED)
    app = open_page(page, run="one")
    assert "test_kept" not in [button.key for button in app.button]
    folder.keep_model(lambda draft: (draft.mkdir(), write_whole_model(draft)), 4)
    app.run()
    app.button(key="test_kept").click().run()
    assert not app.exception
    status = folder.status()
    assert (status.state, status.only_test, status.step) == (State.STARTING, True, 4)
    assert "cancel_yes" in [button.key for button in app.button]  # it is watched


def test_the_report_of_an_interrupted_run_says_where_training_was(open_page, make_run, words_of):
    folder = make_run("one", State.STOPPED)
    report = folder.report()
    training = replace(report.training, steps=4, planned_steps=STEPS, best_step=2, interrupted=True)
    folder.write_report(replace(report, training=training))
    app = open_page("runs", run="one")
    assert not app.exception
    assert f"Training was interrupted at step 4 of {STEPS}" in words_of(app)


def test_a_finished_run_shows_its_report_in_place(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    app = open_page("fine_tune", run="one")
    assert not app.exception
    assert "What does BERT add" in words_of(app)
    assert "The most memory seen in use was 800 MB." in words_of(app)
    app.button(key="another").click().run()
    assert "1  Data" in words_of(app)


def test_the_page_returns_to_a_live_run_but_not_to_a_finished_one(open_page, make_run, words_of):
    make_run("live", State.TRAINING)
    make_run("done", State.FINISHED)
    app = open_page("fine_tune", run="live")
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/fine_tune.py").run()
    assert app.button(key="stop_run")
    app = open_page("runs", run="done")
    app.query_params.clear()  # as the links of the navigation do
    app.switch_page("pages/fine_tune.py").run()
    assert "1  Data" in words_of(app)


@pytest.mark.parametrize("chosen", ["one", "two"])
def test_of_two_runs_with_the_same_name_the_one_on_the_page_is_stopped(open_page, make_run, chosen):
    folders = {run_id: make_run(run_id, State.TRAINING, name="twins") for run_id in ("one", "two")}
    app = open_page("fine_tune", run=chosen)
    app.button(key="stop_run").click().run()
    assert not app.exception
    assert {run_id for run_id, folder in folders.items() if folder.request() == "stop"} == {chosen}
