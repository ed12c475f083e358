"""What heads do, and one of them under the glass."""

from __future__ import annotations

import copy
import math
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.errors import CancelledError, ExplanationError
from bertdemo.explanation import function
from bertdemo.explanation.attention import attention, relevance
from bertdemo.explanation.blocks import Head, blocks_of, inputs_of
from bertdemo.explanation.heads import (
    HeadStatistics,
    closeup,
    describe,
    importance_over,
    logits_with_ablated_heads,
    logits_without_each_head,
    statistics,
)
from bertdemo.explanation.tokenized_text import TokenizedText, tokenize_with_words
from bertdemo.models.checkpoints import load_base, load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from tests.explanation.architectures import ARCHITECTURES, LABELS, TEXT, classifier_of, hooks

FP32 = choose_placement("fp32")
PLACES = [(0, 0, 0), (1, 2, 4), (2, 3, 1)]  # layer, head, token


@pytest.fixture(scope="module", params=ARCHITECTURES)
def classifier(request: pytest.FixtureRequest, tiny_base: Path) -> Classifier:
    return classifier_of(request.param, tiny_base)


@pytest.fixture(scope="module")
def bert(tiny_base: Path) -> Classifier:
    return classifier_of("bert", tiny_base)


@pytest.fixture(scope="module")
def tokenized(bert: Classifier) -> TokenizedText:
    return tokenize_with_words(bert, TEXT)


def statistics_of(rows: np.ndarray, tokenized: TokenizedText) -> HeadStatistics:
    (found,) = statistics(rows[None, None].astype(np.float32), tokenized)
    return found


def looking_at(tokenized: TokenizedText, places: list[int]) -> np.ndarray:
    return np.eye(len(tokenized))[np.clip(places, 0, len(tokenized) - 1)]


def test_a_head_that_looks_at_one_kind_of_token_is_called_by_it(tokenized: TokenizedText):
    n = len(tokenized)
    everybody = list(range(n))
    for places, field, words in [
        ([0] * n, "first", r"the first token \(\[CLS\] or its like\) \(100\xa0%"),
        ([n - 1] * n, "separator", r"the separators \(\[SEP\] or its like\) \(100\xa0%"),
        (everybody, "itself", "the token itself"),
        ([place - 1 for place in everybody], "previous", "the previous token"),
        ([place + 1 for place in everybody], "following", "the next token"),
    ]:
        found = statistics_of(looking_at(tokenized, places), tokenized)
        assert getattr(found, field) == pytest.approx(1)
        assert found.entropy == 0
        assert re.search(f"looks at {words}.*named from 50\xa0%", describe(found))


def test_distance_is_in_tokens_and_of_the_tokens_of_words(tokenized: TokenizedText):
    n = len(tokenized)
    found = statistics_of(looking_at(tokenized, [0] * n), tokenized)
    assert found.distance == pytest.approx(np.mean(range(1, n - 1)))  # [CLS] and [SEP] themselves do not count


def test_even_attention_has_all_the_entropy_there_is(tokenized: TokenizedText):
    n = len(tokenized)
    found = statistics_of(np.full((n, n), 1 / n), tokenized)
    assert found.entropy == pytest.approx(found.most_entropy) == pytest.approx(math.log2(n))
    assert describe(found).startswith(f"looks everywhere about equally ({math.log2(n):.1f} of at most")


def test_two_tokens_that_share_all_attention_are_one_bit(tokenized: TokenizedText):
    rows = (looking_at(tokenized, [3] * len(tokenized)) + looking_at(tokenized, [6] * len(tokenized))) / 2
    found = statistics_of(rows, tokenized)
    assert found.entropy == pytest.approx(1)
    assert "picks one or two tokens (1.0 bits" in describe(replace(found, entropy=0.99))


def test_a_head_without_a_habit_is_not_given_one(tokenized: TokenizedText):
    n = len(tokenized)
    rows = 0.4 * looking_at(tokenized, [0] * n) + 0.6 * np.full((n, n), 1 / n)
    told = describe(statistics_of(rows, tokenized))
    assert told.startswith("has no single habit: the nearest to one is that it looks at the first token")
    assert "named from 50\xa0% on" in told


