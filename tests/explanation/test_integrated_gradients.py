"""Integrated gradients: they add up, explain the prediction itself, and disturb nobody."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset
from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import function
from bertdemo.explanation.attribution import BASELINES, baseline_vectors
from bertdemo.explanation.function import ExplainedOutput, interpolate, logits_of, word_vectors
from bertdemo.explanation.integrated_gradients import gradients, integrated_gradients, nodes
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from bertdemo.prediction.single import predict_one
from tests.explanation.explained import TEXT, learned, smooth

WORDS = st.lists(
    st.sampled_from([*TEXT.split(), "wonderful", "@united", "café", "我", "🙂", "!"]), min_size=1, max_size=12
)


@pytest.fixture
def classifier(tiny_base: Path) -> Classifier:
    return smooth(tiny_base)


def by_hand(
    classifier: Classifier, tokenized: TokenizedText, target: int, baseline: str, steps: int
) -> NDArray[np.float64]:
    """Gauss and Legendre's rule on the straight line, one step after the other: the textbook's."""
    x, b = word_vectors(classifier, tokenized), baseline_vectors(classifier, tokenized, baseline)[:1]

    places, weights = np.polynomial.legendre.leggauss(steps)
    total = np.zeros(len(tokenized))
    for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
        at = (b + place * (x - b)).float().requires_grad_()
        (gradient,) = torch.autograd.grad(logits_of(classifier, tokenized, at)[0, target], at)
        total += weight * (gradient * (x - b)).sum(-1)[0].double().numpy()
    return total


@pytest.mark.parametrize("baseline", BASELINES)
def test_scores_add_up_to_what_moved_the_output(classifier: Classifier, small_dataset: Dataset, baseline: str):
    for text in small_dataset.texts[::8]:
        found = integrated_gradients(classifier, tokenize_with_words(classifier, text), 1, baseline=baseline)
        assert abs(found.scores.sum() - found.difference) <= 0.01 * max(abs(found.difference), 0.05)
        assert found.certified or found.is_tiny
        assert found.word_scores.sum() + found.other == pytest.approx(found.scores.sum(), abs=1e-6)


@pytest.mark.parametrize("learned_it", [False, True])
@settings(max_examples=15)
@given(words=WORDS, pair=st.none() | WORDS)
def test_what_is_explained_is_the_logit_of_the_prediction(
    tiny_base: Path, learned_base: Path, learned_it: bool, words: list[str], pair: list[str] | None
):
    classifier = learned(learned_base) if learned_it else smooth(tiny_base)
    text, second = " ".join(words), None if pair is None else " ".join(pair)
    tokenized, exact = tokenize_with_words(classifier, text, second), choose_placement("fp32")
    predicted = predict(classifier, [text], None if second is None else [second], placement=exact).logits[0]
    assert integrated_gradients(classifier, tokenized, 1, steps=2).output == pytest.approx(predicted[1], abs=1e-5)
    margin = integrated_gradients(classifier, tokenized, 1, 0, steps=2).output
    assert margin == pytest.approx(predicted[1] - predicted[0], abs=2e-5)


def test_it_is_the_integral_of_the_textbook(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = integrated_gradients(classifier, tokenized, 1, baseline="mask", steps=200)
    expected = by_hand(classifier, tokenized, 1, "mask", 200)
    assert np.allclose(found.scores, expected, atol=1e-3 * abs(found.difference))


@pytest.mark.parametrize("baseline", ["pad", "zero"])
def test_it_is_the_integral_of_captum(classifier: Classifier, baseline: str):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = integrated_gradients(classifier, tokenized, 1, baseline=baseline)
    output = ExplainedOutput(classifier, tokenized, 1)
    vectors, (line,) = output.vectors(), baseline_vectors(classifier, tokenized, baseline)
    shares = torch.ones(1, len(tokenized))
    (expected,) = IntegratedGradients(output.function(interpolate(line[None], vectors))).attribute(shares, n_steps=100)
    assert found.certified
    assert np.allclose(found.scores, expected.detach().numpy(), atol=0.02 * np.abs(found.scores).max())


@pytest.mark.parametrize("labels", [2, 3, 10])
@pytest.mark.parametrize("baseline", ["pad", "average"])
def test_a_margin_is_the_difference_of_two_attributions_on_the_same_grid(tiny_base: Path, labels: int, baseline: str):
    classifier = smooth(tiny_base, labels)
    tokenized = tokenize_with_words(classifier, TEXT)
    margin = integrated_gradients(classifier, tokenized, labels - 1, 0, baseline=baseline, steps=16)
    one, other = (
        integrated_gradients(classifier, tokenized, label, baseline=baseline, steps=16) for label in (labels - 1, 0)
    )
    assert np.abs(margin.scores - (one.scores - other.scores)).max() <= 1e-4
    assert margin.difference == pytest.approx(one.difference - other.difference, abs=1e-4)


@pytest.mark.parametrize("piece", [1, 1e6, 1e12])
def test_scores_do_not_depend_on_the_pieces_they_are_computed_in(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, piece: float
):
    expected = integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), 1, steps=16)
    monkeypatch.setattr(function, "_PIECE", dict.fromkeys(("cpu", "cuda"), piece))
    found = integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), 1, steps=16)
    assert np.abs(found.scores - expected.scores).max() <= 1e-5


def test_a_classifier_that_computes_all_tokens_gives_the_same_scores(learned_base: Path):
    scores = [
        integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), 1, steps=24).scores
        for classifier in (learned(learned_base), learned(learned_base, complete=True))
    ]
    assert np.abs(scores[0] - scores[1]).max() <= 1e-5 * np.abs(scores[0]).max()


def test_the_mean_of_baselines_is_the_mean_of_their_scores(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    single = [
        integrated_gradients(classifier, tokenized, 0, baseline=name, steps=100) for name in ("pad", "mask", "zero")
    ]
    average = integrated_gradients(classifier, tokenized, 0, baseline="average", steps=100)
    assert np.allclose(average.scores, np.mean([each.scores for each in single], axis=0), atol=1e-5)
    assert average.baseline_output == pytest.approx(np.mean([each.baseline_output for each in single]), abs=1e-5)


def test_steps_double_to_400_and_the_first_gradients_are_used_again(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
):
    def counted(*arguments: Any) -> NDArray[np.float64]:
        asked.extend(arguments[-1])
        return gradients(*arguments)

    asked: list[float] = []
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.gradients", counted)
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.CERTIFIED", 1e-12)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = integrated_gradients(classifier, tokenized, 1)
    assert found.n_steps == 400
    assert np.allclose(sorted(asked[:95]), nodes(95, "pad")[0], rtol=0, atol=1e-12)
    assert len(asked) == 95 + 200 + 400


@pytest.mark.parametrize("tolerance", [0.01, 1e-3, 1e-4])
def test_steps_that_sufficed_can_be_asked_for(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, tolerance: float
):
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.CERTIFIED", tolerance)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = integrated_gradients(classifier, tokenized, 1, baseline="mask")
    again = integrated_gradients(classifier, tokenized, 1, baseline="mask", steps=found.n_steps)
    assert again.n_steps == found.n_steps
    assert np.abs(found.scores - again.scores).max() <= 1e-6
    assert integrated_gradients(classifier, tokenized, 1, steps=7).n_steps == 7
    assert not integrated_gradients(classifier, tokenized, 1, steps=1).certified


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("steps", [1, 2, 20, 23, 47, 80, 95])
def test_nodes_lie_in_order_on_the_way_and_integrate(steps: int, baseline: str):
    shares, weights = nodes(steps, baseline)
    assert len(shares) == len(weights) == steps
    assert (np.diff([0, *shares, 1]) > 0).all()
    assert (weights > 0).all()
    if steps >= 20:
        assert [shares**power @ weights for power in range(4)] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])


@pytest.mark.parametrize("baseline", ["pad", "average"])
def test_in_bf16_it_lies_between_outputs_in_fp32_and_can_be_computed_again(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, baseline: str
):
    tokenized = tokenize_with_words(classifier, TEXT)
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.rounds", lambda _: True)
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.CERTIFIED", 1.0)  # it moves next to nothing
    found = integrated_gradients(classifier, tokenized, 1, baseline=baseline)
    again, exact = (
        integrated_gradients(classifier, tokenized, 1, baseline=baseline, steps=found.n_steps, precision=precision)
        for precision in (found.precision, "fp32")
    )
    assert [each.precision for each in (found, again, exact)] == ["bf16", "bf16", "fp32"]
    assert np.abs(found.scores - again.scores).max() <= 1e-5
    assert 0 < np.abs(found.scores - exact.scores).max() <= 0.05 * np.abs(exact.scores).max()
    assert (found.output, found.baseline_output) == pytest.approx((exact.output, exact.baseline_output), abs=1e-5)


def test_where_bf16_does_not_add_up_it_is_computed_in_fp32(classifier: Classifier, monkeypatch: pytest.MonkeyPatch):
    def far_off(output: ExplainedOutput, *arguments: Any) -> NDArray[np.float64]:
        asked.append(output.precision)
        return gradients(output, *arguments) * (1.5 if output.precision == "bf16" else 1)

    asked: list[str] = []
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.rounds", lambda _: True)
    monkeypatch.setattr("bertdemo.explanation.integrated_gradients.gradients", far_off)
    found = integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), 1)
    assert asked[:3] == ["bf16", "bf16", "fp32"]
    assert asked.count("bf16") == 2
    assert found.precision == "fp32"
    assert found.certified


def test_nodes_are_computed_once_and_nobody_can_change_them():
    assert nodes(400, "pad") is nodes(400, "pad")
    with pytest.raises(ValueError, match="read-only"):
        nodes(400, "pad")[0][0] = 0


def test_where_next_to_nothing_is_to_be_explained_there_is_no_certificate(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "cold tea")
    found = integrated_gradients(classifier, replace(tokenized, ids=np.where(tokenized.special, tokenized.ids, 0)), 1)
    assert found.is_tiny
    assert not found.certified
    assert found.n_steps == 11
    assert np.abs(found.scores).max() < 1e-6


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((3,), {}, "no label number 3"),
        ((-1,), {}, "no label number -1"),
        ((1, 1), {}, "against itself"),
        ((1,), {"steps": 10**6}, "1 to 400 steps"),
        ((1,), {"steps": 0}, "1 to 400 steps"),
        ((1,), {"steps": 401}, "1 to 400 steps"),
        ((1,), {"baseline": "nothing"}, "no baseline called 'nothing'"),
    ],
)
def test_what_cannot_be_explained_is_said(classifier: Classifier, arguments: tuple, options: dict, sentence: str):
    with pytest.raises(ExplanationError, match=sentence):
        integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), *arguments, **options)


def test_a_tokenizer_without_the_token_of_a_baseline_says_so(classifier: Classifier):
    bare = replace(classifier, tokenizer=copy.deepcopy(classifier.tokenizer))
    tokenized = tokenize_with_words(bare, TEXT)
    bare.tokenizer.mask_token = None
    with pytest.raises(ExplanationError, match="no mask token"):
        baseline_vectors(bare, tokenized, "mask")
    assert baseline_vectors(bare, tokenized, "pad").shape == (1, len(tokenized), 32)


def test_a_cancel_ends_it_before_the_next_piece(classifier: Classifier, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(function, "_PIECE", {"cpu": 1})
    asked = []

    def should_stop() -> bool:
        asked.append(None)
        return len(asked) > 5

    with pytest.raises(CancelledError):
        integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), 1, steps=80, should_stop=should_stop)
    assert len(asked) == 6


def test_the_shared_model_stays_as_it_was(classifier: Classifier):
    before = {name: weight.clone() for name, weight in classifier.model.state_dict().items()}
    wanted = [weight.requires_grad for weight in classifier.model.parameters()]
    hooks = [len(module._forward_hooks) for module in classifier.model.modules()]
    integrated_gradients(classifier, tokenize_with_words(classifier, TEXT), 1, baseline="average")
    assert all(torch.equal(weight, before[name]) for name, weight in classifier.model.state_dict().items())
    assert all(weight.grad is None for weight in classifier.model.parameters())
    assert [weight.requires_grad for weight in classifier.model.parameters()] == wanted
    assert [len(module._forward_hooks) for module in classifier.model.modules()] == hooks
    assert not classifier.model.training


def test_explaining_and_predicting_at_the_same_time_disturb_each_other_nowhere(
    classifier: Classifier, small_dataset: Dataset
):
    texts = small_dataset.texts[:8]
    answers = [dict(predict_one(classifier, text).scores) for text in texts]
    scores = [
        integrated_gradients(classifier, tokenize_with_words(classifier, text), 1, steps=8).scores for text in texts
    ]
    wrong: list[str] = []

    def ask(own: int) -> None:
        for row in [*range(own, 8), *range(own)]:
            if dict(predict_one(classifier, texts[row]).scores) != pytest.approx(answers[row], abs=1e-5):
                wrong.append(f"answer {row}")
            found = integrated_gradients(classifier, tokenize_with_words(classifier, texts[row]), 1, steps=8)
            if not np.allclose(found.scores, scores[row], atol=1e-5):
                wrong.append(f"scores {row}")

    threads = [threading.Thread(target=ask, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
