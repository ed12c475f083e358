"""Curves of erasing words, with their band of random orders, and ERASER's two figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset
from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation.counterfactual import without
from bertdemo.explanation.faithfulness import BINS, Curve, _edge, faithfulness
from bertdemo.explanation.masking import explained, logits_without
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from tests.explanation.erasures import erased_table

FP32 = choose_placement("fp32")


@pytest.fixture(scope="module")
def classifier(learned_base: Path) -> Classifier:
    return replace(load_classifier(learned_base), only_fp32=True)


def test_in_bf16_curves_lie_where_they_are_and_end_as_in_fp32(classifier: Classifier, monkeypatch: pytest.MonkeyPatch):
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread and a rude waiter")
    scores = np.random.default_rng(1).normal(size=len(tokenized.words))
    exact = faithfulness(classifier, tokenized, scores, 1)
    monkeypatch.setattr("bertdemo.explanation.faithfulness.rounds", lambda _: True)
    found = faithfulness(classifier, tokenized, scores, 1)
    assert (exact.precision, found.precision) == ("fp32", "bf16")
    for curve, known in ((found.deletion, exact.deletion), (found.insertion, exact.insertion)):
        assert np.abs(curve.ours - known.ours).max() <= 0.1 * np.ptp(known.ours)
        assert np.allclose(curve.ours[[0, -1]], known.ours[[0, -1]], atol=1e-5)
        assert not np.array_equal(curve.ours, known.ours)


def occlusion(classifier: Classifier, tokenized: TokenizedText, target: int) -> NDArray[np.float64]:
    words = range(len(tokenized.words))
    logits = logits_without(classifier, tokenized, erased_table(tokenized, [(), *((word,) for word in words)]))
    outputs = explained(logits, target)
    return outputs[0] - outputs[1:]


@settings(max_examples=20)
@given(seed=st.integers(0, 999), orders=st.integers(20, 70))
def test_both_curves_join_the_whole_text_and_nothing_but_masks(classifier: Classifier, seed: int, orders: int):
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread and a rude waiter")
    scores = np.random.default_rng(seed).normal(size=len(tokenized.words))
    found = faithfulness(classifier, tokenized, scores, 1, 0, orders=orders, seed=seed)
    whole, nothing = explained(
        logits_without(classifier, tokenized, erased_table(tokenized, [(), range(len(tokenized.words))])), 1, 0
    )
    for curve, first, last in ((found.deletion, whole, nothing), (found.insertion, nothing, whole)):
        assert (curve.shares[0], curve.shares[-1]) == (0, 1)
        assert np.allclose([curve.ours[0], curve.low[0], curve.high[0]], first, atol=1e-5)
        assert np.allclose([curve.ours[-1], curve.low[-1], curve.high[-1]], last, atol=1e-5)
        assert (curve.low <= curve.middle).all()
        assert (curve.middle <= curve.high).all()
        assert len(curve.random_areas) == orders
    assert found.coverage >= 0.9


@given(seed=st.integers(0, 99))
@settings(max_examples=10)
def test_taking_the_worst_first_is_putting_the_best_back_read_backwards(classifier: Classifier, seed: int):
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread and a rude waiter")
    scores = np.random.default_rng(seed).normal(size=len(tokenized.words))
    one, other = (faithfulness(classifier, tokenized, each, 0) for each in (scores, -scores))
    assert np.allclose(one.insertion.ours, other.deletion.ours[::-1], atol=1e-6)
    assert np.allclose(one.deletion.ours, other.insertion.ours[::-1], atol=1e-6)


@pytest.mark.parametrize("text", ["cold tea", "a lovely room, cold bread and a rude waiter", "so kind and warm " * 12])
def test_the_figures_of_eraser_are_those_of_masked_texts_predicted_one_by_one(classifier: Classifier, text: str):
    tokenized = tokenize_with_words(classifier, text)
    scores = np.random.default_rng(1).normal(size=len(tokenized.words))
    ranking = np.argsort(-scores)
    found = faithfulness(classifier, tokenized, scores, 1)

    def probability(erased) -> float:
        return predict(classifier, [without(classifier, tokenized, erased, "mask").text], placement=FP32).probabilities[
            0, 1
        ]

    sizes = [max(1, int(np.ceil(share * len(scores)))) for share in BINS]
    lost_without = [probability([]) - probability(ranking[:size].tolist()) for size in sizes]
    lost_with_only = [probability([]) - probability(ranking[size:].tolist()) for size in sizes]
    assert np.allclose(found.comprehensiveness.by_bin, lost_without, atol=1e-5)
    assert np.allclose(found.sufficiency.by_bin, lost_with_only, atol=1e-5)
    assert found.comprehensiveness.ours == pytest.approx(np.mean(lost_without), abs=1e-5)


def test_what_each_word_does_alone_orders_words_better_than_chance(classifier: Classifier, small_dataset: Dataset):
    better = []
    for text in small_dataset.texts[::2]:
        tokenized = tokenize_with_words(classifier, text)
        target = int(predict(classifier, [text]).labels[0])
        found = faithfulness(classifier, tokenized, occlusion(classifier, tokenized, target), target)
        better += [found.deletion.better_than / found.orders, found.insertion.better_than / found.orders]
    assert np.mean(better) > 0.6  # .5 by chance


def test_shuffled_scores_fall_inside_the_band(classifier: Classifier, small_dataset: Dataset):
    rng, inside = np.random.default_rng(0), list[bool]()
    for row, text in enumerate(small_dataset.texts[::6]):
        tokenized = tokenize_with_words(classifier, text)
        scores = occlusion(classifier, tokenized, 0)
        for trial in range(6):
            found = faithfulness(classifier, tokenized, rng.permutation(scores), 0, seed=100 * row + trial)
            inside += [found.deletion.inside, found.insertion.inside]
    assert np.mean(inside) > 0.85  # 93.5 % are expected, of 120


@given(orders=st.integers(20, 400))
def test_one_more_random_value_is_in_the_band_nine_times_of_ten(orders: int):
    edge = _edge(orders)
    # Of n + 1 values each is equally likely to be the new one: it is inside unless among the k at either end.
    inside = (orders + 1 - 2 * edge) / (orders + 1)
    narrower = (orders + 1 - 2 * (edge + 1)) / (orders + 1)
    assert narrower < 0.9 <= inside


def test_a_curve_knows_on_which_side_it_is_better():
    flat, areas = np.zeros(2), np.arange(30.0)
    deletion = Curve(np.array([0.0, 1.0]), flat, flat, flat, flat, -1.0, areas, 0.0, 29.0, falls=True)
    insertion = Curve(np.array([0.0, 1.0]), flat, flat, flat, flat, -1.0, areas, 0.0, 29.0, falls=False)
    assert (deletion.beats_chance, deletion.inside, deletion.better_than) == (True, False, 30)
    assert (insertion.beats_chance, insertion.inside, insertion.better_than) == (False, False, 0)


def test_the_verdict_says_how_much_of_it_holds(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread and a rude waiter")
    scores = occlusion(classifier, tokenized, 0)
    verdicts = {faithfulness(classifier, tokenized, each, 0).verdict[:24] for each in (scores, -scores)}
    assert verdicts <= {"The scores hold: masking", "The scores hold in part:", "The scores do not hold: "}
    assert faithfulness(classifier, tokenized, -scores, 0).verdict.startswith("The scores do not hold: ")


def test_too_few_words_are_no_verdict(classifier: Classifier):
    found = faithfulness(
        classifier, tokenize_with_words(classifier, "cold bread and tea"), np.array([3.0, 2.0, 1.0, 0.0]), 0
    )
    assert found.verdict == "The text has too few words to tell: 5 are needed, 4 are there."


def test_the_same_seed_gives_the_same_band(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "a lovely room and cold bread")
    one, same, other = (faithfulness(classifier, tokenized, np.arange(6.0), 0, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.deletion.random_areas, same.deletion.random_areas)
    assert not np.array_equal(one.deletion.random_areas, other.deletion.random_areas)


def test_what_cannot_be_tested_is_refused_in_a_sentence(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, "cold tea")
    with pytest.raises(ExplanationError, match="one word"):
        faithfulness(classifier, tokenize_with_words(classifier, "tea"), np.array([1.0]), 0)
    with pytest.raises(ExplanationError, match="3 scores for 2 words"):
        faithfulness(classifier, tokenized, np.zeros(3), 0)
    with pytest.raises(ExplanationError, match="20 or more"):
        faithfulness(classifier, tokenized, np.zeros(2), 0, orders=19)


def test_curves_end_when_cancelled(classifier: Classifier):
    answers = iter([False, True])
    tokenized = tokenize_with_words(classifier, "a lovely room, cold bread and a rude waiter " * 3)
    with pytest.raises(CancelledError):
        faithfulness(classifier, tokenized, np.arange(30.0), 0, should_stop=lambda: next(answers))
