"""The command ``explain`` as a person types it, and its JSON as somebody else reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.__main__ import main
from bertdemo.explanation.asking import weights_sha256
from bertdemo.explanation.tokenized_text import words_in
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from tests.commands.asking import TEXT
from tests.explanation.architectures import classifier_of

PROMISED = {
    "prediction", "target", "method", "baseline", "n_steps", "output", "baseline_output", "remainder",
    "relative_remainder", "certified", "tokens", "words", "precision",
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
    model = home / "runs" / "pairs" / "model"
    classifier = load_classifier(model, output_attentions=True)
    assert found["model"]["sha256"] == weights_sha256(classifier)
    scores, _ = again(found, found, classifier, load_classifier(model))
    assert np.abs(scores - [token["score"] for token in found["tokens"]]).max() <= 1e-5
    assert len(found["integral"]["shares"]) == found["n_steps"]


def again(found: dict, part: dict, classifier: Classifier, as_predicting: Classifier) -> tuple[np.ndarray, float]:
    """The scores of a text, or of one of its windows (``part``), and its output, computed from the JSON alone."""
    model, labels = classifier.model, found["model"]["labels"]
    ids, segments = torch.tensor([part["ids"]]), torch.tensor([part["segments"]])
    special = torch.tensor([token["special"] for token in part["tokens"]])
    stand_in = classifier.tokenizer.convert_tokens_to_ids(f"[{found['baseline'].upper()}]")
    embed = model.get_input_embeddings()
    x = embed(ids).detach()
    b = embed(torch.where(special, ids, stand_in)).detach()
    exact, rounded = model, as_predicting.model.bfloat16()
    rounded.set_attn_implementation("eager")

    def output(model, at):
        logits = model(inputs_embeds=at.to(model.dtype), token_type_ids=segments).logits[0].float()
        return logits[labels.index(found["target"])] - (
            logits[labels.index(found["against"])] if found["against"] else 0
        )

    scores = torch.zeros(len(special))
    for share, weight in zip(part["integral"]["shares"], part["integral"]["weights"], strict=True):
        at = (b + share * (x - b)).requires_grad_()
        asked = rounded if part["precision"] == "bf16" else exact
        (gradient,) = torch.autograd.grad(output(asked, at), at)
        scores += weight * (gradient * (x - b)).sum(-1)[0]
    return scores.numpy(), float(output(exact, x).detach())


LONG = "the coffee was cold and the staff were rude, what a boring museum, " * 12


def test_of_a_long_text_every_window_can_be_computed_again_and_none_of_it_is_left_out(told, home: Path):
    found = told("--target", "good", "--steps", "5", text=LONG)
    model = home / "runs" / "single" / "model"
    classifier = load_classifier(model, output_attentions=True)
    assert found.keys() >= PROMISED
    assert len(found["windows"]) > 2
    assert found["overlap"] > 0
    for window in found["windows"]:
        scores, output = again(found, window, classifier, load_classifier(model))
        assert np.abs(scores - [token["score"] for token in window["tokens"]]).max() <= 1e-5
        assert output == pytest.approx(window["output"], abs=1e-5)
        total = sum(token["score"] for token in window["tokens"])
        assert window["difference"] - total == pytest.approx(window["remainder"], abs=1e-9)
    for part in (found, *found["windows"]):
        assert all(LONG[word["start"] : word["end"]] == word["text"] for word in part["words"])
        assert sum(token["score"] for token in part["tokens"]) == pytest.approx(
            sum(word["score"] for word in part["words"]) + part["special_tokens"], abs=1e-6
        )
    assert [word["text"] for word in found["words"]] == words_in(LONG)
    assert len(found["ids"]) == len(found["tokens"])


def test_the_whole_of_a_long_text_is_what_its_windows_say_together(told, capsys):
    found = told("--steps", "5", text=LONG)
    windows = found["windows"]
    assert windows[0]["start"] == 0
    assert windows[-1]["end"] == len(LONG.strip())
    for row in range(0, len(found["words"]), 7):
        word = found["words"][row]
        own = [each["score"] for w in windows for each in w["words"] if each["start"] == word["start"]]
        assert word["score"] == pytest.approx(np.mean(own))
    for key in ("output", "baseline_output", "remainder"):
        assert found[key] == pytest.approx(np.mean([window[key] for window in windows]))
    assert found["relative_remainder"] == max(window["relative_remainder"] for window in windows)
    assert found["certified"] == all(window["certified"] for window in windows)
    main(["predict", "--run", "single", "--text", LONG, "--json"])
    predicted = json.loads(capsys.readouterr().out)
    assert found["prediction"]["scores"] == pytest.approx(predicted["scores"], abs=1e-5)
    assert found["truncated"]
    start, end = windows[1]["start"], windows[1]["end"]
    main(["predict", "--run", "single", "--text", LONG[start:end], "--json"])
    predicted = json.loads(capsys.readouterr().out)
    assert windows[1]["prediction"]["scores"] == pytest.approx(predicted["scores"], abs=1e-5)


def test_a_long_text_is_certified_where_all_windows_are(told):
    certified = [told("--steps", steps, text=LONG) for steps in ("1", "200")]
    for found in certified:
        assert found["certified"] == all(window["certified"] for window in found["windows"])
    assert not certified[0]["certified"]


def test_of_a_long_text_a_method_without_sum_has_none(told):
    found = told("--method", "saliency", text=LONG)
    assert found["remainder"] is found["relative_remainder"] is found["baseline_output"] is found["n_steps"] is None
    assert found["certified"] is False


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
    assert " steps in " in lines[7]


def test_a_method_without_sum_or_sign_gets_neither(run):
    stdout = run("--method", "saliency")[1]
    assert "not accounted for" not in stdout
    assert "+" not in stdout
    assert "baseline" not in stdout


def test_people_are_told_how_many_windows_a_long_text_is_read_in(run):
    lines = run("--steps", "1", text="coffee " * 5000)[1].splitlines()
    assert "to the beginning of the text: the model does not read all of it" in lines[0]
    assert lines[2] == "In 114 windows of up to 60 tokens that share at least 14; means over these:"
    assert any(line.endswith("4,980 more words") for line in lines)
    assert "104 more windows (--json has them all)" in lines
    assert lines[-1].endswith(" of 114 windows are certified")


def test_both_texts_of_a_pair_too_long_is_one_line(run):
    code, stdout, stderr = run("--pair", LONG, run_id="pairs", text=LONG)
    assert (code, stdout) == (2, "")
    assert "Both texts are longer than half of the 60 tokens" in stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "fine"), "no label called 'fine': this run knows bad, good, so-so"),
        (("--against", "fine"), "no label called 'fine'"),
        (("--target", "bad", "--against", "bad"), "against itself"),
        (("--steps", "1000000"), "1 to 400 steps"),
        (("--steps", "3", "--method", "lime"), "leave them out for lime"),
        (("--method", "guess"), "no method called 'guess'"),
        (("--method", "deeplift"), "not offered for this model"),
        (("--method", "saliency", "--baseline", "pad"), "leave out the baseline"),
        (("--baseline", "guess"), "no baseline called 'guess'"),
        (("--pair", "more"), "leave out --pair"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(run, arguments, words):
    code, stdout, stderr = run(*arguments)
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert words in stderr
