"""Why a classifier said so: the words that moved its answer, on a page that a link opens."""

import dataclasses
import json
import threading
import time

import pytest

from bertdemo.errors import CancelledError
from bertdemo.explanation import faithfulness
from bertdemo.explanation.integrated_gradients import integrated_gradients
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.prediction.single import predict_one
from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources, waiting

TEXT = "the coffee was cold and the staff were rude"


@pytest.fixture(autouse=True)
def warm(monkeypatch):
    """As a server is a few seconds after its start, where nobody looks before the work is done."""
    monkeypatch.setattr(resources, "is_warm", lambda: True)
    monkeypatch.setattr(waiting, "PATIENCE", 600.0)
    monkeypatch.setattr(waiting, "_FORGOTTEN", 600.0)


@pytest.fixture
def small_split(small_split, request):
    """As for all pages, or with a second text in each row."""
    if getattr(request, "param", None) != "pairs":
        return small_split
    dataset = small_split.dataset
    return dataclasses.replace(small_split, dataset=dataclasses.replace(dataset, pairs=dataset.texts[::-1]))


@pytest.fixture
def make_classifier(make_run, learned_base):
    """Makes a finished run that has learned to tell praise from complaint."""

    def make(run_id="one", **about):
        folder = make_run(run_id, State.FINISHED, **about)
        save_classifier(load_classifier(learned_base), folder.model_path)
        return folder

    return make


def strip_of(app, key="strip"):
    """What the strip was given: its data."""
    for element in app.get("bidi_component"):
        if key in element.proto.id:
            return json.loads(element.proto.json)
    raise AssertionError(f"no strip called {key}")


def shown_text(strip):
    return ["".join(piece[0] for piece in part) for part in strip["parts"]]


def test_the_three_words_that_mattered_are_named(open_page, make_classifier, words_of):
    folder = make_classifier()
    app = open_page("explain", run="one", text=TEXT)
    assert not app.exception
    assert not app.error
    classifier = load_classifier(folder.model_path)
    answer = predict_one(classifier, TEXT)
    assert app.header[0].value.startswith(f"{answer.label}, ")
    found = integrated_gradients(
        classifier, tokenize_with_words(classifier, TEXT), classifier.label_names.index(answer.label), baseline="pad"
    )
    best = abs(found.word_scores).argmax()
    assert f"**“{found.tokenized.words[best].text}”**" in words_of(app)
    assert ("It adds up" if found.certified else "It does not add up") in words_of(app)
    assert f"after {found.n_steps} steps in {found.precision} from the baseline PAD" in words_of(app)


STRANGE = (
    "one\ttwo\n\n  three  ",
    "<script>alert(1)</script> **bold** [a](http://b) ![x](http://c/d.png)",
    "el niño comió 今天天气很好 طقس جميل 🙂🙂 e\u0301",
    "a\r\nb\0c",
    "x" * 3_000,
    "?",
)


