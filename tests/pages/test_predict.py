"""One text with its answer and what stands behind it; many texts as a job."""

import dataclasses
import io
from urllib.parse import parse_qs

import pandas as pd
import pytest

from bertdemo.jobs import store
from bertdemo.jobs.worker import work
from bertdemo.models.checkpoints import load_classifier
from bertdemo.prediction import single
from bertdemo.prediction.single import predict_one
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources
from tests.pages.asking import TEXT, ask, ask_beside
from tests.pages.conftest import IdleBackend


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start."""
    monkeypatch.setattr(resources, "is_warm", lambda: True)


@pytest.fixture
def small_split(small_split, request):
    """As for all pages, or with a second text in each row."""
    if getattr(request, "param", None) != "pairs":
        return small_split
    dataset = small_split.dataset
    return dataclasses.replace(small_split, dataset=dataclasses.replace(dataset, pairs=dataset.texts[::-1]))


def link_of(app):
    [text] = app.query_params["text"] if isinstance(app.query_params["text"], list) else [app.query_params["text"]]
    return text


@pytest.mark.usefixtures("no_starters")
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


def test_why_is_one_click_away_with_the_same_text(open_page, make_classifier):
    make_classifier()
    app = ask(open_page("predict", run="one"), TEXT)
    [why] = [link.proto for link in app.get("page_link") if link.proto.label == "Why?"]
    assert why.page.endswith("explain")
    assert parse_qs(why.query_string) == {"run": ["one"], "text": [TEXT]}


@pytest.mark.parametrize(("text", "words"), [("สวัสดี", "100 %"), ("ｃｏｆｆｅｅ was cold", "“coffee was cold”")])
def test_what_the_model_does_not_know_or_reads_otherwise_is_told(open_page, make_classifier, text, words):
    make_classifier()
    app = ask(open_page("predict", run="one"), text)
    assert words in "".join(each.value for each in app.warning)


def test_a_text_unlike_the_tested_ones_has_no_figure_of_theirs(open_page, make_classifier, words_of):
    make_classifier()
    assert "right" in words_of(ask(open_page("predict", run="one"), TEXT))
    for text in ("这家航空公司的服务很糟糕", "😀😀", "12345", f"{TEXT} " * 9, f"{TEXT} สวัสดี"):
        said = words_of(ask(open_page("predict", run="one"), text))
        assert "It was not tested on texts like this one" in said
        assert "it was right" not in said
        assert "was right" not in said


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
    assert "Only the first 16 tokens were read" in app.warning[0].value
    assert "too long for a link" in words_of(app)
    assert "text" not in app.query_params
    app.session_state["pieces_box"] = True
    assert "What was left out" in words_of(app.run())


@pytest.mark.parametrize("text", [" \n ", "\ufffd\ufffd", "\ue000", "x" * 1_000_001])
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
    ask_beside(app, "three")
    assert not app.exception
    assert not app.error
    [table] = app.table
    assert list(table.value["Classifier"]) == ["1 one", "2 three"]
    assert all("ms" in time for time in table.value["Time"])
    assert set(table.value["Size"]) != {""}


def test_the_time_that_is_told_is_never_that_of_a_first_answer(open_page, make_classifier, monkeypatch):
    for run_id in ("one", "three"):
        make_classifier(run_id)
    asked = []

    def counted(classifier, text, pair=None):
        asked.append(text)
        answer = predict_one(classifier, text, pair)
        return dataclasses.replace(answer, milliseconds=1000.0 + len(asked))

    monkeypatch.setattr(single, "predict_one", counted)
    app = ask(open_page("predict", run="one", text=TEXT), TEXT)
    assert len(asked) == 2  # the first in vain
    ask_beside(app, "three")
    assert not {"1001.0 ms", "1004.0 ms"} & set(app.table[0].value["Time"])


def test_times_that_are_compared_are_medians_of_several_askings_and_kept(open_page, make_classifier, monkeypatch):
    for run_id in ("one", "three"):
        make_classifier(run_id)
    times = {"one": iter([9, 9, 9, 5, 900, 7]), "three": iter([9, 9, 40, 30, 1])}

    def timed(classifier, text, pair=None):
        run_id = "one" if classifier is resources.models().classifier("one") else "three"
        return dataclasses.replace(predict_one(classifier, text, pair), milliseconds=float(next(times[run_id])))

    monkeypatch.setattr(single, "predict_one", timed)
    app = ask(open_page("predict", run="one", text=TEXT), TEXT)
    ask_beside(app, "three")
    assert list(app.table[0].value["Time"]) == ["7.0 ms", "30.0 ms"]
    app.button(key="other_examples").click().run()  # another part of the page: nobody is asked anew
    assert not app.error
    assert list(app.table[0].value["Time"]) == ["7.0 ms", "30.0 ms"]


def test_one_broken_classifier_does_not_silence_the_others(open_page, make_classifier):
    for run_id in ("one", "three"):
        folder = make_classifier(run_id)
    (folder.model_path / "model.safetensors").write_bytes(b"no model")
    app = ask(open_page("predict", run="one"), TEXT)
    ask_beside(app, "three")
    assert app.header
    assert len(app.error) == 1


def test_a_run_of_which_nothing_can_be_known_is_not_asked(open_page, make_classifier, words_of):
    (make_classifier().path / "data.json").write_text("{")
    app = ask(open_page("predict", run="one"), TEXT)
    assert not app.exception
    assert not app.header
    assert ["is damaged" in error.value for error in app.error] == [True]
    assert "****" not in words_of(app)


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


@pytest.fixture
def at_once(monkeypatch):
    """Jobs are done in this process, before the click returns."""
    monkeypatch.setattr(store, "_local_backend", lambda settings: ImmediateBackend(work))


def open_many(open_page, **query):
    app = open_page("predict", **query)
    app.session_state["predict_tab"] = "Many texts"
    return app.run()


def upload(app, content, name="mine.csv"):
    app.radio(key="many_kind").set_value("A file of yours").run()
    return app.file_uploader(key="many_upload").set_value((name, content, "text/csv")).run()


def job_of(app):
    given = app.query_params["job"]
    return given[0] if isinstance(given, list) else given


def test_lines_become_a_table_with_the_least_certain_row_first(open_page, make_classifier, at_once, words_of):
    make_classifier()
    app = open_many(open_page, run="one")
    app.text_area(key="many_lines").set_value("a lovely day\n\n  an awful evening \nthe staff were kind")
    app.button(key="many_lines_start").click().run()
    assert not app.exception
    assert not app.error
    assert "**3 rows** predicted" in words_of(app)
    rows = app.table[0].value
    assert sorted(rows["Row"]) == ["1", "2", "3"]
    assert list(rows["Certain"]) == sorted(rows["Certain"])


def test_the_address_of_a_job_opens_it_again(open_page, make_classifier, at_once, words_of):
    make_classifier()
    app = open_many(open_page, run="one")
    app.text_area(key="many_lines").set_value("a lovely day")
    app.button(key="many_lines_start").click().run()
    again = open_page("predict", run="one", job=job_of(app))
    assert not again.exception
    assert "**1 row** predicted" in words_of(again)
    again.button(key="another_table").click().run()
    assert again.text_area(key="many_lines")
    assert "1 row · one · finished" in words_of(again)


def test_a_file_is_predicted_and_compared_with_its_labels(open_page, make_classifier, at_once, words_of):
    make_classifier()
    app = upload(
        open_many(open_page, run="one"), f"id,text,truth\n1,{TEXT},praise\n2,,praise\n3,awful,nonsense\n".encode()
    )
    assert not app.exception
    assert not app.error
    label = next(box for box in app.selectbox if box.label == "Correct labels (optional)")
    label.set_value("truth").run()
    app.button(key="many_start").click().run()
    assert not app.error
    text = words_of(app)
    assert "1 row without a text" in text
    assert "Of 1 row with a label that it knows" in text
    assert "Not counted: 1 row with a label that it does not know" in text
    result = pd.read_csv(resources.jobs().result(job_of(app), "csv"))
    assert list(result)[:5] == ["id", "text", "truth", "predicted_label", "confidence"]
    assert list(result["id"]) == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\x00", b"<html><body>no table</body></html>"])
def test_a_file_that_is_no_table_is_one_sentence(open_page, make_classifier, content):
    make_classifier()
    app = upload(open_many(open_page, run="one"), content)
    assert not app.exception
    [error] = app.error
    assert "went wrong" not in error.value


def test_the_sheet_of_a_workbook_is_told_where_an_earlier_one_was_passed_over(open_page, make_classifier, words_of):
    make_classifier()
    content = io.BytesIO()
    with pd.ExcelWriter(content) as book:
        pd.DataFrame({"Notes": ["of March"]}).to_excel(book, sheet_name="About", index=False)
        pd.DataFrame({"text": ["a lovely day", "an awful one"]}).to_excel(book, sheet_name="Data", index=False)
    app = upload(open_many(open_page, run="one"), content.getvalue(), "mine.xlsx")
    assert not app.error
    assert "mine.xlsx, sheet Data: 2 rows, 1 column" in words_of(app).replace("\\", "")


def test_no_lines_are_one_sentence(open_page, make_classifier):
    make_classifier()
    app = open_many(open_page, run="one")
    app.text_area(key="many_lines").set_value(" \n\n")
    app.button(key="many_lines_start").click().run()
    assert "paste some lines" in app.error[0].value


def test_a_job_that_is_not_there_is_one_sentence_and_a_way_on(open_page, make_classifier):
    make_classifier()
    app = open_page("predict", run="one", job="../../etc")
    assert not app.exception
    assert len(app.error) == 1
    app.button(key="another_table").click().run()
    assert not app.error


def test_a_job_under_way_shows_how_far_it_is_and_can_be_cancelled(open_page, make_classifier, monkeypatch, words_of):
    make_classifier()
    monkeypatch.setattr(store, "_local_backend", lambda settings: IdleBackend())
    app = open_many(open_page, run="one")
    app.text_area(key="many_lines").set_value("a lovely day")
    app.button(key="many_lines_start").click().run()
    assert not app.exception
    assert "the work goes on" in words_of(app)
    app.button(key=f"cancel_{job_of(app)}").click().run()
    assert not app.exception
    assert resources.jobs().folder(job_of(app)).request() == "cancel"
    assert app.button(key=f"cancel_{job_of(app)}").disabled


def test_a_finished_job_can_be_deleted(open_page, make_classifier, at_once):
    make_classifier()
    app = open_many(open_page, run="one")
    app.text_area(key="many_lines").set_value("a lovely day")
    app.button(key="many_lines_start").click().run()
    app.button(key=f"delete_{job_of(app)}_yes").click().run()
    assert not app.exception
    assert "job" not in app.query_params
    assert resources.jobs().list() == []