@given(seed=st.integers(0, 9999), text=st.sampled_from([TEXT, "coffee", "cold soup", "🙂"]), sharp=st.floats(0.1, 20))
def test_shares_are_shares_and_entropy_has_its_limits(bert: Classifier, seed: int, text: str, sharp: float):
    tokenized = tokenize_with_words(bert, text)
    n = len(tokenized)
    scores = sharp * np.random.default_rng(seed).normal(size=(2, 3, n, n))
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    found = statistics(weights.astype(np.float32), tokenized)
    assert [(each.layer, each.head) for each in found] == [(layer, head) for layer in range(2) for head in range(3)]
    for each in found:
        shares = [each.first, each.separator, each.itself, each.previous, each.following]
        assert all(0 <= share <= 1 + 1e-6 for share in shares if not math.isnan(share))
        assert each.first + each.separator + each.itself <= 1 + 1e-6
        assert -1e-9 <= each.entropy <= each.most_entropy + 1e-6
        assert 0 <= each.distance <= n - 1
        assert math.isnan(each.previous) == math.isnan(each.following) == (n == 3)
        assert describe(each)


def without_weights(classifier: Classifier, off) -> Classifier:
    """The same model but for the heads' columns of the output projections, which are 0."""
    other = replace(classifier, model=copy.deepcopy(classifier.model))
    with torch.no_grad():
        for layer, head in off:
            block = blocks_of(other)[layer]
            block.projection.weight[:, head * block.width : (head + 1) * block.width] = 0
    return other


@pytest.mark.parametrize("off", [{(0, 0)}, {(1, 3), (2, 0), (2, 1)}, {(2, head) for head in range(4)}])
def test_a_head_that_is_off_is_a_head_without_weights_in_the_output(classifier: Classifier, off):
    expected = predict(without_weights(classifier, off), [TEXT], placement=FP32).logits[0]
    tokenized = tokenize_with_words(classifier, TEXT)
    found = logits_with_ablated_heads(classifier, tokenized, off)
    assert np.allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, logits_with_ablated_heads(classifier, tokenized, set()), atol=1e-4)


def test_with_nothing_off_the_answer_is_the_prediction(classifier: Classifier):
    predicted = predict(classifier, [TEXT], placement=FP32).logits[0]
    assert np.allclose(
        logits_with_ablated_heads(classifier, tokenize_with_words(classifier, TEXT), frozenset()), predicted, atol=1e-5
    )


@pytest.mark.parametrize("target", [1, 2])
def test_importance_is_what_switching_off_each_head_changes(classifier: Classifier, target: int):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = importance_over(classifier, [tokenized], target).change
    assert found.shape == (3, 4)
    for head in np.ndindex(3, 4):
        change = logits_with_ablated_heads(classifier, tokenized, {head}) - logits_with_ablated_heads(
            classifier, tokenized, set()
        )
        assert found[head] == pytest.approx(float(change[target]), abs=1e-5)


def test_a_text_of_any_length_and_a_classifier_for_predicting_give_the_same(tiny_base: Path, tmp_path: Path):
    save_classifier(load_base(str(tiny_base), LABELS, dropout=0.0, max_length=128, seed=3), tmp_path / "model")
    complete, predicting = (
        load_classifier(tmp_path / "model", output_attentions=True),
        load_classifier(tmp_path / "model"),
    )
    for text in (TEXT, "coffee " * 120):
        tokenized = tokenize_with_words(complete, text)
        assert np.allclose(
            logits_without_each_head(complete, tokenized), logits_without_each_head(predicting, tokenized), atol=1e-5
        )


@pytest.mark.parametrize("cost", [1, 10**6])
def test_pieces_of_any_size_give_the_same(bert: Classifier, tokenized: TokenizedText, monkeypatch, cost: int):
    whole = logits_without_each_head(bert, tokenized)
    monkeypatch.setitem(function._PIECE, "cpu", cost)
    assert np.allclose(logits_without_each_head(bert, tokenized), whole, atol=1e-5)


