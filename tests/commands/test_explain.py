"""The command ``explain`` as a person types it, and its JSON as somebody else reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.__main__ import main
from bertdemo.explanation.record import weights_sha256
from bertdemo.models.classifier import Classifier, load_classifier
from tests.commands.asking import TEXT
from tests.explanation.architectures import classifier_of

PROMISED = {
    "prediction", "target", "method", "baseline", "n_steps", "output", "baseline_output", "remainder",
    "relative_remainder", "certified", "tokens", "words",
}  # fmt: skip


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    """Of three labels."""
    return classifier_of("bert", tiny_base)


@pytest.fixture
def command() -> str:
    return "explain"


def test_json_has_what_was_promised_and_explains_the_prediction(told, capsys):
    found = told()
    assert found.keys() >= PROMISED
    assert found["tokens"][0].keys() >= {"text", "start", "end", "score", "special"}
    assert found["words"][0].keys() >= {"text", "start", "end", "score"}
    assert all(TEXT[word["start"] : word["end"]] == word["text"] for word in found["words"])
    main(["predict", "--run", "single", "--text", TEXT, "--json"])
    predicted = json.loads(capsys.readouterr().out)
    assert found["target"] == found["prediction"]["label"] == predicted["label"]
    assert found["prediction"]["scores"] == pytest.approx(predicted["scores"], abs=1e-5)
    assert sum(token["score"] for token in found["tokens"]) == pytest.approx(
        sum(word["score"] for word in found["words"]) + found["special_tokens"], abs=1e-6
    )
    assert found["difference"] - sum(token["score"] for token in found["tokens"]) == pytest.approx(found["remainder"])


@pytest.mark.parametrize(
    "arguments", [(), ("--against", "bad", "--target", "good"), ("--baseline", "mask", "--steps", "9")]
)
def test_json_is_enough_to_compute_its_scores_again(told, home: Path, arguments: tuple[str, ...]):
    """With nothing but torch, the model's folder and what ``integral`` says."""
    found = told(*arguments, "--pair", "and the soup", run_id="pairs")
    classifier = load_classifier(home / "runs" / "pairs" / "model", complete=True)
    assert found["model"]["sha256"] == weights_sha256(classifier)
    model, labels = classifier.model, found["model"]["labels"]
    ids, segments = torch.tensor([found["ids"]]), torch.tensor([found["segments"]])
    special = torch.tensor([token["special"] for token in found["tokens"]])
    stand_in = classifier.tokenizer.convert_tokens_to_ids(f"[{found['baseline'].upper()}]")
    embed = model.get_input_embeddings()
    x = embed(ids).detach()
    b = embed(torch.where(special, ids, stand_in)).detach()
    scores = torch.zeros(len(special))
    for share, weight in zip(found["integral"]["shares"], found["integral"]["weights"], strict=True):
        at = (b + share * (x - b)).requires_grad_()
        logits = model(inputs_embeds=at, token_type_ids=segments).logits[0]
        output = logits[labels.index(found["target"])] - (
            logits[labels.index(found["against"])] if found["against"] else 0
        )
        (gradient,) = torch.autograd.grad(output, at)
        scores += weight * (gradient * (x - b)).sum(-1)[0]
    assert np.abs(scores.numpy() - [token["score"] for token in found["tokens"]]).max() <= 1e-5
    assert len(found["integral"]["shares"]) == found["n_steps"]


def test_a_changed_model_has_another_hash(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    before = weights_sha256(classifier)
    assert weights_sha256(classifier_of("bert", tiny_base)) == before
    with torch.no_grad():
        classifier.model.classifier.bias[0] += 1e-6
    assert weights_sha256(classifier) != before


def test_people_get_a_table_that_says_how_far_it_adds_up(run):
    code, stdout, _ = run("--target", "good", "--against", "bad")
    lines = stdout.splitlines()
    assert code == 0
    assert "Why good and not bad: integrated_gradients, from the baseline pad (" in lines[1]
    assert sorted(line.split()[-1] for line in lines[2:6]) == sorted(TEXT.split())
    sizes = [abs(float(line.split()[0])) for line in lines[2:6]]
    assert sizes == sorted(sizes, reverse=True)
    assert lines[6].endswith("special tokens")
    assert "not accounted for (" in lines[7]


def test_a_method_without_sum_or_sign_gets_neither(run):
    stdout = run("--method", "saliency")[1]
    assert "not accounted for" not in stdout
    assert "+" not in stdout
    assert "baseline" not in stdout


def test_a_text_that_is_too_long_says_that_the_rest_was_not_read(run, told):
    long = "coffee " * 5000
    assert told("--steps", "1", text=long)["truncated"]
    stdout = run("--steps", "1", text=long)[1]
    assert "reads 60 tokens; the rest was not read and is not explained" in stdout
    assert "38 more words" in stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "fine"), "no label called 'fine': this run knows bad, good, so-so"),
        (("--against", "fine"), "no label called 'fine'"),
        (("--target", "bad", "--against", "bad"), "against itself"),
        (("--steps", "1000000"), "1 to 400 steps"),
        (("--steps", "3", "--method", "lime"), "leave it out for lime"),
        (("--method", "guess"), "no method called 'guess'"),
        (("--method", "deeplift"), "not offered for this model"),
        (("--method", "saliency", "--baseline", "pad"), "leave out --baseline"),
        (("--baseline", "guess"), "no baseline called 'guess'"),
        (("--pair", "more"), "leave out --pair"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(run, arguments, words):
    code, stdout, stderr = run(*arguments)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert words in stderr
