"""``import bertdemo``: the numbers of page and command, records that a notebook shows, errors of one sentence."""

from __future__ import annotations

import doctest
import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bertdemo
from bertdemo.__main__ import main
from bertdemo.commands.console import plain
from bertdemo.data.dataset import Dataset
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings

TEXT = "the coffee <b>was cold & bitter"
LONG = "the coffee was cold and the staff were kind " * 12
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def classifier(run: bertdemo.Run) -> bertdemo.Classifier:
    return bertdemo.load(run)


@pytest.fixture
def told(home: Path, run: bertdemo.Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What a command prints as JSON."""
    monkeypatch.setenv("BERTDEMO_HOME", str(home))

    def told(*arguments: str) -> dict:
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return told


def test_a_run_is_one_of_the_home_and_reports_what_the_command_does(run, home, told, said):
    assert [each.id for each in Runs(Settings(home)).list() if not each.read_only] == [run.id]
    assert json.loads(json.dumps(plain(run.report()))) == told("report", run.id)
    assert (run.status, run.name, run.accuracy) == ("finished", "<u>mine</u>", run.report()["test"]["accuracy"])
    assert said[0].startswith("training: ")
    validations = [event for event in run.events() if event["kind"] == "validation"]
    assert sum("validation loss" in line for line in said) == len(validations) > 0


def test_ctrl_c_keeps_the_best_model_and_tests_it(small_dataset, tiny_base, tmp_path):
    pressed = []

    def press(line: str) -> None:
        if "validation" in line and not pressed:
            pressed.append(line)
            raise KeyboardInterrupt

    run = bertdemo.fine_tune(
        small_dataset, home=tmp_path, base=str(tiny_base), epochs=100, batch_size=1, max_length=32, wait=False,
        in_process=True,
    )  # fmt: skip
    assert run.wait(press).status == "stopped"
    assert bertdemo.load(run).predict("good").label in small_dataset.label_names


@pytest.mark.parametrize("text", [TEXT, LONG], ids=["short", "in windows"])
@pytest.mark.parametrize(
    "question",
    [{}, {"target": "complaint", "against": "<b>praise</b>", "steps": 9}, {"method": "occlusion", "baseline": "mask"}],
    ids=lambda question: " ".join(question) or "usual",
)
def test_predictions_and_explanations_are_those_of_the_commands(classifier, run, told, text, question):
    options = [word for name, value in question.items() for word in (f"--{name}", str(value))]
    found = told("explain", "--run", run.id, "--text", text, *options)
    explanation = classifier.explain(text, **question)
    assert {"run": run.id, **json.loads(json.dumps(explanation.values))} == found
    assert explanation.to_frame()["score"].tolist() == [word["score"] for word in found["words"]]
    predicted = told("predict", "--run", run.id, "--text", text)
    assert dict(classifier.predict(text).scores) == dict(explanation.prediction.scores) == predicted["scores"]
    assert classifier.predict(text).truncated == predicted["truncated"] == (text == LONG)


def test_scores_that_say_little_are_not_called_wrong(classifier):
    found = classifier.explain(TEXT)
    shown = [replace(found, values={**found.values, "tiny_difference": tiny}).to_html() for tiny in (True, False)]
    assert ["nearly the same to the model" in each for each in shown] == [True, False]
    assert ["What they leave unexplained" in each for each in shown] == [False, True]


def test_attention_is_that_of_the_command(classifier, run, told):
    found = told("attention", "--run", run.id, "--text", TEXT, "--off", "1.2")
    seen = classifier.attention(TEXT, off=[(1, 2)])
    assert seen.weights == pytest.approx(np.array(found["weights"]), abs=1e-6)
    assert list(seen.tokens) == [token["text"] for token in found["tokens"]]
    assert seen.to_frame(2, 1).to_numpy() == pytest.approx(seen.weights[1, 0])
    assert seen.to_frame().to_numpy().sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_many_texts_are_labelled_as_each_alone(classifier):
    texts = pd.Series([TEXT, LONG, "lovely"])
    many, exact = classifier.predict(texts), classifier.predict(texts, exact=True)
    alone = [classifier.predict(text) for text in texts]
    assert list(many.labels) == [each.label for each in alone] == many.to_frame()["label"].tolist()
    assert [each.confidence for each in exact] == pytest.approx([each.confidence for each in alone], abs=1e-5)
    assert [(each.tokens, each.truncated) for each in many] == [(each.tokens, each.truncated) for each in alone]
    assert many[1:][0].text == LONG


def test_texts_and_labels_are_no_markup_in_a_notebook(classifier, run):
    shown = [
        classifier.explain(TEXT), classifier.explain(TEXT, method="saliency"), classifier.attention(TEXT),
        classifier.predict(TEXT), classifier.predict([TEXT]), run,
    ]  # fmt: skip
    for each in shown:
        html = each._repr_html_()
        assert not any(tag in html for tag in ("<b>", "<i>", "<u>", "& "))
    assert "&lt;u&gt;mine&lt;/u&gt;" in run._repr_html_()
    words = classifier.explain(TEXT).to_html()
    assert "&lt;" in words
    assert "rgba(46,109,180" in words or "rgba(217,120,45" in words


def test_a_run_folder_anywhere_is_loaded_by_its_path(run, home, classifier):
    assert bertdemo.load(home / "runs" / run.id).predict(TEXT) == classifier.predict(TEXT)
    assert bertdemo.load(run.id, home=home) == classifier


def test_a_data_frame_is_read_as_its_file_is(table):
    from_file = bertdemo.load_data(table, text="opinion", label="stars")
    from_frame = bertdemo.load_data(pd.read_csv(table), text="opinion", label="stars")
    assert from_frame.fingerprint == from_file.fingerprint
    assert repr(from_frame) == "Dataset('data frame', 61 texts, {'<b>praise</b>': 30, 'complaint': 30, 'lonely': 1})"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda b, data, home: b.load_data("no_such_data"), "There is no data set or file 'no_such_data'"),
        (lambda b, data, home: b.load_data(data, text="none such"), "is no data set: give a name, a file or"),
        (lambda b, data, home: b.fine_tune("sms_spam"), "open it with bertdemo.load_data first"),
        (lambda b, data, home: b.fine_tune(data, "slow"), "no preset 'slow': choose quick, standard, thorough"),
        (lambda b, data, home: b.fine_tune(data, epoch=3), "no setting 'epoch' in a recipe: choose from base, epochs"),
        (lambda b, data, home: b.fine_tune(data, epochs="3"), "epochs is '3': give a whole number"),
        (lambda b, data, home: b.fine_tune(data, epochs=0), "Epochs is 0: choose a value from 1 to 100"),
        (lambda b, data, home: b.fine_tune(data.select(range(5)), home=home), "at least"),
        (lambda b, data, home: b.load("no-such-run", home=home), "no-such-run"),
        (lambda b, data, home: b.load(home), "is no folder of a run"),
        (lambda b, data, home: b.Run("no-such-run", home), "no-such-run"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence(small_dataset: Dataset, tmp_path, wrong, sentence):
    with pytest.raises(bertdemo.BertDemoError) as caught:
        wrong(bertdemo, small_dataset, tmp_path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda c: c.predict(""), "The text is empty"),
        (lambda c: c.predict([]), "at least one"),
        (lambda c: c.predict(["good", float("nan")]), "text number 2 is no text but float"),
        (lambda c: c.predict(["good", " "]), "text number 2 is empty"),
        (lambda c: c.predict("good", "bad"), "single texts"),
        (lambda c: c.predict(["good"], ["bad"]), "single texts"),
        (lambda c: c.explain("good", target="fine"), "no label called 'fine'"),
        (lambda c: c.explain("good", method="guess"), "no method called 'guess'"),
        (lambda c: c.explain("good", method="lime", steps=3), "leave them out for lime"),
        (lambda c: c.attention("good").to_frame(layer=7), "no layer 7"),
        (lambda c: c.attention("good", off=[(1, 9)]), "9"),
    ],
)
def test_what_a_classifier_cannot_do_is_one_sentence(classifier, wrong, sentence):
    with pytest.raises(bertdemo.BertDemoError) as caught:
        wrong(classifier)
    assert sentence in str(caught.value)


def test_importing_loads_nothing_and_lists_all_names():
    code = "import sys, bertdemo; bertdemo.Run, dir(bertdemo); print({'torch', 'pandas', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")
    assert set(bertdemo.__all__) <= set(dir(bertdemo))
    with pytest.raises(AttributeError, match="no attribute 'finetune'"):
        bertdemo.finetune  # noqa: B018


PUBLIC = (
    bertdemo.load_data, bertdemo.fine_tune, bertdemo.load, bertdemo.Run, bertdemo.Run.report,
    bertdemo.Classifier.predict, bertdemo.Classifier.explain, bertdemo.Classifier.attention,
)  # fmt: skip


def test_every_function_has_an_example():
    without = [each.__qualname__ for each in PUBLIC if ">>> " not in (each.__doc__ or "")]
    assert not without


@pytest.mark.slow
def test_examples_say_what_happens(tmp_path, monkeypatch):
    """All but that of ``fine_tune``, which takes as long as training does: the README's is the same."""
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path))
    runner, finder = doctest.DocTestRunner(), doctest.DocTestFinder()
    names = {each.__module__ for each in PUBLIC} - {bertdemo.fine_tune.__module__}
    for name in sorted(names):
        for test in finder.find(importlib.import_module(name)):
            runner.run(test)
    assert runner.tries > 8
    assert not runner.failures
