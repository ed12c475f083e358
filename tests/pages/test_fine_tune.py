"""From data to a started run."""

import pandas as pd
import pytest

from bertdemo.data import bounded, checkup, reading, splitting
from bertdemo.data.dataset import Source
from bertdemo.data.opening import HubTable
from bertdemo.models.catalog import find_base
from bertdemo.runs.base_checking import BaseCheck, Verdict
from bertdemo.tasks.records import State
from bertdemo.training import timing
from bertdemo.training.presets import recipe_for
from bertdemo.training.recipe import SETTINGS, Recipe
from tests.pages.uploading import CSV, upload

STOPPING = "Stopping: the best so far is kept"


def test_the_page_opens_on_real_data_with_its_check_up(open_page, words_of):
    app = open_page("fine_tune")
    assert not app.exception
    assert not app.error
    text = words_of(app)
    assert "can be learned from" in text
    assert "Licence" in text
    assert app.button(key="start")


def test_a_file_is_read_checked_and_started(open_page, home, tiny_base, words_of):
    app = upload(open_page("fine_tune"), CSV.encode())
    assert not app.exception
    assert "60 texts under 2 labels" in words_of(app)
    app.button(key="start").click().run()
    assert not app.exception
    assert not app.error
    [folder] = (home / "runs").iterdir()
    assert app.query_params["run"] in (folder.name, [folder.name])


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"only one column\nx\ny\n", "one.csv"),
        (b"text,label\n" + b"".join(b"words %d,same\n" % i for i in range(20)), "one_class.csv"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "picture.csv"),
        (b"", "empty.csv"),
        (b"<html><body>no table</body></html>", "page.csv"),
        (b"text,label\n" + b",a\n,b\n" * 10, "blank.csv"),
    ],
)
def test_an_unusable_file_is_one_sentence_and_no_start_button(open_page, content, name):
    app = upload(open_page("fine_tune"), content, name)
    assert not app.exception
    assert len(app.error) == 1
    assert "went wrong" not in app.error[0].value
    assert "start" not in [button.key for button in app.button]


def test_chinese_and_html_are_texts_like_others(open_page, words_of):
    rows = "".join(f"今天天气很好{i},好\n<script>alert({i})</script> * _x_,坏\n" for i in range(20))
    app = upload(open_page("fine_tune"), ("text,label\n" + rows).encode())
    assert not app.exception
    assert not app.error
    assert "<script" not in words_of(app)


def test_a_label_with_too_few_texts_can_be_left_out(open_page):
    app = upload(open_page("fine_tune"), (CSV + "\nhere alone,lonely").encode())
    assert app.error
    app.checkbox(key="drop_small").check().run()
    assert not app.exception
    assert not app.error
    assert app.button(key="start")


def test_no_network_is_one_sentence(open_page):
    app = open_page("fine_tune")
    app.radio(key="data_kind").set_value("Hugging Face Hub").run()
    app.text_input(key="hub_name").set_value("someone/something").run()
    app.button(key="hub_load").click().run()
    assert not app.exception
    assert len(app.error) == 1


@pytest.fixture
def asked_of_hub(monkeypatch):
    """A data set of the Hub with two columns of texts, and what it was asked for by."""
    asked = []
    frame = pd.DataFrame(
        {
            "text": [f"the text with number {i}" for i in range(60)],
            "title": [f"the title with number {i}" for i in range(60)],
            "label": ["good", "bad"] * 30,
        },
        dtype=object,
    )

    def read_hub(name, settings, waiting):
        asked.append(name)
        return HubTable(frame, Source(name, "Rows that were made up.", "none", "https://example.org"))

    monkeypatch.setattr(bounded, "read_hub", read_hub)
    return asked


def load_from_hub(app, name):
    app.radio(key="data_kind").set_value("Hugging Face Hub").run()
    app.text_input(key="hub_name").set_value(name).run()
    return app.button(key="hub_load").click().run()


def test_a_configuration_of_a_hub_data_set_is_named_after_a_colon(open_page, asked_of_hub, words_of):
    app = load_from_hub(open_page("fine_tune"), " someone/something:plain ")
    assert not app.error
    assert asked_of_hub == ["someone/something:plain"]
    assert "60 texts" in words_of(app)


def test_columns_of_a_hub_data_set_can_be_changed_without_asking_again(open_page, asked_of_hub, words_of):
    app = load_from_hub(open_page("fine_tune"), "someone/something")
    columns = {box.label: box for box in app.selectbox}
    assert (columns["Text"].value, columns["Label"].value) == ("text", "label")
    columns["Text"].set_value("title").run()
    assert not app.error
    assert any("the title with number" in table.value.to_string() for table in app.table)
    assert len(asked_of_hub) == 1


