"""Batches that are computed side by side: the same numbers, and nothing is left behind."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.prediction.side_by_side import batches_at_once, side_by_side
from bertdemo.prediction.single import predict_one

TEXTS = [("the coffee was wonderful " * n).strip() for n in range(1, 25)]


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
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
def test_no_number_changes(classifier, precision):
    placement = Placement("cpu", precision, "CPU", precision)
    alone, together = (
        predict(classifier, TEXTS, placement=placement, batch_size=4 * workers, at_once=workers) for workers in (1, 3)
    )
    assert np.array_equal(alone.logits, together.logits)
    assert alone.settled == together.settled


@pytest.mark.usefixtures("four_threads")
@pytest.mark.parametrize("workers", [2, 3])
def test_in_fp32_each_text_has_the_answer_of_being_asked_alone(classifier, workers):
    alone = [dict(predict_one(classifier, text).scores) for text in TEXTS]
    together = predict(classifier, TEXTS, placement=Placement("cpu", "fp32", "CPU", "fp32"), at_once=workers)
    expected = [[scores[name] for name in classifier.label_names] for scores in alone]
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
def test_threads_are_given_back_after_an_error(classifier, monkeypatch):
    def broken(self, **inputs):
        raise RuntimeError("something else")

    monkeypatch.setattr(type(classifier.model), "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        predict(classifier, TEXTS, placement=Placement("cpu", "fp32", "CPU", "fp32"), batch_size=4, at_once=2)
    assert torch.get_num_threads() == 4


@pytest.mark.usefixtures("four_threads")
def test_a_batch_that_does_not_fit_is_halved_side_by_side_too(classifier, monkeypatch):
    placement = Placement("cpu", "fp32", "CPU", "fp32")
    expected = predict(classifier, TEXTS, placement=placement).logits
    forward = type(classifier.model).forward

    def scarce(self, input_ids, **inputs):
        if len(input_ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, input_ids=input_ids, **inputs)

    monkeypatch.setattr(type(classifier.model), "forward", scarce)
    logits = predict(classifier, TEXTS, placement=placement, batch_size=8, at_once=2).logits
    assert np.allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize(("threads", "batches"), [(1, 1), (2, 2), (5, 1), (6, 3), (10, 2), (16, 4)])
def test_memory_bounds_how_many_batches_there_are_at_once_and_no_core_is_left_over(monkeypatch, threads, batches):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert batches_at_once() == batches
