"""The command ``attention`` as a person types it, with a tiny BERT of 2 layers of 2 heads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bertdemo.__main__ import main
from bertdemo.data.dataset import Dataset
from bertdemo.explanation.attention import attention
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier
from bertdemo.models.classifier import Classifier
from tests.commands.asking import TEXT


@pytest.fixture(scope="module")
def classifier(tiny_base: Path, small_dataset: Dataset) -> Classifier:
    return load_base(str(tiny_base), small_dataset.label_names, dropout=0.0, max_length=16, seed=5)


@pytest.fixture
def command() -> str:
    return "attention"


def test_it_prints_tokens_weights_and_the_prediction_that_predict_prints(told, home, capsys):
    found = told()
    assert [token["text"] for token in found["tokens"] if not token["special"]] == TEXT.split()
    assert all(TEXT[t["start"] : t["end"]] == t["text"] for t in found["tokens"] if not t["special"])
    weights = np.array(found["weights"])
    assert weights.shape == (2, 2, 6, 6)
    assert np.allclose(weights.sum(axis=-1), 1, atol=1e-5)
    main(["predict", "--run", "single", "--text", TEXT, "--json"])
    predicted = json.loads(capsys.readouterr().out)
    assert found["prediction"]["label"] == predicted["label"]
    assert found["prediction"]["scores"] == pytest.approx(predicted["scores"], abs=1e-5)
    assert found["prediction_with_all_heads"] == found["prediction"]
    assert len(found["heads"]) == 4
    assert found["heads"][0]["habit"]


def test_json_is_one_line_of_weights_within_a_millionth(run, home: Path):
    stdout = run("--json")[1]
    assert stdout.count("\n") == 1
    weights = np.array(json.loads(stdout)["weights"])
    complete = load_classifier(home / "runs" / "single" / "model", output_attentions=True)
    exact = attention(complete, tokenize_with_words(complete, TEXT)).weights
    assert np.abs(weights - exact).max() <= 1e-6
    assert stdout.count(" ") < 100  # of the habits in words; none between the weights


def test_a_layer_and_a_head_are_counted_from_1(told):
    whole = np.array(told()["weights"])
    assert np.array_equal(told("--layer", "2", "--head", "1")["weights"], whole[1, 0])
    assert np.array_equal(told("--layer", "1")["weights"], whole[0])
    of_head = told("--head", "2")
    assert np.array_equal(of_head["weights"], whole[:, 1])
    assert [(each["layer"], each["head"]) for each in of_head["heads"]] == [(1, 2), (2, 2)]


def test_heads_and_whole_layers_are_switched_off(told):
    one, layer = told("--off", "1.2"), told("--off", "1")
    assert one["switched_off"] == ["1.2"]
    assert layer["switched_off"] == ["1.1", "1.2"] == told("--off", "1.1", "--off", "1.2")["switched_off"]
    assert one["prediction"]["scores"] != layer["prediction"]["scores"]
    assert one["prediction_with_all_heads"] == told()["prediction"] != one["prediction"]


def test_a_pair_is_one_sequence_of_tokens(told):
    parts = [token["part"] for token in told("--pair", "cold soup", run_id="pairs", text="kind staff")["tokens"]]
    assert parts == [None, 0, 0, None, 1, 1, None]


def test_people_are_told_what_a_head_does_and_that_it_is_not_why(run):
    code, stdout, _ = run("--layer", "1", "--head", "2", "--off", "2.1")
    lines = stdout.splitlines()
    assert code == 0
    assert lines[0].startswith(("praise (", "complaint ("))
    assert "with 2.1 switched off; with all heads " in lines[1]
    assert "not why" in lines[2]
    assert lines[3].startswith("  layer 1, head 2: ")
    assert [line.split()[0] for line in lines[4:]] == ["[CLS]", *TEXT.split(), "[SEP]"]


def test_a_text_that_is_too_long_says_that_the_rest_was_not_read(run, told):
    long = "coffee " * 5000
    assert told("--layer", "1", "--head", "1", text=long)["truncated"]
    assert "reads 16 tokens; the rest was not read" in run(text=long)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--layer", "3"), "no layer 3: this model has layers 1 to 2."),
        (("--layer", "99", "--head", "99"), "no layer 99: this model has layers 1 to 2."),
        (("--layer", "-1"), "no layer -1"),
        (("--head", "0"), "no head 0: the layers of this model have heads 1 to 2 each."),
        (("--off", "1.3"), "no head 3"),
        (("--off", "0"), "no layer 0"),
        (("--off", "1.2.3"), "1.2.3 is neither"),
        (("--off", "last"), "last is neither"),
        (("--off", "1."), "1. is neither"),
        (("--pair", "more"), "leave out --pair"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(run, arguments, words):
    code, stdout, stderr = run(*arguments)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert words in stderr


def test_an_empty_text_and_an_unknown_run_are_one_line(run):
    assert "is empty" in run(text=" ")[2]
    assert run(run_id="nobody")[0] == 2


def test_what_the_model_does_not_know_of_a_text_is_told(run):
    code, stdout, stderr = run("--json", text="𐎠𐎡 coffee")
    assert code == 0
    assert [token["text"] for token in json.loads(stdout)["tokens"]][1] == "[UNK]"
    assert "of the tokens that the model read are unknown to it" in stderr