@pytest.mark.parametrize(("target", "against"), [(3, None), (-1, None), (0, 3), (1, 1)])
def test_a_label_that_is_not_there_is_refused(
    bert: Classifier, tokenized: TokenizedText, target: int, against: int | None
):
    with pytest.raises(ExplanationError, match="label"):
        relevance(bert, tokenized, target, against)
    if against is None:
        with pytest.raises(ExplanationError, match="label"):
            importance_over(bert, [tokenized], target)


def test_over_a_sample_it_is_the_mean_over_its_texts(tiny_base: Path):
    classifier, told = classifier_of("bert", tiny_base), []
    readings = [tokenize_with_words(classifier, text) for text in (TEXT, "cold soup", "a lovely room with a view")]
    found = importance_over(classifier, readings, 1, report=told.append)
    each = np.stack([importance_over(classifier, [tokenized], 1).change for tokenized in readings])
    assert (found.texts, told) == (3, [1, 2, 3])
    assert np.allclose(found.change, each.mean(axis=0), atol=1e-6)
    assert np.allclose(found.size, abs(each).mean(axis=0), atol=1e-6)
    without = np.stack([logits_without_each_head(classifier, tokenized).argmax(axis=-1) for tokenized in readings])
    whole = np.array([logits_with_ablated_heads(classifier, tokenized, set()).argmax() for tokenized in readings])
    assert np.allclose(found.flips, (without != whole[:, None, None]).mean(axis=0))


