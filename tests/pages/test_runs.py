"""The list of runs, and one of them opened."""

import json
import time
from dataclasses import replace

import pytest

from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State
from bertdemo.training.events import Stepped
from bertdemo.ui.runs import row_height


@pytest.mark.usefixtures("no_starters")
def test_without_runs_the_page_says_what_will_be_here(open_page, words_of):
    app = open_page("runs")
    assert not app.exception
    assert "kept here" in words_of(app)


def test_a_newcomer_finds_what_comes_with_the_app_and_cannot_change_it(open_page, words_of):
    app = open_page("runs")
    assert not app.exception
    assert app.query_params["run"] in ("starter-airline-sentiment", ["starter-airline-sentiment"])
    assert "kept here" in words_of(app)
    assert "comes with the app and stays as it is" in words_of(app)
    assert "delete_yes" not in [button.key for button in app.button]
    assert "What does BERT add to a bag of words?" in words_of(app)


def test_the_list_has_a_row_for_every_run_and_the_newest_first(open_page, make_run):
    make_run("old", State.FAILED, age=100)
    make_run("new", State.FINISHED)
    app = open_page("runs")
    assert not app.exception
    assert list(app.dataframe[0].value["Name"])[:2] == ["new", "old"]


@pytest.mark.parametrize("state", list(State))
def test_a_run_in_any_state_can_be_opened(open_page, make_run, state):
    make_run("one", state)
    app = open_page("runs", run="one")
    assert not app.exception
    assert not app.error


def test_a_report_shows_scores_labels_and_what_the_baseline_did(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    app = open_page("runs", run="one")
    assert [metric.value for metric in app.metric[:2]] == ["93.3\u00a0%", "93.2\u00a0%"]
    assert "What does BERT add to a bag of words?" in words_of(app)
    assert "Which labels does it mix up?" in words_of(app)


def test_a_run_that_is_not_there_is_one_sentence(open_page, make_run):
    make_run("one", State.FINISHED)
    app = open_page("runs", run="../../etc")
    assert not app.exception
    [error] = app.error
    assert "There is no run called" in error.value


def test_a_loss_that_is_no_number_is_flagged(open_page, make_run):
    make_run("one", State.TRAINING, loss=float("nan"))
    app = open_page("runs", run="one")
    assert not app.exception
    assert "not a number" in app.error[0].value


def test_a_run_can_be_renamed_and_deleted(open_page, make_run):
    folder = make_run("one", State.FINISHED, name="before")
    app = open_page("runs", run="one")
    app.text_input(key="name_of_one").set_value("after").run()
    assert folder.name() == "before"
    app.session_state["rename_run_one"] = True  # the panel is open
    app.button(key="rename_yes").click().run()
    assert folder.name() == "after"
    assert not app.session_state["rename_run_one"]
    app.button(key="delete_yes").click().run()
    assert not app.exception
    assert not folder.exists()


def test_the_curves_of_other_runs_can_be_laid_over(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    make_run("two", State.STOPPED)
    app = open_page("runs", run="one", compare_runs="true")
    app.multiselect(key="compare_with_one").set_value(["two"]).run()
    assert not app.exception
    assert "Which run learned faster" in words_of(app)


def test_the_choice_of_a_run_lasts_from_page_to_page(open_page, make_run):
    make_run("one", State.FINISHED)
    make_run("two", State.FINISHED)
    app = open_page("runs", run="one")
    app.switch_page("pages/home.py").run()
    assert app.selectbox(key="run_picker").value == "one"


def test_training_that_diverges_is_said(open_page, home, make_run):
    folder = make_run("one", State.TRAINING)
    for step in range(5, 30):
        folder.append(Stepped(step, 0.1, 5.0, 1.0, 1.0, 90.0, 2900.0, step, 9.0, 800.0), time.time())
    app = open_page("runs", run="one")
    assert not app.exception
    assert "Stop, and try a smaller learning rate" in app.warning[0].value


@pytest.mark.parametrize("state", [State.FAILED, State.INTERRUPTED, State.CANCELLED])
def test_a_run_without_a_report_can_be_started_again(open_page, home, make_run, state):
    make_run("one", state, name="mine")
    app = open_page("runs", run="one")
    app.button(key="again").click().run()
    assert not app.exception
    assert not app.error
    [other] = {path.name for path in (home / "runs").iterdir()} - {"one"}
    assert RunFolder(home / "runs" / other).recipe() == RunFolder(home / "runs" / "one").recipe()
    assert RunFolder(home / "runs" / other).name() == "mine"


def test_what_counts_comes_first_in_the_list(open_page, make_run):
    make_run("one", State.FINISHED)
    columns = list(open_page("runs").dataframe[0].value)
    assert columns[:7] == ["Name", "State", "accuracy", "macro_f1", "Base", "Time", "Begun"]


def test_name_state_and_accuracy_fit_the_width_of_a_phone(open_page, make_run):
    make_run("one", State.INTERRUPTED)
    configured = json.loads(open_page("runs").dataframe[0].proto.columns)
    widths = [configured[name]["width"] for name in ("Name", "State", "accuracy")]
    assert 35 + sum(widths) <= 390 - 2 * 16 - 2  # the boxes to tick; the margins and the frame
    assert widths[1] >= 86  # "interrupted"


def test_a_long_name_is_read_whole_in_rows_of_more_lines(open_page, make_run):
    make_run("one", State.FINISHED, name="short")
    heights = [open_page("runs").dataframe[0].proto.row_height]
    make_run("two", State.FINISHED, name="as long as a name is shown, which is sixty letters and more")
    heights.append(open_page("runs").dataframe[0].proto.row_height)
    assert heights[1] > heights[0]
    assert [row_height(["x" * 20]), row_height(["x" * 20, "x" * 60])] == [35, 65]


def test_the_heading_of_a_run_is_its_whole_name(open_page, make_run):
    name = "a name of " + " ".join(["so many words"] * 5) + " that the picker shortens it"
    make_run("one", State.FINISHED, name=name)
    assert open_page("runs", run="one").header[0].value == name
    assert open_page("fine_tune", run="one").title[0].value == name


def test_of_two_runs_with_the_same_name_the_chosen_one_is_deleted(open_page, make_run):
    folders = {run_id: make_run(run_id, State.FINISHED, name="twins") for run_id in ("one", "two")}
    app = open_page("runs", run="two")
    app.button(key="delete_yes").click().run()
    assert not app.exception
    assert folders["one"].exists()
    assert not folders["two"].exists()


def test_a_cancelled_run_says_so_once(open_page, make_run):
    folder = make_run("one", State.CANCELLED)
    folder.write_status(replace(folder.status(), message="Cancelled: nothing was kept."))
    warning = open_page("runs", run="one").warning[0]
    assert warning.value.lower().count("cancelled") == 1
    assert warning.value.count("kept") == 1


def test_the_log_needs_no_box_to_scroll_in(open_page, make_run):
    folder = make_run("one", State.FINISHED)
    folder.log_path.write_text("".join(f"line {number}\n" for number in range(500)))
    [log] = open_page("runs", run="one").code
    assert "line 499" in log.value
    assert "line 100\n" not in log.value


def test_a_classifier_that_comes_with_the_app_is_judged_like_any_other_and_cannot_be_changed(open_page, words_of):
    app = open_page("runs", run="starter-sms-spam", certainty="true", mistakes="true")
    assert not app.exception
    assert not app.error
    assert "comes with the app" in words_of(app)
    assert "on average" in words_of(app)
    assert not [button for button in app.button if button.key in ("rename_yes", "delete_yes")]
