"""The questions of a report: each is answered once it is opened."""

import shutil
from dataclasses import replace

import pytest

from bertdemo import registry
from bertdemo.data.dataset import Split
from bertdemo.errors import DataError, RunError
from bertdemo.export import exporting
from bertdemo.export.exporting import ENDINGS
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.records import State
from bertdemo.ui.report import page, sections
from bertdemo.ui.report.sections import Section
from bertdemo.ui.report.sections.compare import Named, recipe_rows

QUESTIONS = ("certainty", "not_sure", "slices", "mistakes", "suspects", "ranking", "compare_runs", "export")


def opened(open_page, *questions, run="one"):
    return open_page("runs", run=run, **dict.fromkeys(questions, "true"))


def test_every_question_can_be_opened_by_a_link(open_page, make_run):
    make_run("one", State.FINISHED)
    app = opened(open_page, *QUESTIONS)
    assert not app.exception
    assert not app.error


TOY = """
import streamlit as st

from bertdemo.ui.report.sections import AnalysisSection


class Toy(AnalysisSection):
    title, key, icon = "How many answers are there?", "toy", "tag"

    def draw_analysis(self, run, analysis):
        st.markdown(f"{len(analysis.answers.test.truth)} answers of {run.id}")
"""


def test_a_file_in_the_folder_is_a_question(open_page, make_run, words_of, tmp_path, monkeypatch):
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    monkeypatch.setattr(page, "SECTIONS", registry.members(sections, Section))
    make_run("one", State.FINISHED)
    app = opened(open_page, "toy")
    assert "How many answers are there?" in [box.label for box in app.expander]
    assert "answers of one" in words_of(app)