@pytest.mark.parametrize(("folders", "sentence"), [(None, "on offer"), ("", "on offer"), ("/", "is no model")])
def test_a_folder_of_the_server_is_no_base_unless_a_setting_says_so(
    open_page, tmp_path, monkeypatch, folders, sentence
):
    if folders is not None:
        monkeypatch.setenv("BERTDEMO_BASE_FOLDERS", folders)
    app = open_page("home")
    app.session_state["base"] = str(tmp_path)
    app.switch_page("pages/fine_tune.py").run()
    assert not app.exception
    assert len(app.error) == 1
    assert sentence in app.error[0].value
    assert "start" not in [button.key for button in app.button]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (None, "It is tried before the run is queued"),
        (Verdict(), "it can be trained with these settings\\."),
        (Verdict(notes=("It reads *padding*.", "Slow.")), r"with these settings\. It reads \*padding\*\. Slow\."),
        (Verdict("It *fails*."), r"It \*fails"),
    ],
)
def test_beside_the_picker_it_is_said_whether_a_base_was_tried(
    open_page, monkeypatch, tiny_base, words_of, told, shown
):
    monkeypatch.setenv("BERTDEMO_BASE_FOLDERS", str(tiny_base))
    monkeypatch.setattr(BaseCheck, "known", lambda _check, _base, _recipe: told)
    app = open_page("home")
    app.session_state["base"] = str(tiny_base)
    app.switch_page("pages/fine_tune.py").run()
    assert not app.exception
    assert shown in words_of(app)
    app.selectbox(key="base").set_value("minilm-l6").run()
    assert shown not in words_of(app)


def test_touching_a_setting_looks_at_no_row_again(open_page, monkeypatch):
    seen = []

    def counted(module, name):
        function = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, **kw: (seen.append(name), function(*args, **kw))[1])

    for module, name in (
        (checkup, "token_lengths"), (checkup, "check_up"), (checkup, "usable_rows"), (reading, "guess_columns"),
        (splitting, "split"), (timing, "estimate_seconds"),
    ):  # fmt: skip
        counted(module, name)
    content = CSV.replace("number", "of the counted rows") + "\n" + CSV.splitlines()[1] + "\n" + CSV.splitlines()[1]
    app = upload(open_page("fine_tune"), content.encode())
    seen.clear()
    app.file_uploader[0].set_value(("mine.csv", content.upper().encode(), "text/csv")).run()
    assert not app.error
    assert seen.count("token_lengths") == 1  # though rows were left out
    seen.clear()
    app.number_input(key="recipe_epochs").set_value(9).run()
    assert seen == ["estimate_seconds"]
    app.number_input(key="recipe_epochs").set_value(8).run()
    app.number_input(key="recipe_epochs").set_value(9).run()
    assert seen == ["estimate_seconds"] * 2


def test_a_name_too_long_for_any_base_is_one_sentence_and_can_be_corrected(open_page):
    app = open_page("home")
    app.session_state["base"] = "x" * 5_000
    app.switch_page("pages/fine_tune.py").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "There is no base model" in app.error[0].value
    app.selectbox(key="base").set_value("minilm-l6").run()
    assert not app.error
    assert app.button(key="start")


def test_of_a_model_never_downloaded_no_more_is_said_than_is_known(open_page, words_of):
    app = open_page("home")
    app.session_state["base"] = "no-such-owner/no-such-model"
    app.switch_page("pages/fine_tune.py").run()
    assert not app.exception
    assert "not yet on this computer" in words_of(app)
    assert "reads at most" not in words_of(app)


def test_a_model_that_cannot_be_had_is_one_sentence_and_no_run(open_page, home):
    app = open_page("home")
    app.session_state["base"] = "no-such-owner/no-such-model"
    app.switch_page("pages/fine_tune.py").run()
    app.button(key="start").click().run()
    assert not app.exception
    [told] = app.error
    assert "no-such-owner/no-such-model is not on this computer" in told.value.replace("\\", "")
    assert not (home / "runs").exists()


def test_texts_are_no_longer_than_what_the_base_reads(open_page, words_of):
    app = open_page("home")
    app.session_state["recipe_max_length"] = 8_000  # as left by a base that reads more
    for name in ("epochs", "batch_size"):
        app.session_state[f"recipe_{name}"] = 2
    app.switch_page("pages/fine_tune.py").run()
    assert not app.exception
    longest = find_base("minilm-l6").max_length
    box = app.number_input(key="recipe_max_length")
    assert (box.value, box.max) == (longest, longest)
    text = words_of(app)
    assert f"reads at most {longest:,} tokens" in text
    assert f"at {longest} tokens" in text
    assert "8000" not in text


def test_a_setting_can_be_all_that_a_recipe_may_hold(open_page):
    app = open_page("fine_tune")
    for name, (low, high) in ((name, each.bounds) for name, each in SETTINGS.items() if each.bounds):
        box = app.number_input(key=f"recipe_{name}")
        assert (box.min, box.max) == (low, high if name != "max_length" else find_base("minilm-l6").max_length)


def test_another_preset_changes_the_settings(open_page):
    app = open_page("fine_tune")
    before = app.number_input(key="recipe_epochs").value
    app.radio(key="preset").set_value("thorough").run()
    assert app.number_input(key="recipe_epochs").value > before


