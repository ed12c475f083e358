"""The loop, end to end on a tiny random BERT."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split as make_split
from bertdemo.errors import CancelledError, TrainingError
from bertdemo.models.devices import Placement
from bertdemo.prediction.predict import predict
from bertdemo.training import loop
from bertdemo.training.events import Noted, Started, Stepped, Validated
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe

EXACT = Placement("cpu", "fp32", "CPU", "fp32 for tests")


@pytest.fixture(scope="module")
def split(small_dataset: Dataset):
    return make_split(small_dataset, seed=0)


@pytest.fixture
def recipe(tiny_base: Path) -> Recipe:
    return Recipe(
        base=str(tiny_base), epochs=2, batch_size=8, learning_rate=5e-3, precision="fp32", freeze_embeddings=False
    )


def run(split, recipe, *, wishes=(), keep=lambda classifier: None):
    """Train and return (classifier, summary, events); ``wishes`` are handed out one before each step."""
    asked = iter(wishes)
    events = []
    classifier = load_for_training(recipe, split.dataset.label_names)
    summary = train(classifier, split, recipe, events.append, lambda: next(asked, None), keep)
    return classifier, summary, events


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_it_learns(split, recipe):
    classifier, _, events = run(split, replace(recipe, epochs=12))
    losses = [event.loss for event in of(Stepped, events)]
    assert sum(losses[-6:]) < 0.5 * sum(losses[:6])
    learned = split.part("train")
    assert (predict(classifier, learned.texts).labels == learned.labels).mean() > 0.9


def test_the_plan_comes_first_and_is_kept(split, recipe):
    _, summary, events = run(split, recipe)
    (started,) = of(Started, events)
    assert events[0] is started
    assert [event.step for event in of(Stepped, events)] == list(range(1, started.steps + 1))
    assert summary.steps == summary.planned_steps == started.steps
    assert len(of(Validated, events)) == recipe.epochs * recipe.evaluations_per_epoch


def test_the_same_seed_gives_the_same_model_on_a_cpu(split, recipe):
    first, second = (run(split, recipe)[0].model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_seed_gives_another_model(split, recipe):
    first, second = (run(split, replace(recipe, seed=seed))[0].model.state_dict() for seed in (1, 2))
    assert not torch.equal(first["classifier.weight"], second["classifier.weight"])


def test_the_learning_rate_rises_and_falls_as_planned(split, recipe):
    _, _, events = run(split, replace(recipe, warmup=0.25))
    rates = [event.learning_rate for event in of(Stepped, events)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(recipe.learning_rate)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_every_schedule_and_optimizer_moves_the_weights(split, recipe, schedule, optimizer):
    small = replace(recipe, epochs=1, batch_size=24, schedule=schedule, optimizer=optimizer)
    before = load_for_training(small, split.dataset.label_names).model.state_dict()
    after = run(split, small)[0].model.state_dict()
    assert not torch.equal(before["classifier.weight"], after["classifier.weight"])


def test_what_is_kept_is_the_best_by_validation_macro_f1(split, recipe):
    kept = []
    _, summary, events = run(
        split, replace(recipe, epochs=6), keep=lambda classifier: kept.append(predict(
            classifier, split.part("validation").texts, placement=EXACT).labels.tolist())
    )  # fmt: skip
    evaluations = of(Validated, events)
    best = [event for event in evaluations if event.is_best]
    assert len(kept) == len(best)
    assert best[-1].macro_f1 == max(event.macro_f1 for event in evaluations)
    assert summary.best_step == best[-1].step
    truth = split.part("validation").labels
    hits = sum(a == b for a, b in zip(kept[-1], truth, strict=True))
    assert hits / len(truth) == pytest.approx(best[-1].accuracy)


def test_a_stop_evaluates_and_keeps_what_there_is(split, recipe):
    kept = []
    _, summary, events = run(split, recipe, wishes=[None, None, "stop"], keep=kept.append)
    assert summary.steps == 2
    assert of(Validated, events)[-1].step == 2
    assert kept


def test_a_stop_right_after_an_evaluation_does_not_evaluate_twice(split, recipe):
    small = replace(recipe, evaluations_per_epoch=6)
    _, _, events = run(split, small, wishes=[None, "stop"])
    assert [event.step for event in of(Validated, events)] == [1]


@pytest.mark.parametrize("wishes", [["stop"], ["cancel"], [None, "cancel"]])
def test_nothing_is_kept_of_a_cancelled_run_or_of_an_untrained_head(split, recipe, wishes):
    kept = []
    with pytest.raises(CancelledError):
        run(split, recipe, wishes=wishes, keep=kept.append)
    assert not kept


def test_early_stopping_ends_the_run_and_says_so(split, recipe):
    stuck = replace(recipe, epochs=20, learning_rate=1e-8, patience=2)
    _, summary, events = run(split, stuck)
    assert summary.steps < summary.planned_steps
    assert "Stopped early" in of(Noted, events)[-1].message


def test_an_equal_score_with_a_lower_loss_does_not_count_against_patience(split, recipe, monkeypatch):
    monkeypatch.setattr("bertdemo.training.loop.macro_f1", lambda *_: 0.5)
    _, summary, _ = run(split, replace(recipe, epochs=20, patience=3))
    assert summary.steps == 6 * 2  # the first evaluation sets the mark, three more follow


def test_the_remaining_time_counts_every_evaluation_that_will_happen(split, recipe, monkeypatch):
    monkeypatch.setattr("bertdemo.training.loop._Trainer._seconds_of_evaluation", lambda _: 1000.0)
    _, _, events = run(split, replace(recipe, evaluations_per_epoch=50))
    left = [round(event.remaining, -3) / 1000 for event in of(Stepped, events)]
    assert left == list(range(len(left), 0, -1))  # one evaluation a step, this step's own still to come


def test_accumulation_gives_the_gradient_of_the_large_batch(split, recipe):
    large = replace(recipe, dropout=0.0, epochs=1, batch_size=12)
    parts = replace(large, batch_size=4, accumulation=3)
    losses = [[event.loss for event in of(Stepped, run(split, r)[2])] for r in (large, parts)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_class_weights_count_a_rare_label_as_much_as_a_frequent_one(split, recipe):
    labels = split.dataset.labels
    rare = [row for row in split.train if labels[row] == 1][:3]
    uneven = replace(split, train=tuple(row for row in split.train if labels[row] == 0) + tuple(rare))
    plain, weighted = (
        run(uneven, replace(recipe, epochs=1, batch_size=64, class_weights=on, dropout=0.0))[2] for on in (False, True)
    )
    assert of(Stepped, plain)[0].loss != pytest.approx(of(Stepped, weighted)[0].loss, rel=1e-3)


def test_frozen_weights_do_not_move_and_the_rest_does(split, recipe):
    frozen = replace(recipe, frozen_layers=1)
    before = load_for_training(frozen, split.dataset.label_names).model.state_dict()
    classifier, _, events = run(split, frozen)
    after = classifier.model.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert not any("layer.0." in name or "word_embeddings" in name for name in moved)
    assert any("layer.1." in name for name in moved)
    (started,) = of(Started, events)
    assert started.trained_parameters < started.parameters


def test_a_batch_that_does_not_fit_is_halved_with_the_same_result(split, recipe, monkeypatch):
    plain = replace(recipe, dropout=0.0, batch_size=16, epochs=1)
    _, _, expected = run(split, plain)
    classifier = load_for_training(plain, split.dataset.label_names)
    forward = type(classifier.model).forward

    def scarce(self, input_ids, **inputs):
        if self.training and len(input_ids) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(self, input_ids=input_ids, **inputs)

    monkeypatch.setattr(type(classifier.model), "forward", scarce)
    _, _, events = run(split, plain)
    assert ["4 at a time" in note.message for note in of(Noted, events)] == [False, True]
    assert [e.loss for e in of(Stepped, events)] == pytest.approx([e.loss for e in of(Stepped, expected)], rel=1e-4)


@pytest.mark.parametrize("most_tokens", [1, 40])
def test_on_a_cpu_long_batches_are_divided_with_the_same_result(split, recipe, monkeypatch, most_tokens):
    plain = replace(recipe, dropout=0.0, batch_size=16, epochs=1, precision="fp32")
    _, _, expected = run(split, plain)
    monkeypatch.setattr(loop, "_MOST_TOKENS", {"fp32": most_tokens})
    _, _, events = run(split, plain)
    assert [e.loss for e in of(Stepped, events)] == pytest.approx([e.loss for e in of(Stepped, expected)], rel=1e-4)


def test_one_text_that_does_not_fit_ends_the_run_with_a_sentence(split, recipe, monkeypatch):
    classifier = load_for_training(recipe, split.dataset.label_names)

    def scarce(self, **inputs):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(type(classifier.model), "forward", scarce)
    with pytest.raises(TrainingError, match="does not fit into memory"):
        run(split, recipe)


def test_a_loss_that_is_not_a_number_is_flagged_within_one_step_and_skipped(split, recipe, monkeypatch):
    classifier = load_for_training(recipe, split.dataset.label_names)
    forward = type(classifier.model).forward
    calls = []

    def poisoned(self, **inputs):
        outputs = forward(self, **inputs)
        if self.training:
            calls.append(0)
            if len(calls) == 2:
                outputs.logits = outputs.logits * float("nan")
        return outputs

    monkeypatch.setattr(type(classifier.model), "forward", poisoned)
    trained, _, events = run(split, recipe)
    (note,) = of(Noted, events)
    assert note.warning
    assert note.step == 1
    assert all(torch.isfinite(weight).all() for weight in trained.model.parameters())


def test_a_run_that_never_recovers_from_it_says_what_to_change(split, recipe, monkeypatch):
    classifier = load_for_training(recipe, split.dataset.label_names)
    forward = type(classifier.model).forward

    def poisoned(self, **inputs):
        outputs = forward(self, **inputs)
        outputs.logits = outputs.logits * float("nan")
        return outputs

    monkeypatch.setattr(type(classifier.model), "forward", poisoned)
    with pytest.raises(TrainingError, match="choose a smaller one"):
        run(split, replace(recipe, epochs=5))


def test_pairs_of_texts_are_learned_from(split, recipe):
    paired = replace(split, dataset=replace(split.dataset, pairs=split.dataset.texts))
    _, summary, _ = run(paired, replace(recipe, epochs=1))
    assert summary.steps == summary.planned_steps


@pytest.mark.slow
def test_the_bundled_model_learns_real_text_messages():
    from bertdemo.data.catalog import load_built_in
    from bertdemo.data.checkup import check_up, clean

    messages = load_built_in("sms_spam")
    messages = clean(messages, check_up(messages))
    part = make_split(messages, seed=1, max_train=320)
    classifier, _, events = run(part, Recipe(epochs=1, batch_size=16))
    assert of(Validated, events)[-1].accuracy > 0.93
    assert predict(classifier, ["WINNER!! Claim your free prize, call 09061701461 now"]).labels[0] == (
        messages.label_names.index("spam")
    )
