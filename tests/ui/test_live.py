"""When the live view says that training diverges."""

import math

import pytest

from bertdemo.ui.curves import curves_of
from bertdemo.ui.live import diverges


def seen(training: list[float], *validation: float):
    """The curves of a run with these losses, and an evaluation after its last step for each validation loss."""
    steps = [
        {"kind": "step", "step": i, "loss": loss, "learning_rate": 1.0} for i, loss in enumerate(training, start=1)
    ]
    scores = {"accuracy": 0.5, "macro_f1": 0.3}
    return curves_of(
        [*steps, *({"kind": "validation", "step": len(steps), "loss": loss, **scores} for loss in validation)]
    )


@pytest.mark.parametrize("labels", [2, 50])
def test_a_run_of_a_few_steps_diverges_where_its_validation_loss_is_far_above_blind_guessing(labels):
    blind = math.log(labels)
    assert diverges(seen([blind, 9 * blind, 30 * blind, 40 * blind], 43 * blind), labels)
    assert diverges(seen([blind], 4 * blind), labels)
    assert not diverges(seen([blind, 1.2 * blind, blind, blind], 2 * blind), labels)


def test_a_few_noisy_batches_alone_are_no_divergence():
    assert not diverges(seen([2.0, 2.5, 3.0]), 2)
    assert not diverges(seen([]), 2)


def test_learning_by_heart_is_no_divergence():
    assert not diverges(seen([0.7, 0.2, *[0.001] * 60], 2.5), 2)


def test_a_run_that_has_recovered_diverges_no_more():
    assert not diverges(seen([9.0, *[0.5] * 60], 5.0, 0.4), 2)


def test_a_long_run_diverges_by_its_training_loss_alone():
    assert diverges(seen([5.0] * 10), 2)
    assert not diverges(seen([5.0] * 9), 2)