def test_few_texts_are_read_more_often_unless_a_person_said_how_often(open_page):
    app = open_page("fine_tune")
    usual, usual_batch = (app.number_input(key=f"recipe_{name}").value for name in ("epochs", "batch_size"))
    app.number_input(key="max_train").set_value(100).run()
    assert app.number_input(key="recipe_epochs").value == recipe_for(Recipe().base, texts=100).epochs > usual
    assert app.number_input(key="recipe_batch_size").value < usual_batch
    app.number_input(key="recipe_epochs").set_value(3).run()
    app.number_input(key="max_train").set_value(50).run()
    assert app.number_input(key="recipe_epochs").value == 3
    app.number_input(key="max_train").set_value(None).run()
    assert app.number_input(key="recipe_batch_size").value == usual_batch


def test_the_chosen_preset_is_said_to_do_what_its_settings_say(open_page):
    app = open_page("fine_tune")
    assert app.radio(key="preset").proto.captions[:2] == [
        "2 passes over the texts; leaves the lowest 4 layers as they came",
        "2 passes over the texts",
    ]
    app.number_input(key="recipe_epochs").set_value(5).run()
    app.number_input(key="recipe_averaging").set_value(0.99).run()
    assert app.radio(key="preset").proto.captions[1] == "5 passes over the texts; averages its weights"
    app.radio(key="preset").set_value("thorough").run()
    assert app.radio(key="preset").value == "thorough"
    assert app.radio(key="preset").proto.captions[1:] == [
        "2 passes over the texts",
        "3 passes over the texts; trains a small adapter (LoRA) and averages its weights",
    ]


def test_another_preset_brings_its_learning_rate_over_one_set_by_hand(open_page):
    app = open_page("fine_tune")
    app.number_input(key="recipe_learning_rate").set_value(3e-5).run()
    app.radio(key="preset").set_value("thorough").run()
    assert app.number_input(key="recipe_lora_rank").value > 0
    assert app.number_input(key="recipe_learning_rate").value == pytest.approx(1.4e-3), "a rate that LoRA learns with"
    app.radio(key="preset").set_value("standard").run()
    assert app.number_input(key="recipe_lora_rank").value == 0
    assert app.number_input(key="recipe_averaging").value == 0
    assert app.number_input(key="recipe_mean_teacher").value == 0


def test_a_teacher_without_an_average_is_told_in_a_sentence(open_page):
    app = open_page("fine_tune")
    app.radio(key="preset").set_value("thorough").run()
    app.number_input(key="recipe_averaging").set_value(0.0).run()
    assert not app.exception
    assert "set averaging, too" in app.error[0].value


def shown(element):
    return element.index if hasattr(element, "options") else element.value


def drawn_anew(element):
    """What a browser that has not heard the value shows, and sends back: what it is told, or the default."""
    return shown(element) if element.proto.set_value else element.proto.default


def test_a_browser_that_draws_the_settings_anew_begins_with_what_is_set(open_page):
    app = open_page("fine_tune")
    app.selectbox(key="built_in").set_value(app.selectbox(key="built_in").options[1])
    app.radio(key="preset").set_value("quick").run()
    app.number_input(key="max_train").set_value(400).run()
    app.number_input(key="recipe_epochs").set_value(7).run()
    app.number_input(key="recipe_dropout").set_value(0.3)
    app.selectbox(key="recipe_schedule").set_value("cosine")
    app.toggle(key="recipe_class_weights").set_value(True).run()
    app.run()
    assert not app.exception
    settings = [*app.number_input, *app.selectbox, *app.radio, *app.toggle]
    assert len(settings) >= len(SETTINGS)
    assert {each.key: drawn_anew(each) for each in settings} == {each.key: shown(each) for each in settings}


def test_settings_survive_a_visit_to_another_page(open_page):
    app = open_page("fine_tune")
    app.number_input(key="recipe_epochs").set_value(7).run()
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/fine_tune.py").run()
    assert app.number_input(key="recipe_epochs").value == 7


def test_a_run_of_a_few_steps_does_not_tell_how_long_the_next_will_take(open_page, make_run, words_of):
    make_run("one", State.FINISHED)
    assert "an estimate; it may be off by half" in words_of(open_page("fine_tune"))


def test_a_label_that_is_too_small_is_not_counted_and_stays_left_out(open_page, words_of):
    app = upload(open_page("fine_tune"), (CSV + "\nhere alone,lonely").encode())
    assert "60 texts under 2 labels" in words_of(app)
    assert "Nothing had to be left out" not in words_of(app)
    app.checkbox(key="drop_small").check().run()
    app.switch_page("pages/home.py").run()
    app.switch_page("pages/fine_tune.py").run()
    assert app.checkbox(key="drop_small").value
    assert not app.error


def test_another_base_keeps_what_a_person_set_and_brings_its_own_learning_rate(open_page):
    app = open_page("fine_tune")
    before = app.number_input(key="recipe_learning_rate").value
    app.number_input(key="recipe_batch_size").set_value(8).run()
    app.selectbox(key="base").set_value("bert-base").run()
    assert not app.exception
    assert app.number_input(key="recipe_batch_size").value == 8
    assert app.number_input(key="recipe_learning_rate").value < before
    app.radio(key="preset").set_value("thorough").run()
    assert app.number_input(key="recipe_batch_size").value == 8
