"""What moved the answer, layer by layer."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import function, layers
from bertdemo.explanation.function import logits_and_states_of
from bertdemo.explanation.integrated_gradients import integrated_gradients
from bertdemo.explanation.layers import layer_conductance
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from tests.explanation.architectures import ARCHITECTURES, classifier_of, hooks
from tests.explanation.explained import TEXT, smooth


@pytest.fixture
def classifier(tiny_base: Path) -> Classifier:
    return smooth(tiny_base)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_layer_adds_up_to_the_whole_difference(tiny_base: Path, architecture: str):
    classifier = classifier_of(architecture, tiny_base)
    found = layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0, steps=150)
    assert found.scores.shape == (4, len(found.tokenized))
    assert (np.abs(found.remainders) <= 0.05 * np.abs(found.scores).sum(axis=1)).all()
    assert found.word_scores.sum(axis=1) + found.other == pytest.approx(found.scores.sum(axis=1))


def test_more_steps_leave_less(classifier: Classifier):
    left = [
        np.abs(layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0, steps=n).remainders).max()
        for n in (5, 100)
    ]
    assert left[1] < left[0] / 10


def test_words_begin_with_about_their_integrated_gradients_and_end_in_cls(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    found, whole = layer_conductance(classifier, tokenized, 0, 1), integrated_gradients(classifier, tokenized, 0, 1)
    assert np.corrcoef(found.word_scores[0], whole.word_scores)[0, 1] > 0.99
    assert np.abs(found.scores[-1, 1:]).max() < 1e-6
    assert found.other[-1] == pytest.approx(found.scores[-1, 0])


def test_where_the_head_reads_the_mean_of_all_tokens_they_end_in_all_of_them(tiny_base: Path):
    classifier = classifier_of("modernbert", tiny_base, classifier_pooling="mean")
    found = layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0, steps=150)
    assert (np.abs(found.scores[-1]) > 1e-4).all()
    assert (np.abs(found.remainders) <= 0.05 * np.abs(found.scores).sum(axis=1)).all()


def test_a_classifier_that_computes_one_token_at_the_end_gives_the_same(tiny_base: Path, tmp_path: Path):
    save_classifier(load_base(str(tiny_base), ("a", "b"), dropout=0.1, max_length=32, seed=1), tmp_path)
    one, other = (
        layer_conductance(each, tokenize_with_words(each, TEXT), 1, steps=10).scores
        for each in (load_classifier(tmp_path), load_classifier(tmp_path, output_attentions=True))
    )
    assert np.abs(one - other).max() <= 1e-5


def test_scores_do_not_depend_on_the_pieces_they_are_computed_in(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
):
    expected = layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0, steps=7, baseline="average")
    monkeypatch.setattr(function, "_PIECE", dict.fromkeys(("cpu", "cuda"), 1))
    found = layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0, steps=7, baseline="average")
    assert np.abs(found.scores - expected.scores).max() <= 1e-4


def test_the_shared_model_stays_as_it_was(classifier: Classifier):
    before = hooks(classifier.model)
    layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0, steps=3)
    assert hooks(classifier.model) == before
    assert all(weight.grad is None for weight in classifier.model.parameters())


def test_it_is_cancelled_and_refuses_what_it_cannot_do(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    with pytest.raises(CancelledError):
        layer_conductance(classifier, tokenized, 0, should_stop=lambda: True)
    for steps in (0, 10**6):
        with pytest.raises(ExplanationError, match="1 to 400 steps"):
            layer_conductance(classifier, tokenized, 0, steps=steps)


def test_before_every_pass_it_is_asked_whether_to_go_on(classifier: Classifier, monkeypatch: pytest.MonkeyPatch):
    events: list[str] = []

    def passed(*arguments):
        events.append("pass")
        return logits_and_states_of(*arguments)

    monkeypatch.setattr(layers, "logits_and_states_of", passed)
    monkeypatch.setattr(function, "_PIECE", {"cpu": 1})
    layer_conductance(
        classifier, tokenize_with_words(classifier, TEXT), 0, steps=3, should_stop=lambda: bool(events.append("ask"))
    )
    assert events.count("pass") == 4  # both ends, and a gradient at a time
    assert all(before == "ask" for before, event in pairwise(events) if event == "pass")


def test_an_architecture_that_tells_other_states_than_it_answers_from_is_refused(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
):
    def copies(*arguments):
        logits, states = logits_and_states_of(*arguments)
        return logits, [state.clone() for state in states]

    monkeypatch.setattr(layers, "logits_and_states_of", copies)
    with pytest.raises(ExplanationError, match="does not tell the hidden states"):
        layer_conductance(classifier, tokenize_with_words(classifier, TEXT), 0)
