"""The moving average of the weights, by itself and in the loop."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy, one_hot

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.errors import RecipeError
from bertdemo.models.encoding import collate
from bertdemo.training.events import Stepped, Validated
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import _Trainer, train
from bertdemo.training.recipe import Recipe
from bertdemo.training.technique import Batch
from bertdemo.training.techniques.averaging import WeightAveraging
from bertdemo.training.techniques.mean_teacher import teacher_probabilities

TEACHER = {"averaging": 0.9, "mean_teacher": 0.5}


def averaging(weights: list[torch.Tensor], decay: float) -> WeightAveraging:
    technique = WeightAveraging(decay)
    technique.before_training(SimpleNamespace(model=SimpleNamespace(parameters=lambda: weights)))
    return technique


def averaged(values: list[float], decay: float) -> tuple[float, float]:
    """(average, weight) after a weight that begins at 0 took these values."""
    weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    technique = averaging([weight], decay)
    for value in values:
        with torch.no_grad():
            weight.fill_(value)
        technique.after_step()
    with technique.evaluation_weights():
        inside = weight.item()
    return inside, weight.item()


@given(
    values=st.lists(st.floats(-10, 10), min_size=1, max_size=60),
    decay=st.sampled_from([0.3, 0.9, 0.99, 0.9999]),
)
def test_it_is_the_formula_and_the_weights_come_back(values, decay):
    expected = 0.0
    for step, value in enumerate(values, start=1):
        kept = min(decay, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * value
    inside, outside = averaged(values, decay)
    assert inside == pytest.approx(expected, abs=1e-9)
    assert outside == values[-1]


def test_weights_that_are_not_trained_are_neither_averaged_nor_held_twice():
    frozen, trained = torch.ones(3), torch.ones(3, requires_grad=True)
    technique = averaging([frozen, trained], 0.9)
    assert [weight is trained for weight in technique.weights] == [True]
    assert len(technique.averages) == 1


def test_the_weights_come_back_after_an_error():
    weight = torch.zeros(1, requires_grad=True)
    technique = averaging([weight], 0.9)
    with torch.no_grad():
        weight.fill_(3.0)
    with pytest.raises(RuntimeError, match="no disk"), technique.evaluation_weights():
        raise RuntimeError("no disk")
    assert weight.item() == 3.0


@pytest.mark.parametrize("lora_rank", [0, 4])
def test_a_run_judges_and_keeps_the_average_and_learns_as_without(
    small_dataset: Dataset, learned_base: Path, lora_rank: int
):
    split = make_split(small_dataset, seed=0)
    plain = Recipe(
        base=str(learned_base), epochs=1, batch_size=8, learning_rate=5e-3, precision="fp32", lora_rank=lora_rank
    )

    def run(recipe):
        classifier, events, kept = load_for_training(recipe, split.dataset.label_names), [], {}

        def keep(judged):
            kept.update({name: weight.detach().clone() for name, weight in judged.model.named_parameters()})

        train(classifier, split, recipe, events.append, lambda: None, keep)
        of = {kind: [event for event in events if isinstance(event, kind)] for kind in (Stepped, Validated)}
        return dict(classifier.model.named_parameters()), kept, of

    last, _, usual = run(plain)
    also_last, kept, with_average = run(replace(plain, averaging=0.99))
    assert [step.loss for step in usual[Stepped]] == [step.loss for step in with_average[Stepped]]
    assert all(torch.equal(last[name], also_last[name]) for name in last)
    assert usual[Validated][0].loss != with_average[Validated][0].loss
    trained = [name for name, weight in also_last.items() if weight.requires_grad]
    assert not any(torch.equal(kept[name], also_last[name]) for name in trained)


@pytest.fixture
def trainer(small_dataset: Dataset, learned_base: Path):
    """Of a recipe with a mean teacher and no dropout, which a test may do single steps in."""
    split = make_split(small_dataset, seed=0)
    recipe = Recipe(base=str(learned_base), batch_size=8, dropout=0.0, precision="fp32", **TEACHER)
    classifier = load_for_training(recipe, split.dataset.label_names)
    made = _Trainer(classifier, split, recipe, lambda _: None, lambda _: None)
    made.prepare()
    return made


ROWS = list(range(8))


@pytest.fixture
def batch(trainer):
    inputs, labels = collate(trainer.classifier, trainer.encoded, ROWS), trainer.labels[ROWS]
    return Batch(inputs, labels, trainer.label_weights, torch.tensor(float(len(ROWS))))


def test_the_teacher_predicts_with_the_averaged_weights_and_leaves_the_weights_alone(trainer, batch):
    for _ in range(3):
        trainer.training_step(ROWS)
    before = [weight.detach().clone() for weight in trainer.model.parameters()]
    taught = teacher_probabilities(trainer, batch)
    assert trainer.model.training
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))
    with trainer.evaluation_weights(), torch.no_grad():
        torch.testing.assert_close(taught, trainer.model(**batch.inputs).logits.softmax(dim=-1))
    assert not torch.allclose(taught, trainer.model(**batch.inputs).logits.softmax(dim=-1))


def test_the_gradient_is_against_labels_of_which_a_share_is_the_teachers_and_the_loss_against_the_labels(
    trainer, batch
):
    trainer.training_step(ROWS)
    mixed = (one_hot(batch.labels, trainer.label_weights.numel()) + teacher_probabilities(trainer, batch)) / 2
    loss = trainer._accumulate_gradients(ROWS)
    ours = [weight.grad.clone() for weight in trainer.model.parameters() if weight.grad is not None]
    trainer.optimizer.zero_grad()
    logits = trainer.model(**batch.inputs).logits
    cross_entropy(logits, mixed).backward()
    theirs = [weight.grad for weight in trainer.model.parameters() if weight.grad is not None]
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-6)
    assert loss == pytest.approx(cross_entropy(logits, batch.labels).item(), abs=1e-5)


def test_a_teacher_without_an_average_is_refused():
    with pytest.raises(RecipeError, match="set averaging, too"):
        Recipe(mean_teacher=0.5)
