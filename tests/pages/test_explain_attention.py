"""Where the model looks, as a person meets it: four views of one text, each reached by its address."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.prediction.single import predict_one
from bertdemo.tasks.records import State

TEXT = "the coffee was cold and the staff were rude"
HOSTILE = "<script>alert(1)</script> **bold** :smile: ![x](http://example.org/x.png) 你好 😀"


def script(run_id: str, text: str, pair: str | None) -> None:
    """A page with nothing but the view."""
    from bertdemo.ui.attention import page as attention_page
    from bertdemo.ui.kit import resources
    from bertdemo.ui.kit.texts import Asked

    attention_page.show(resources.runs().get(run_id), Asked(text, pair))


@pytest.fixture
def run_folder(make_run, small_split, tiny_base):
    folder = make_run("one", State.FINISHED)
    names = small_split.dataset.label_names
    save_classifier(load_base(str(tiny_base), names, dropout=0.0, max_length=16), folder.model_path)
    return folder


@pytest.fixture
def open_view(run_folder):
    """Opens the view: ``open_view(look="off", off="1.1")``."""

    def open_(text: str = TEXT, pair: str | None = None, **query: str) -> AppTest:
        app = AppTest.from_function(script, args=("one", text, pair), default_timeout=600)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_


def address(app: AppTest, name: str) -> str | None:
    value = app.query_params.get(name)
    return value[0] if isinstance(value, list) else value


def healthy(app: AppTest) -> bool:
    return not app.exception and not app.error


def test_it_says_that_attention_is_not_the_reason(open_view, words_of):
    app = open_view()
    assert healthy(app)
    assert "not why it answers" in words_of(app)


@pytest.mark.parametrize("head", ["2", "all", "1.1,1.1,2,all,2.1,2.2"])
def test_every_head_opens_by_its_address(open_view, head):
    assert healthy(open_view(head=head))


@pytest.mark.parametrize("look", ["heads", "layers", "off", "formula"])
def test_no_text_is_too_strange(open_view, look):
    assert healthy(open_view(f"{HOSTILE} {'a' * 3000} [CLS] [SEP]", look=look))
    if look in ("heads", "layers"):
        assert healthy(open_view("[CLS] [SEP]", look=look))  # no word is left


def test_an_empty_text_is_one_sentence(open_view):
    app = open_view("  ")
    assert not app.exception
    assert [error.value for error in app.error] == ["The text is empty\\: type something to classify\\."]


def test_a_text_that_is_too_long_is_read_in_parts(open_view, words_of):
    app = open_view("the coffee was cold and " * 20, part="2", word="from.3")
    assert healthy(app)
    assert "in overlapping parts" in words_of(app)
    box = app.selectbox(key="window")
    assert box.value == 1
    assert len(box.options) > 2
    box.set_value(0).run()
    assert healthy(app)
    assert address(app, "part") == "1"
    assert address(app, "word") is None  # it was one of the second part


def test_a_pair_can_be_looked_at_from_either_side(open_view, words_of):
    app = open_view(TEXT, "terrible service", sides="1-2")
    assert healthy(app)
    assert "on the other text" in words_of(app)


def test_hiding_special_tokens_says_how_much_that_hides(open_view, words_of):
    app = open_view()
    assert "Hidden" not in words_of(app)
    app.toggle(key="special").set_value(False).run()
    assert healthy(app)
    assert re.search(r"Hidden: \d+\u00a0% on special tokens\.", words_of(app))


@pytest.mark.parametrize("key", ["pieces", "by_norm"])
@pytest.mark.parametrize("picture", ["lines", "matrix"])
def test_every_picture_can_be_drawn_in_every_way(open_view, key, picture):
    app = open_view(picture=picture, head="1.1,2.2")
    assert healthy(app)
    app.toggle(key=key).set_value(True).run()
    assert healthy(app)


def test_the_tables_tell_what_the_pictures_show(open_view):
    app = open_view(head="1.2")
    app.session_state["attention_table"] = app.session_state["heads_box"] = True
    app.run()
    assert healthy(app)
    pairs, heads = (frame.value for frame in app.dataframe)
    assert pairs["Layer 1, head 2 (%)"].sum() == pytest.approx(100 * (len(TEXT.split()) + 2), abs=0.1)
    assert len(heads) == 4


def test_with_all_heads_on_the_answer_is_that_of_predict(open_view, run_folder, words_of):
    answer = predict_one(load_classifier(run_folder.model_path), TEXT)
    app = open_view(look="off")
    assert f"With all heads on: {answer.label}, {100 * answer.confidence:.1f}\u00a0%" in words_of(app)


def test_a_layer_that_is_switched_off_moves_the_answer_and_comes_back(open_view, words_of):
    app = open_view(look="off", off="1.1")
    app.pills(key="layers_off").set_value([1]).run()
    assert address(app, "off") == "2,1.1"
    assert healthy(app)
    said = words_of(app)
    assert "**3 heads are switched off**: all of layer 2, 1\\.1" in said
    assert "Without these 3 heads the answer" in said
    app.button(key="all_on").click().run()
    assert healthy(app)
    assert address(app, "off") is None
    assert "With all heads on" in words_of(app)


def test_heads_that_are_off_are_off_in_every_view(open_view, words_of):
    for look in ("heads", "layers"):
        assert "**1 head is switched off**: 1\\.1" in words_of(open_view(look=look, off="1.1"))


def test_what_heads_are_worth_over_the_test_is_measured_when_asked(open_view, words_of):
    app = open_view(look="off")
    app.session_state["worth_sample_box"] = app.session_state["worth_box"] = True
    app.run()
    assert "counts most for" in words_of(app)
    [measure] = [button for button in app.button if button.label == "Measure"]
    measure.click().run()
    assert healthy(app)
    assert "Means over 15 test texts" in words_of(app)


def test_the_formula_is_that_of_the_token_in_the_address(open_view, words_of):
    app = open_view(look="formula", head="1.1", word="from.2")
    assert healthy(app)
    assert app.selectbox(key="formula_token").value == 2
    assert "The query of “coffee” times the key of" in words_of(app)
    app.selectbox(key="formula_token").set_value(3).run()
    assert healthy(app)
    assert address(app, "word") == "from.3"
    assert "The query of “was”" in words_of(app)


def test_what_belongs_to_a_text_or_a_run_is_forgotten_with_it(open_view):
    app = open_view(head="2.1", word="from.2", off="1.1")
    assert (address(app, "word"), address(app, "off")) == ("from.2", "1.1")
    app.session_state["attention_of"] = ("one", "another text")
    app.run()
    assert (address(app, "word"), address(app, "off")) == (None, "1.1")
    app.session_state["attention_of"] = ("another run", "another text")
    app.run()
    assert (address(app, "head"), address(app, "off")) == (None, None)
    assert healthy(app)


def test_the_formula_asks_for_a_single_head(open_view, words_of):
    assert "Choose a single head" in words_of(open_view(look="formula", head="all"))


def test_the_numbers_of_the_formula_fit_each_other(open_view):
    app = open_view(look="formula", head="2.1", word="from.1")
    table = next(frame.value for frame in app.dataframe if "score" in frame.value)
    weights = np.exp(table["score"] - table["score"].max())
    assert np.allclose(100 * weights / weights.sum(), table["weight (%)"], atol=1e-3)


def test_the_bars_of_the_formula_are_a_png_with_their_numbers_in_the_title(open_view, words_of):
    app = open_view(text=HOSTILE, look="formula", head="2.1", word="from.1")
    assert healthy(app)
    button = app.get("download_button")[-1]
    assert button.proto.label == "Chart (PNG)"
    table = next(frame.value for frame in app.dataframe if "handed on" in frame.value)
    assert list(table.columns) == ["number", "q", "k", "q ⊙ k", "handed on"]
    assert f"{table['q ⊙ k'].sum():.2f}".replace("-", "−") in words_of(app)


def test_relevance_is_asked_of_a_label(open_view, words_of):
    app = open_view(look="layers", way="gradient")
    assert healthy(app)
    app.selectbox(key="relevant").set_value("praise").run()
    assert healthy(app)
    assert "sizes without sign" in words_of(app)


def test_an_architecture_that_keeps_its_attention_is_one_sentence(open_view, monkeypatch):
    from bertdemo.errors import ExplanationError
    from bertdemo.explanation import attention

    def refuse(*_):
        raise ExplanationError("Attention cannot be shown for this.")

    monkeypatch.setattr(attention, "attention", refuse)
    app = open_view()
    assert not app.exception
    assert [error.value for error in app.error] == ["Attention cannot be shown for this\\."]