def test_nothing_is_computed_before_its_question_is_opened(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    said = words_of(open_page("runs", run="one"))
    assert "on average" not in said
    assert "Method:" not in said


def test_the_baseline_is_compared_text_by_text_in_words(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    said = words_of(open_page("runs", run="one"))
    assert "BERT alone is right on 2 and the bag of words alone on 0" in said
    assert "McNemar" in said


def test_the_texts_behind_a_cell_can_be_read(open_page, make_run, words_of, small_split: Split):
    make_run("one", State.FINISHED)
    app = open_page("runs", run="one")
    cell = app.selectbox(key="cell_one")
    assert cell.options[0] == "“praise” taken for “complaint”: 1 text"
    cell.select_index(0).run()
    assert not app.exception
    assert "Predicted **complaint**" in words_of(app)
    assert small_split.part("test").texts[0] in [text.value for text in app.text]


def test_a_longer_list_is_read_a_few_texts_at_a_time(open_page, make_run):
    make_run("one", State.FINISHED, mistakes=8)
    app = opened(open_page, "mistakes")
    before = len(app.text)
    app.button(key="mistakes_one_more").click().run()
    assert len(app.text) == before + 3


def test_certainty_is_told_with_its_estimator_and_its_temperature(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    app = opened(open_page, "certainty")
    assert "divided by 1.50" in words_of(app)
    assert "a perfectly calibrated model would show about" in words_of(app)
    [error] = [metric for metric in app.metric if metric.label == "Calibration error"]
    assert "plug-in" in error.help


def test_a_threshold_says_how_many_are_answered_and_how_many_of_these_are_right(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    app = opened(open_page, "not_sure")
    assert "of the 15 test texts" in words_of(app)
    app.slider(key="abstain").set_value(99).run()
    assert not app.exception
    assert "would answer none" in words_of(app)


def test_small_slices_are_said_to_prove_nothing(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    app = opened(open_page, "slices")
    assert "fewer than 30 texts" in words_of(app)
    app.segmented_control(key="sliced_by").set_value("label").run()
    assert not app.exception
    assert "How often is it right, by label?" in words_of(app)


def test_suspects_name_their_method_and_can_be_downloaded(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    said = words_of(opened(open_page, "suspects"))
    assert "confident learning" in said


def test_two_runs_are_compared_in_words_scores_recipes_and_curves(open_page, make_run, words_of):
    make_run("one", State.FINISHED, name="first")
    make_run("two", State.STOPPED, name="second", mistakes=6)
    app = opened(open_page, "compare_runs")
    app.multiselect(key="compare_with_one").set_value(["two"]).run()
    assert not app.exception
    assert not app.error
    said = words_of(app)
    assert "“first” alone is right on 5 and “second” alone on 0" in said.replace("\\", "")
    assert "Which is better on its test texts?" in said
    assert "Which run learned faster" in said


def test_a_link_names_the_runs_to_compare_with(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    make_run("two", State.FINISHED, mistakes=6)
    app = open_page("runs", run="one", compare_runs="true", **{"with": "two"})
    assert not app.exception
    assert "alone is right on 5" in words_of(app)
    app.multiselect(key="compare_with_one").set_value([]).run()
    assert "with" not in app.query_params


def test_a_run_without_answers_says_what_to_do(open_page, make_run, words_of):
    folder = make_run("one", State.FINISHED)
    (folder.path / "answers.parquet").unlink()
    app = open_page("runs", run="one")
    assert not app.exception
    assert not app.error
    assert "kept no answers" in words_of(app)


@pytest.mark.parametrize("name", ["answers.parquet", "data.parquet"])
def test_a_damaged_run_is_one_sentence_and_the_rest_of_the_report(open_page, make_run, words_of, name):
    folder = make_run("one", State.FINISHED)
    (folder.path / name).write_bytes(b"no table")
    app = opened(open_page, "mistakes")
    assert not app.exception
    [error] = app.error
    assert error.value.replace("\\", "").startswith(f"The run one is damaged ({name} cannot be read)")
    assert "Which labels does it mix up?" in words_of(app)


def test_slices_by_label_need_no_texts(open_page, make_run, words_of):
    folder = make_run("one", State.FINISHED)
    (folder.path / "data.parquet").unlink()
    app = opened(open_page, "slices", "certainty", "not_sure", "ranking")
    assert not app.exception
    assert not app.error
    [missing] = app.warning[:1]
    assert "data.parquet cannot be read" in missing.value.replace("\\", "")
    assert "How often is it right, by label?" in words_of(app)


def test_a_text_is_never_markup(open_page, make_run, words_of):
    make_run("one", State.FINISHED, name="<b>x</b> **y**")
    make_run("two", State.FINISHED, name="[z](http://z)")
    app = opened(open_page, *QUESTIONS)
    app.multiselect(key="compare_with_one").set_value(["two"]).run()
    assert "<b>" not in words_of(app)
    assert "](http" not in words_of(app)


def test_what_differs_in_the_recipes_comes_first_and_is_marked(home, make_run):
    make_run("one", State.FINISHED)
    run = Runs(Settings(home=home)).get("one")
    other = replace(run, recipe=replace(run.recipe, dropout=0.3))
    rows, number = recipe_rows([Named("a", run), Named("b", other)])
    assert number == 1
    assert list(rows.loc[0]) == ["≠", "dropout", "0.1", "0.3"]
    assert not rows["differs"][1:].any()


MEASURED = [
    {
        "form": form,
        "bytes": size,
        "milliseconds": milliseconds,
        "agreement": 1.0,
        "agreement_interval": {"low": 0.8, "high": 1.0},
        "difference": 0.0,
        "accuracy": 0.9,
        "texts": 15,
    }
    for form, size, milliseconds in (("PyTorch fp32", 90e6, 12.0), ("ONNX fp32", 90e6, 8.0), ("ONNX int8", 22.5e6, 4.0))
]


@pytest.fixture
def exporter(monkeypatch):
    """An exporter that writes its own name, and fails for ONNX; like the command it wants the right ending."""

    def export(settings, run_id, kind, output, *, measure=False):
        if kind == "onnx":
            raise RunError("This kind cannot be exported yet.")
        if output.suffix != ENDINGS[kind]:
            raise DataError("The name ends wrongly.")
        output.write_text(kind)
        return {"measured": MEASURED} if measure else {}

    monkeypatch.setattr(exporting, "export_apart", export)


@pytest.mark.parametrize("kind", ["zip", "int8"])
def test_a_file_is_made_when_asked_for_and_then_offered(open_page, make_run, exporter, kind):
    make_run("one", State.FINISHED)
    app = opened(open_page, "export")
    assert "Download, 0.0 MB" not in [button.label for button in app.get("download_button")]
    app.button(key=f"make_{kind}").click().run()
    assert not app.exception
    assert not app.error
    assert [button.label for button in app.get("download_button")].count("Download, 0.0 MB") == 1


def test_a_form_that_cannot_be_made_is_one_sentence(open_page, make_run, exporter):
    make_run("one", State.FINISHED)
    app = opened(open_page, "export")
    app.button(key="make_onnx").click().run()
    assert not app.exception
    [error] = app.error
    assert "cannot be exported yet" in error.value


def test_a_run_whose_model_is_gone_is_one_sentence(open_page, make_run):
    folder = make_run("one", State.FINISHED)
    shutil.rmtree(folder.model_path)
    app = opened(open_page, "export")
    assert not app.exception
    assert all("went wrong" not in error.value for error in app.error)
    assert any("model of the run one is missing" in error.value for error in app.error)


def test_what_smaller_forms_cost_is_told_in_words_and_in_a_table(open_page, make_run, exporter, words_of):
    make_run("one", State.FINISHED)
    app = opened(open_page, "export")
    app.button(key="measure_exports").click().run()
    assert not app.exception
    assert "4.0 times smaller than PyTorch fp32 and 3.0 times as fast" in words_of(app)
    [table] = [each.value for each in app.dataframe if "form" in each.value]
    assert list(table["form"]) == ["PyTorch fp32", "ONNX fp32", "ONNX int8"]


def test_a_run_is_offered_as_a_notebook_once_it_is_asked_for(open_page, make_run):
    make_run("one", State.FINISHED)
    app = opened(open_page, "export")
    assert "Download" not in [button.label for button in app.get("download_button")]
    app.button(key="make_notebook").click().run()
    assert not app.exception
    assert not app.error
    assert "Download" in [button.label for button in app.get("download_button")]