def test_the_text_on_the_page_is_the_text_that_was_asked(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("explain", run="one")
    for text in STRANGE:
        app.text_area(key="ask_text").set_value(text)
        app.button(key="classify").click().run()
        assert not app.exception
        assert not app.error
        assert shown_text(strip_of(app)) == [text]
        assert "<script" not in words_of(app)
        assert "**bold**" not in words_of(app)


@pytest.mark.parametrize("small_split", ["pairs"], indirect=True)
def test_both_texts_of_a_pair_are_tinted(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, pair="a second text")
    assert not app.exception
    assert shown_text(strip_of(app)) == [TEXT, "a second text"]


def test_a_text_that_cannot_be_explained_is_one_sentence(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one")
    for text in (" \n ", "x" * 1_000_001):
        app.text_area(key="ask_text").set_value(text)
        app.button(key="classify").click().run()
        assert not app.exception
        [error] = app.error
        assert "went wrong" not in error.value


def test_why_one_label_and_not_another_is_a_link(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, target="praise", against="complaint")
    assert not app.exception
    assert "the margin of “praise” over “complaint”" in words_of(app)
    app.selectbox(key="why_target").set_value("complaint").run()  # the answer itself, which needs no word for it
    assert "target" not in app.query_params
    assert "against" not in app.query_params
    app.selectbox(key="why_target").set_value("praise").run()
    assert app.query_params["target"] in ("praise", ["praise"])


def test_a_method_without_signs_gets_neither_colours_nor_glyphs(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, method="saliency")
    assert not app.exception
    pieces = [piece for part in strip_of(app)["parts"] for piece in part]
    assert {piece[1] for piece in pieces} == {"", "piece"}
    assert {piece[3] for piece in pieces} == {""}
    assert "no for and against" in words_of(app)
    assert "there is no sum to check" in words_of(app)


def test_the_text_can_be_seen_token_by_token(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT)
    [toggle] = [each for each in app.toggle if each.label == "Tokens"]
    toggle.set_value(True).run()
    assert not app.exception
    kinds = {piece[1] for part in strip_of(app)["parts"] for piece in part}
    assert any("mark" in kind for kind in kinds)


def test_a_word_that_is_taken_out_changes_the_answer_as_asking_without_it(open_page, make_classifier, words_of):
    folder = make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", without="4.9")
    assert not app.exception
    assert not app.error
    strip = strip_of(app, "try_strip")
    assert strip["off"] == [3, 8]
    left = "the coffee was and the staff were"
    assert left in [text.value for text in app.text]
    answer = predict_one(load_classifier(folder.model_path), left)
    assert f"“{answer.label}”" in words_of(app)
    app.button(key="try_back").click().run()
    assert "without" not in app.query_params
    assert "Nothing is changed yet" in words_of(app)


def test_without_any_word_the_page_says_so_and_keeps_the_other_tests(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("explain", run="one", text="cold", view="truth", without="1", flip="true")
    assert not app.exception
    assert not app.error
    assert "Nothing is left to ask about" in words_of(app)
    assert "tried (at most" in words_of(app)


def test_what_replaces_words_is_told_to_count_and_labels_keep_their_order(open_page, make_classifier, words_of):
    make_classifier()
    deleted = open_page("explain", run="one", text=TEXT, view="truth", without="4")
    assert "what stands in their place" not in words_of(deleted)
    replaced = open_page("explain", run="one", text=TEXT, view="truth", without="4", how="replace", instead="great")
    assert "and what stands in their place counts as well" in words_of(replaced)
    assert "Replace “" in replaced.button(key="try_strongest").label


def test_of_a_text_that_is_too_long_it_is_said_that_deleting_words_lets_others_in(open_page, make_classifier, words_of):
    make_classifier()
    about = {"run": "one", "text": "the coffee was cold " * 40, "view": "truth", "without": "4", "flip": "true"}
    app = open_page("explain", **about)
    assert not app.exception
    assert words_of(app).count("without these words it reads so much further") == 2
    assert "Tried were words that it read." in words_of(app)
    masked = open_page("explain", **about, how="mask")
    assert words_of(masked).count("without these words it reads so much further") == 1  # the search still deletes


def test_the_curves_name_what_falls_and_rises(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", curves="true", target="praise")
    assert "The logit of “praise” falls as words are masked" in words_of(app)
    about = {"target": "praise", "against": "complaint", "without": "4"}
    app = open_page("explain", run="one", text=TEXT, view="truth", curves="true", **about)
    assert "The margin of “praise” over “complaint” rises as words come back" in words_of(app)
    assert "By the scores, the margin of “praise” over “complaint” should move by" in words_of(app)
    app = open_page("explain", run="one", text="cold bread", view="truth", curves="true", sanity="true")
    assert words_of(app).count("The text has too few words to tell: 5 are needed, 2 are there.") == 2


def test_the_changed_text_can_be_explained_in_turn(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", without="9", how="replace", instead="kind")
    app.button(key="try_explain").click().run()
    assert not app.exception
    assert app.text_area(key="ask_text").value == TEXT.replace("rude", "kind")
    assert "without" not in app.query_params


def test_the_tests_of_an_explanation_are_links(open_page, make_classifier, words_of):
    make_classifier()
    said = {
        "flip": "variants tried",
        "curves": "random orders",
        "steady": "Both from Captum",
        "sanity": "With random weights",
    }
    app = open_page("explain", run="one", text=TEXT, view="truth")
    assert not any(words in words_of(app) for words in said.values())
    app = open_page("explain", run="one", text=TEXT, view="truth", **dict.fromkeys(said, "true"))
    assert not app.exception
    assert not app.error
    assert all(words in words_of(app) for words in said.values())


def test_what_else_is_known_of_the_scores_is_a_link(open_page, make_classifier, words_of):
    make_classifier()
    said = {"layers": "Layer conductance", "agreement": "rank correlation", "take": "opens without a network"}
    app = open_page("explain", run="one", text=TEXT, **dict.fromkeys(said, "true"))
    assert not app.exception
    assert not app.error
    assert all(words in words_of(app) for words in said.values())
    app.radio(key="agreement_kind").set_value("Other baselines").run()
    assert not app.exception
    assert "“Mean” is over PAD, MASK and zero" in words_of(app)


def test_a_text_that_is_too_long_is_explained_in_parts_and_never_cut_silently(open_page, make_classifier, words_of):
    make_classifier()
    text = "the coffee was cold " * 40 + "and rude"
    app = open_page("explain", run="one", text=text, parts="true")
    assert not app.exception
    assert not app.error
    assert "did not count" in app.warning[0].value
    unread = strip_of(app)["parts"][0][-1]
    assert unread[1] == "unread"
    assert unread[0].endswith("rude")
    whole = strip_of(app, "strip_whole")
    assert shown_text(whole) == [text]
    assert all(piece[1] != "unread" for piece in whole["parts"][0])
    assert "the mean over the parts" in words_of(app)
    assert "that share at least" in words_of(app)  # the last part may share more with the one before it
    assert "All parts (JSON)" in [button.label for button in app.get("download_button")]


def test_every_view_is_a_link_and_a_tab(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT)
    for view, title in (("attention", "Where the model looks"), ("class", "The class"), ("truth", "Is it true?")):
        app.query_params["view"] = view
        app.run()
        assert not app.exception
        assert not app.error
        assert app.session_state["explain_tab"] == title


def test_methods_whose_scores_need_not_add_up_foretell_no_change(open_page, make_classifier, words_of):
    make_classifier()
    app = open_page("explain", run="one", text=TEXT, view="truth", without="4.9", method="occlusion")
    assert "2 words changed: the logit of" in words_of(app)
    assert "By the scores" not in words_of(app)


def test_one_word_alone_is_told_why_nothing_is_foretold(open_page, make_classifier):
    make_classifier()
    app = open_page("explain", run="one", text="cold", view="truth", steady="true")
    [error] = app.error
    assert "none can be masked beside another" in error.value


def test_another_run_takes_its_own_labels(open_page, make_classifier):
    make_classifier("one")
    make_classifier("two")
    app = open_page("explain", run="one", text=TEXT, target="complaint")
    app.selectbox(key="run_picker").set_value("two").run()
    assert not app.exception
    assert not app.error
    assert "target" not in app.query_params


def test_work_that_takes_long_can_be_called_off_and_begun_again(open_page, make_classifier, words_of, monkeypatch):
    asked, over = threading.Event(), threading.Event()

    def long(_classifier, _reading, *_arguments, should_stop, **_options):
        asked.set()
        while not should_stop():
            time.sleep(0.01)
        over.set()
        raise CancelledError

    make_classifier()
    with monkeypatch.context() as patch:
        patch.setattr(waiting, "PATIENCE", 0.0)
        patch.setattr(faithfulness, "faithfulness", long)
        app = open_page("explain", run="one", text=TEXT, view="truth")
        while not [button for button in app.button if button.key == "try_strongest"]:  # the scores are on their way
            app.run()
        app.query_params["curves"] = "true"
        app.run()
        assert asked.wait(600)
        [cancel] = [button for button in app.button if button.label == "Cancel"]
        cancel.click().run()
        assert over.wait(600)
    [again] = [button for button in app.run().button if button.label == "Begin again"]
    again.click().run()
    assert not app.exception
    assert not app.error
    assert "random orders" in words_of(app)


def test_before_the_libraries_are_loaded_the_page_says_so(open_page, make_run, monkeypatch, words_of):
    monkeypatch.setattr(resources, "is_warm", lambda: False)
    make_run("one", State.FINISHED)
    app = open_page("explain", run="one", text=TEXT)
    assert not app.exception
    assert "loading the libraries" in words_of(app)


@pytest.mark.usefixtures("no_starters")
def test_without_a_classifier_the_page_says_what_will_be_here(open_page, words_of):
    app = open_page("explain")
    assert not app.exception
    assert "which words moved its answer" in words_of(app)
    assert app.get("page_link")[0].proto.label == "Fine-tune a classifier"  # there may be some: the run may be gone
