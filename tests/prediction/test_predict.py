"""Predictions do not depend on how they are computed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

import bertdemo.prediction.predict as module
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.models.encoding import encode
from bertdemo.prediction.predict import batches_at_once, predict, predict_encoded, side_by_side, softmax
from bertdemo.prediction.single import predict_one

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")
TEXTS = [("the coffee was wonderful " * n).strip() for n in range(25)] + ["漢字", "😀", "<b>bold</b>"]
MANY_TEXTS = [("the coffee was wonderful " * n).strip() for n in range(1, 25)]
ROWS = st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), ("a", "b", "c"), dropout=0.5, max_length=64)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 64])
def test_the_batch_size_changes_nothing_beyond_rounding(classifier, batch_size):
    one_by_one = np.vstack([predict(classifier, [text], placement=EXACT).logits for text in TEXTS])
    assert np.allclose(predict(classifier, TEXTS, placement=EXACT, batch_size=batch_size).logits, one_by_one, atol=1e-5)


def test_probabilities_sum_to_one_and_the_label_is_the_most_probable(classifier):
    predictions = predict(classifier, TEXTS, placement=EXACT)
    assert np.allclose(predictions.probabilities.sum(axis=1), 1)
    assert np.array_equal(predictions.labels, predictions.probabilities.argmax(axis=1))


def test_no_texts_give_no_predictions(classifier):
    assert predict(classifier, [], placement=EXACT).logits.shape == (0, 3)


def test_texts_that_were_cut_are_counted(classifier):
    assert predict(classifier, ["short", "long " * 200], placement=EXACT).cut == 1


def test_prediction_uses_no_dropout_even_after_training(classifier):
    classifier.model.train()
    first, second = (predict(classifier, TEXTS, placement=EXACT).logits for _ in range(2))
    assert np.array_equal(first, second)


def test_bf16_agrees_with_fp32_to_its_precision(classifier):
    exact, fast = (
        predict(classifier, TEXTS, placement=Placement("cpu", kind, "CPU", kind)).logits for kind in ("fp32", "bf16")
    )
    assert np.abs(exact - fast).max() < 0.02


def test_a_batch_that_does_not_fit_is_halved_until_it_does(classifier, monkeypatch):
    expected = predict(classifier, TEXTS, placement=EXACT).logits
    sizes = []
    forward = type(classifier.model).forward

    def scarce(self, input_ids, **inputs):
        sizes.append(len(input_ids))
        if len(input_ids) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, input_ids=input_ids, **inputs)

    monkeypatch.setattr(type(classifier.model), "forward", scarce)
    logits = predict_encoded(classifier, encode(classifier, TEXTS), EXACT, batch_size=16)
    assert np.allclose(logits, expected, atol=1e-5)
    assert max(sizes) == 16
    assert min(sizes) <= 4


def shapes(classifier, monkeypatch, placement, texts):
    """(rows, tokens) of every batch that goes through the model."""
    seen = []
    forward = type(classifier.model).forward

    def watched(self, input_ids, **inputs):
        seen.append(tuple(input_ids.shape))
        return forward(self, input_ids=input_ids, **inputs)

    with monkeypatch.context() as patch:
        patch.setattr(type(classifier.model), "forward", watched)
        predict(classifier, texts, placement=placement)
    return seen


def test_long_texts_go_through_in_smaller_batches(classifier, monkeypatch):
    monkeypatch.setattr(module, "_MOST_TOKENS", 256)
    expected = predict(classifier, TEXTS, placement=EXACT, batch_size=1).logits
    assert max(rows * tokens for rows, tokens in shapes(classifier, monkeypatch, EXACT, TEXTS)) <= 256
    assert np.allclose(predict(classifier, TEXTS, placement=EXACT).logits, expected, atol=1e-5)


@pytest.mark.parametrize("max_length", [61, 64])
def test_in_bf16_there_are_few_shapes_and_none_is_longer_than_the_model_reads(classifier, monkeypatch, max_length):
    monkeypatch.setattr(module, "_MOST_TOKENS", 1)  # each text alone
    monkeypatch.setattr(module, "_NEARLY_TIED", 0.0)
    seen = shapes(replace(classifier, max_length=max_length), monkeypatch, Placement("cpu", "bf16", "", ""), TEXTS)
    assert all(tokens % 8 == 0 or tokens == max_length for _, tokens in seen)
    assert max(tokens for _, tokens in seen) == max_length


def test_another_error_is_not_taken_for_a_lack_of_memory(classifier, monkeypatch):
    def broken(self, **inputs):
        raise RuntimeError("something else")

    monkeypatch.setattr(type(classifier.model), "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        predict(classifier, TEXTS, placement=EXACT)


def test_texts_that_are_nearly_tied_are_settled_in_fp32(classifier, monkeypatch):
    exact, fast = (Placement("cpu", kind, "CPU", kind) for kind in ("fp32", "bf16"))
    monkeypatch.setattr(module, "_NEARLY_TIED", 1e9)
    all_settled = predict(classifier, TEXTS, placement=fast)
    assert all_settled.settled == len(TEXTS)
    assert np.allclose(all_settled.logits, predict(classifier, TEXTS, placement=exact).logits, atol=1e-5)
    monkeypatch.setattr(module, "_NEARLY_TIED", 0.0)
    assert predict(classifier, TEXTS, placement=fast).settled == 0


def test_temperature_divides_the_logits_and_changes_no_label(classifier):
    plain = predict(classifier, TEXTS, placement=EXACT)
    soft = predict(replace(classifier, temperature=2.0), TEXTS, placement=EXACT)
    assert np.array_equal(plain.logits, soft.logits)
    assert np.allclose(soft.probabilities, torch.softmax(torch.from_numpy(plain.logits) / 2, dim=1), atol=1e-6)
    assert np.array_equal(plain.labels, soft.probabilities.argmax(axis=1))


def test_four_threads_at_once_get_their_own_answers(classifier):
    expected = {text: predict(classifier, [text], placement=EXACT).logits[0] for text in TEXTS}
    asked = TEXTS * 36  # 1,008 questions

    def is_right(text):
        return np.allclose(predict(classifier, [text], placement=EXACT).logits[0], expected[text], atol=1e-5)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(is_right, asked)) == len(asked)


def test_autocast_converts_a_weight_once_for_all_batches(classifier, monkeypatch):
    """Leaving autocast drops its copies of the weights: then they would be made anew in every batch."""
    left = []
    clear = torch.clear_autocast_cache
    monkeypatch.setattr(torch, "clear_autocast_cache", lambda: (left.append(1), clear()))
    bf16 = Placement("cpu", "bf16", "CPU", "bf16 for tests")
    predict_encoded(classifier, encode(classifier, TEXTS), bf16, batch_size=4)
    assert len(left) == 1


@pytest.fixture(scope="module")
def other_classifier(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), ("a", "b", "c"), dropout=0.1, max_length=64)


@pytest.fixture
def set_threads():
    """torch's own, and at the end as many as before."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def four_threads(set_threads):
    set_threads(4)