def test_without_a_target_each_text_is_watched_at_its_own_label(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    readings = [tokenize_with_words(classifier, text) for text in (TEXT, "cold soup")]
    labels = [int(logits_with_ablated_heads(classifier, tokenized, set()).argmax()) for tokenized in readings]
    watched = zip(readings, labels, strict=True)
    each = [importance_over(classifier, [tokenized], label).change for tokenized, label in watched]
    assert np.allclose(importance_over(classifier, readings).change, np.mean(each, axis=0), atol=1e-6)


def test_it_can_be_called_off_between_two_pieces(tiny_base: Path):
    classifier, told = classifier_of("bert", tiny_base), []
    readings = [tokenize_with_words(classifier, TEXT)] * 3
    with pytest.raises(CancelledError):
        importance_over(classifier, readings, should_stop=lambda: bool(told), report=told.append)
    assert told == [1]
    with pytest.raises(CancelledError):
        importance_over(classifier, readings, should_stop=lambda: True)


def test_no_hook_is_left_even_where_the_model_breaks(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    broken = replace(tokenized, ids=np.full_like(tokenized.ids, 10**6))
    before = hooks(classifier.model)
    for work in (
        lambda: logits_with_ablated_heads(classifier, broken, {(0, 0)}),
        lambda: logits_without_each_head(classifier, broken),
    ):
        with pytest.raises(IndexError):
            work()
        assert hooks(classifier.model) == before


def test_a_head_that_is_not_there_is_refused(classifier: Classifier):
    with pytest.raises(ExplanationError, match="no layer 4: this model has layers 1 to 3"):
        logits_with_ablated_heads(classifier, tokenize_with_words(classifier, TEXT), {(0, 0), (3, 0)})


def test_others_predict_with_all_heads_meanwhile(tiny_base: Path):
    classifier = classifier_of("bert", tiny_base)
    tokenized, done = tokenize_with_words(classifier, TEXT), threading.Event()
    expected = predict(classifier, [TEXT], placement=FP32).logits
    off = {(layer, head) for layer in range(3) for head in range(4)}
    silent = logits_with_ablated_heads(classifier, tokenized, off)

    def keep_switching() -> bool:
        same = True
        while not done.is_set():
            same &= np.allclose(logits_with_ablated_heads(classifier, tokenized, off), silent, atol=1e-5)
            logits_without_each_head(classifier, tokenized)
        return same

    with ThreadPoolExecutor(2) as threads:
        switching = [threads.submit(keep_switching) for _ in range(2)]
        try:
            for _ in range(50):
                assert np.allclose(predict(classifier, [TEXT], placement=FP32).logits, expected, atol=1e-5)
        finally:
            done.set()
    assert all(each.result() for each in switching)
    assert not np.allclose(silent, expected[0], atol=1e-3)


def head_output(classifier: Classifier, tokenized: TokenizedText, head: Head) -> torch.Tensor:
    """What the head of this layer hands to the output projection: (tokens, width)."""
    layer, number = head
    noted = []
    projection = blocks_of(classifier)[layer].projection
    handle = projection.register_forward_pre_hook(lambda _, inputs: noted.append(inputs[0][0]))
    with torch.no_grad():
        classifier.model(**inputs_of(classifier, tokenized))
    handle.remove()
    return noted[0][:, number * 8 : (number + 1) * 8]


@pytest.mark.parametrize(("layer", "head", "token"), PLACES)
def test_the_soft_max_is_the_row_of_attention_and_the_sum_is_what_the_head_hands_on(
    classifier: Classifier, layer: int, head: int, token: int
):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = closeup(classifier, tokenized, layer, head, token)
    assert np.allclose(found.weights, attention(classifier, tokenized).weights[layer, head, token], atol=1e-6)
    assert np.allclose(found.output, head_output(classifier, tokenized, (layer, head))[token], atol=1e-5)


@pytest.mark.parametrize(("layer", "head", "token"), PLACES)
def test_each_number_follows_from_those_before_it(classifier: Classifier, layer: int, head: int, token: int):
    tokenized = tokenize_with_words(classifier, TEXT)
    found = closeup(classifier, tokenized, layer, head, token)
    assert found.query.shape == (8,)
    assert found.keys.shape == found.values.shape == found.products.shape == found.weighted.shape == (len(tokenized), 8)
    visible = found.weights > 0  # ModernBERT hides far tokens in most layers
    assert np.allclose(found.products, found.query * found.keys, atol=1e-6)
    assert np.allclose(found.scores[visible], found.products.sum(axis=1)[visible] / found.scale, atol=1e-5)
    powers = np.exp(found.scores[visible] - found.scores[visible].max())
    assert np.allclose(found.weights[visible], powers / powers.sum(), atol=1e-6)
    assert np.allclose(found.weighted, found.weights[:, None] * found.values, atol=1e-6)
    assert np.allclose(found.output, found.weighted.sum(axis=0), atol=1e-5)


def test_a_token_that_a_sliding_window_hides_gets_no_weight(tiny_base: Path):
    classifier = classifier_of("modernbert", tiny_base)
    tokenized = tokenize_with_words(classifier, TEXT)
    found = closeup(classifier, tokenized, 1, 0, 0)
    assert (found.weights == 0).any()
    assert (found.scores[found.weights == 0] < -1e30).all()


def test_it_is_of_the_model_with_the_heads_that_are_on(classifier: Classifier):
    tokenized, off = tokenize_with_words(classifier, TEXT), frozenset({(0, 1)})
    found = closeup(classifier, tokenized, 2, 0, 3, off)
    assert np.allclose(found.weights, attention(classifier, tokenized, off).weights[2, 0, 3], atol=1e-6)


@pytest.mark.parametrize("token", [-1, 60])
def test_a_token_that_is_not_there_is_refused_in_a_sentence(classifier: Classifier, token: int):
    with pytest.raises(ExplanationError, match=f"no token {token + 1}: the model reads 11"):
        closeup(classifier, tokenize_with_words(classifier, TEXT), 0, 0, token)
    with pytest.raises(ExplanationError, match="no head 5: the layers of this model have heads 1 to 4"):
        closeup(classifier, tokenize_with_words(classifier, TEXT), 0, 4, 0)


def test_the_shared_model_is_left_as_it_was_even_where_it_breaks(classifier: Classifier):
    tokenized = tokenize_with_words(classifier, TEXT)
    before = hooks(classifier.model)
    closeup(classifier, tokenized, 1, 1, 1, {(0, 0)})
    with pytest.raises(IndexError):
        closeup(classifier, replace(tokenized, ids=np.full_like(tokenized.ids, 10**6)), 1, 1, 1)
    assert hooks(classifier.model) == before


def test_a_classifier_loaded_for_predicting_is_refused(tiny_base: Path):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=32)
    with pytest.raises(ExplanationError, match="loaded for predicting alone"):
        closeup(classifier, tokenize_with_words(classifier, TEXT), 0, 0, 0)
