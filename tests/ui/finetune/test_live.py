"""When the live view says that training diverges."""

import math

import pytest

from bertdemo.ui.finetune.curves import curves_of
from bertdemo.ui.finetune.live import diverges

# By step, the losses of a run of 30 steps on 160 text messages at a rate of 0.003 without a warm-up, as it wrote them.
TRAINED = {1: 0.69, 3: 0.12, 5: 2.7, 7: 4.1, 8: 3.71, 10: 0.96, 11: 1.05, 13: 1.57, 16: 0.76, 17: 1.11, 20: 0.11}
TRAINED |= {23: 0.01, 26: 1.41, 27: 0.0, 29: 1.77, 30: 0.01}
STARTED = {"kind": "started", "steps": 30}
JUDGED = {3: 1.12, 7: 3.36, 10: 0.97, 13: 1.46, 17: 0.41, 20: 0.5, 23: 0.79, 27: 0.74, 30: 0.5}


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


def test_one_bad_evaluation_among_good_ones_is_no_divergence():
    assert not diverges(seen([0.6] * 30, 0.5, 0.4, 9.0), 2)
    assert diverges(seen([0.6] * 30, 0.5, 9.0, 9.0), 2)
    assert not diverges(seen([0.6] * 30, 9.0, 9.0, 0.5), 2)
    assert diverges(seen([0.6] * 3, 9.0), 2)  # where there is only one, it is enough


def test_a_recorded_run_that_recovers_is_warned_of_while_it_is_bad_and_not_for_one_evaluation():
    def until(last):
        steps = [{"kind": "step", "step": step, "loss": loss, "learning_rate": 3e-3} for step, loss in TRAINED.items()]
        checks = [
            {"kind": "validation", "step": step, "loss": loss, "accuracy": 0.5, "macro_f1": 0.3}
            for step, loss in JUDGED.items()
        ]
        return curves_of([event for event in [*steps, *checks] if event["step"] <= last] + [STARTED])

    warned = [last for last in TRAINED if diverges(until(last), 2)]
    assert JUDGED[7] > 3 * math.log(2)
    assert min(warned) >= 10  # not for that evaluation alone, but once the training loss has stayed high
    assert warned
    assert max(warned) < 20