@pytest.fixture
def one_thread(set_threads):
    """What is computed on one thread does not change in the last digit with the number of batches at once."""
    set_threads(1)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_no_number_changes(other_classifier, precision):
    placement = Placement("cpu", precision, "CPU", precision)
    alone, together = (
        predict(other_classifier, MANY_TEXTS, placement=placement, batch_size=4 * workers, at_once=workers)
        for workers in (1, 3)
    )
    assert np.array_equal(alone.logits, together.logits)
    assert alone.settled == together.settled


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("workers", [2, 3])
def test_in_fp32_each_text_has_the_answer_of_being_asked_alone(other_classifier, workers):
    alone = [dict(predict_one(other_classifier, text).scores) for text in MANY_TEXTS]
    together = predict(other_classifier, MANY_TEXTS, placement=Placement("cpu", "fp32", "CPU", "fp32"), at_once=workers)
    expected = [[scores[name] for name in other_classifier.label_names] for scores in alone]
    assert np.allclose(together.probabilities, expected, rtol=0, atol=1e-5)


def test_results_come_in_the_order_of_the_items():
    with side_by_side(3) as apply:
        assert list(apply(lambda number: number * number, range(20))) == [number * number for number in range(20)]


@pytest.mark.usefixtures("four_threads")
def test_each_worker_has_its_share_of_the_threads_and_they_are_given_back():
    everybody_is_there = threading.Barrier(2, timeout=600)

    def threads(_: int) -> int:
        everybody_is_there.wait()
        return torch.get_num_threads()

    with side_by_side(2) as apply:
        assert list(apply(threads, range(2))) == [2, 2]
    assert torch.get_num_threads() == 4
    found = []
    newcomer = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    newcomer.start()
    newcomer.join()
    assert found == [4]


@pytest.mark.usefixtures("four_threads")
def test_threads_are_given_back_after_an_error(other_classifier, monkeypatch):
    def broken(self, **inputs):
        raise RuntimeError("something else")

    monkeypatch.setattr(type(other_classifier.model), "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        predict(
            other_classifier, MANY_TEXTS, placement=Placement("cpu", "fp32", "CPU", "fp32"), batch_size=4, at_once=2
        )
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
def test_a_batch_that_does_not_fit_is_halved_side_by_side_too(other_classifier, monkeypatch):
    placement = Placement("cpu", "fp32", "CPU", "fp32")
    expected = predict(other_classifier, MANY_TEXTS, placement=placement).logits
    forward = type(other_classifier.model).forward

    def scarce(self, input_ids, **inputs):
        if len(input_ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, input_ids=input_ids, **inputs)

    monkeypatch.setattr(type(other_classifier.model), "forward", scarce)
    logits = predict(other_classifier, MANY_TEXTS, placement=placement, batch_size=8, at_once=2).logits
    assert np.allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize(("threads", "batches"), [(1, 1), (2, 2), (5, 1), (6, 3), (10, 2), (16, 4)])
def test_memory_bounds_how_many_batches_there_are_at_once_and_no_core_is_left_over(monkeypatch, threads, batches):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert batches_at_once() == batches


@given(ROWS, st.floats(0.05, 20))
def test_softmax_is_the_known_one(logits, temperature):
    scaled = [[logit / temperature for logit in row] for row in logits]
    assert softmax(logits, temperature) == pytest.approx(special.softmax(scaled, axis=1), abs=1e-12)
