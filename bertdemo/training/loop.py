"""Fine-tuning, step by step. The loop is ours, so that it can be read; devices and number formats are accelerate's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from bertdemo.data.dataset import Dataset, Split
from bertdemo.errors import CancelledError, ModelError, TrainingError
from bertdemo.evaluation.metrics import accuracy, macro_f1
from bertdemo.evaluation.report import TrainingSummary
from bertdemo.lines import one_line
from bertdemo.models.base_check import PROVEN, padding_note
from bertdemo.models.classifier import Classifier, load_base
from bertdemo.models.devices import Placement, choose_placement, memory_mb
from bertdemo.models.encoding import Encoded, batches_by_length, collate, encode, padded_tokens
from bertdemo.models.first_token import read_first_token_only
from bertdemo.prediction.predict import predict_encoded
from bertdemo.training.accelerating import make_accelerator
from bertdemo.training.averaging import MovingAverage
from bertdemo.training.batching import evaluation_steps, shuffled_batches
from bertdemo.training.dropout import use_pooled_dropout
from bertdemo.training.events import Event, Noted, Started, Stepped, Validated
from bertdemo.training.hidden_states import keep_in_bf16
from bertdemo.training.lora import add_lora
from bertdemo.training.optimisation import class_weights, freeze, make_optimizer, make_scheduler
from bertdemo.training.progress import ThroughputMeter
from bertdemo.training.recipe import Recipe
from bertdemo.training.trial import failure_in_training, predicts_in_bf16

StopRequest = Literal["stop", "cancel"]

_CLIP = 1.0  # largest norm of a gradient, as in the code of Devlin et al. (2019)
# Steps in a row without a usable gradient before giving up; with fp16 some are how its scale is found.
_PATIENCE_WITH_NAN = {"fp32": 8, "bf16": 8, "fp16": 40}


def load_for_training(recipe: Recipe, label_names: tuple[str, ...]) -> Classifier:
    """Return the recipe's base with a fresh head; equal seeds give equal heads.

    It computes in fp32 where its architecture fails in the number format of the recipe: ``only_fp32`` says so.

    Raises:
        ModelError: see ``load_base``; or it cannot be trained even in fp32.
    """
    placement = choose_placement(recipe.precision)
    classifier = _prepare(recipe, label_names)
    if classifier.model.config.model_type in PROVEN:
        return classifier
    failure = failure_in_training(classifier, classifier.suit(placement))
    if failure and classifier.suit(placement).precision != "fp32":
        classifier = replace(_prepare(replace(recipe, precision="fp32"), label_names), only_fp32=True)
        failure = failure_in_training(classifier, classifier.suit(placement))
    if failure:
        kind = classifier.model.config.model_type
        raise ModelError(
            f"The architecture {kind} cannot be trained here ({type(failure).__name__}: "
            f"{one_line(str(failure))[:150]}): choose another base model."
        ) from failure
    return classifier


def _prepare(recipe: Recipe, label_names: tuple[str, ...]) -> Classifier:
    """Return the base as ``train`` wants it: with what is faster on this device, and the adapter of the recipe."""
    on_cpu = choose_placement(recipe.precision).device == "cpu"
    # With no dropout on attention weights, three plain operations are faster on a CPU than its fused kernel, whose
    # backward pass in bf16 is slow; on a GPU the fused kernel is faster and needs less memory.
    classifier = load_base(
        recipe.base, label_names, dropout=recipe.dropout, max_length=recipe.max_length, seed=recipe.seed,
        attention="eager" if on_cpu else None,
    )  # fmt: skip
    if not predicts_in_bf16(classifier):
        classifier = replace(classifier, only_fp32=True)
    placement = classifier.suit(choose_placement(recipe.precision))
    read_first_token_only(classifier.model)
    if recipe.lora_rank:
        add_lora(classifier.model, recipe)
    if on_cpu:
        in_bf16 = placement.precision == "bf16"
        use_pooled_dropout(classifier.model, torch.bfloat16 if in_bf16 else torch.float32, recipe.seed)
        if in_bf16:
            keep_in_bf16(classifier.model)
    return classifier


def train(
    classifier: Classifier,
    split: Split,
    recipe: Recipe,
    report: Callable[[Event], None],
    requested: Callable[[], StopRequest | None],
    keep: Callable[[Classifier], None],
) -> TrainingSummary:
    """Fine-tune ``classifier`` on the split's train part, in place.

    Args:
        classifier: as made by ``load_for_training``.
        split: the train and the validation part are used; the test part is not looked at.
        recipe: the settings.
        report: is told of the plan, every step, every evaluation, and anything a person should know.
        requested: is asked before every step; ``stop`` ends training after a last evaluation.
        keep: is handed the classifier whenever validation macro-F1 (or, at the same F1, the loss) is the best so far.

    Raises:
        CancelledError: ``requested`` said cancel, or stop before the first step.
        TrainingError: the loss is not a number step after step, or a single text does not fit into memory.
    """
    trainer = _Trainer(classifier, split, recipe, report)
    report(trainer.plan())
    if note := padding_note(classifier):
        trainer.say(note)
    for epoch in range(recipe.epochs):
        batches = trainer.start_epoch(epoch)
        evaluate_after = evaluation_steps(len(batches), recipe.evaluations_per_epoch)
        for number, rows in enumerate(batches, start=1):
            wish = requested()
            if wish == "cancel" or (wish == "stop" and trainer.step == 0):
                raise CancelledError
            if wish == "stop":
                return trainer.finish(keep)
            report(trainer.learn(rows))
            if number in evaluate_after:
                trainer.validate(keep)
                if recipe.patience and trainer.evaluations_since_best >= recipe.patience:
                    trainer.say(f"Stopped early: {recipe.patience} evaluations without a better macro-F1.")
                    return trainer.finish(keep)
    return trainer.finish(keep)


class _Trainer:
    """Everything that changes while a classifier is trained."""

    def __init__(self, classifier: Classifier, split: Split, recipe: Recipe, report: Callable[[Event], None]) -> None:
        self.classifier, self.recipe, self.report = classifier, recipe, report
        torch.manual_seed(recipe.seed)
        self.placement: Placement = classifier.suit(choose_placement(recipe.precision))
        self.accelerator = make_accelerator(self.placement)
        self.train, self.validation = split.part("train"), split.part("validation")
        self.train_ids, self.validation_ids = (_encode(classifier, part) for part in (self.train, self.validation))
        self.lengths = self.train_ids.lengths
        self.labels = torch.tensor(self.train.labels, device=self.accelerator.device)
        weights = class_weights(self.train.labels, len(classifier.label_names), recipe)
        self.weights = weights.to(self.accelerator.device)

        self.batch = recipe.batch_size * recipe.accumulation
        self.micro_batch = recipe.batch_size
        self.steps_per_epoch = len(shuffled_batches(self.lengths, self.batch, recipe.seed))
        self.steps = self.steps_per_epoch * recipe.epochs
        freeze(classifier.model, recipe)
        classifier.model.train()
        self.optimizer = make_optimizer(classifier.model, recipe)
        self.scheduler = make_scheduler(self.optimizer, recipe, self.steps)
        self.model, self.prepared = self.accelerator.prepare(classifier.model, self.optimizer)
        self.average = MovingAverage(classifier.model.parameters(), recipe.averaging)

        self.step, self.epoch = 0, 0
        self.unusable = 0  # steps in a row whose gradient was not a number
        self.best: tuple[float, float] | None = None  # (macro-F1, −loss)
        self.best_step, self.evaluations_since_best, self.validated_step = 0, 0, -1
        self.pace = ThroughputMeter()
        self.started = time.perf_counter()
        self.training_seconds = self.validation_seconds = self.last_validation_seconds = 0.0
        self.peak_memory = 0.0
        self.samples = self.tokens = self.padded_left = self.padded_per_epoch = 0

    def plan(self) -> Started:
        """Return what is about to happen, for whoever watches."""
        weights = list(self.classifier.model.parameters())
        return Started(
            steps=self.steps,
            tokens=sum(self.lengths) * self.recipe.epochs,
            parameters=sum(w.numel() for w in weights),
            trained_parameters=sum(w.numel() for w in weights if w.requires_grad),
            device=self.placement.device_name,
            precision=self.placement.precision,
            reason=self.placement.reason,
        )

    def start_epoch(self, epoch: int) -> list[list[int]]:
        """Return the rows of each of the epoch's batches."""
        self.epoch = epoch
        batches = shuffled_batches(self.lengths, self.batch, self.recipe.seed + epoch)
        self.padded_left = self.padded_per_epoch = sum(padded_tokens(rows, self.lengths) for rows in batches)
        return batches

    def learn(self, rows: list[int]) -> Stepped:
        """Return one optimiser step on the given rows of the train part."""
        started = time.perf_counter()
        learning_rate = float(self.scheduler.get_last_lr()[0])
        loss = self._gradients(rows)
        norm = self._clip()
        self._update(loss, norm)
        seconds = time.perf_counter() - started
        tokens, padded = sum(self.lengths[row] for row in rows), padded_tokens(rows, self.lengths)
        self.pace.add(len(rows), tokens, padded, seconds)
        self.step += 1
        self.samples, self.tokens = self.samples + len(rows), self.tokens + tokens
        self.padded_left -= padded
        self.training_seconds += seconds
        memory = memory_mb(self.placement.device)
        self.peak_memory = max(self.peak_memory, memory)
        return Stepped(
            step=self.step, epoch=self.step / self.steps_per_epoch, loss=loss, learning_rate=learning_rate,
            gradient_norm=norm, samples_per_second=self.pace.samples_per_second,
            tokens_per_second=self.pace.tokens_per_second, elapsed=time.perf_counter() - self.started,
            remaining=self.remaining_seconds(), memory_mb=memory,
        )  # fmt: skip

    def validate(self, keep: Callable[[Classifier], None]) -> None:
        """Score the validation part, report it, and have the weights, or their average, kept if the best so far."""
        with self.average.in_place_of_weights():
            self._validate(keep)

    def _validate(self, keep: Callable[[Classifier], None]) -> None:
        started = time.perf_counter()
        logits = predict_encoded(self.classifier, self.validation_ids, self.placement)
        self.classifier.model.train()
        truth, predicted = self.validation.labels, logits.argmax(axis=1)
        f1 = macro_f1(truth, predicted)
        loss = float(cross_entropy(torch.from_numpy(logits), torch.tensor(truth)))
        is_better = self.best is None or f1 > self.best[0]
        self.evaluations_since_best = 0 if is_better else self.evaluations_since_best + 1
        is_best = self.best is None or (f1, -loss) > self.best
        if is_best:
            self.best, self.best_step = (f1, -loss), self.step
            keep(self.classifier)
        self.last_validation_seconds = time.perf_counter() - started
        self.validation_seconds += self.last_validation_seconds
        self.validated_step = self.step
        self.report(
            Validated(
                step=self.step, epoch=self.step / self.steps_per_epoch, loss=loss,
                accuracy=accuracy(truth, predicted), macro_f1=f1, seconds=self.last_validation_seconds, is_best=is_best,
            )
        )  # fmt: skip

    def finish(self, keep: Callable[[Classifier], None]) -> TrainingSummary:
        """Evaluate what has not been evaluated yet and sum up."""
        if self.validated_step != self.step:
            self.validate(keep)
        self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)  # whoever predicts chooses the number format
        seconds = max(self.training_seconds, 1e-9)
        return TrainingSummary(
            seconds=self.training_seconds, validation_seconds=self.validation_seconds, steps=self.step,
            planned_steps=self.steps, best_step=self.best_step, samples_per_second=self.samples / seconds,
            tokens_per_second=self.tokens / seconds, device=self.placement.device_name,
            precision=self.placement.precision, peak_memory_mb=self.peak_memory,
        )  # fmt: skip

    def say(self, message: str, *, warning: bool = False) -> None:
        self.report(Noted(self.step, message, warning))

    def remaining_seconds(self) -> float:
        """Return steps and evaluations still to come, at the pace of those behind."""
        epochs_left = self.recipe.epochs - self.epoch - 1
        padded = self.padded_left + epochs_left * self.padded_per_epoch
        planned = evaluation_steps(self.steps_per_epoch, self.recipe.evaluations_per_epoch)
        done = sum(step < self.step - self.epoch * self.steps_per_epoch for step in planned)
        evaluations = (epochs_left + 1) * len(planned) - done
        return self.pace.predict(self.steps - self.step, padded) + evaluations * self._validation_estimate()

    def _validation_estimate(self) -> float:
        """Return what the last evaluation took.

        Before the first, a third of training on as many tokens (no backward pass).
        """
        return self.last_validation_seconds or self.pace.predict(0, sum(self.validation_ids.lengths)) / 3

    def _gradients(self, rows: list[int]) -> float:
        """Accumulate the gradient of the mean loss over ``rows``; returns that loss. Halves what does not fit."""
        while True:
            try:
                return self._accumulate(rows)
            except RuntimeError as error:
                if not should_reduce_batch_size(error):
                    raise
            self._halve_micro_batch()  # here and not above: the error holds on to the memory of the failed step

    def _accumulate(self, rows: list[int]) -> float:
        """Add up the gradient over ``rows``, part by part; returns the loss against their labels.

        With a mean teacher (Tarvainen & Valpola, 2017) the gradient is of cross-entropy against labels of which a share
        is what the averaged weights answer (Reed et al., 2015): one that all else speaks against then counts less.
        """
        total = torch.zeros((), device=self.accelerator.device)
        whole = self.weights[self.labels[rows]].sum()
        for part in batches_by_length(rows, self.lengths, self.micro_batch, self.classifier.padding):
            inputs = collate(self.classifier, self.train_ids, part)
            inputs = {name: tensor.to(self.accelerator.device) for name, tensor in inputs.items()}
            taught = self._teacher_probabilities(inputs) if self.recipe.mean_teacher else None
            logits = self.model(**inputs).logits.float()
            # Sums over the part, divided by the weight of the whole batch: the parts' gradients add up to the batch's.
            loss = cross_entropy(logits, self.labels[part], weight=self.weights, reduction="sum") / whole
            total += loss.detach()
            if taught is not None:
                answered = cross_entropy(logits, taught, weight=self.weights, reduction="sum") / whole
                loss = loss.lerp(answered, self.recipe.mean_teacher)
            self.accelerator.backward(loss)
        return float(total)

    @torch.no_grad()
    def _teacher_probabilities(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return (texts, labels): what the averaged weights answer, without dropout, as a mean teacher."""
        self.model.eval()
        with self.average.in_place_of_weights():
            answers: torch.Tensor = self.model(**inputs).logits.float().softmax(dim=-1)
        self.model.train()
        return answers

    def _halve_micro_batch(self) -> None:
        if self.micro_batch == 1:
            raise TrainingError(
                "One text alone does not fit into memory: choose a smaller base model or a smaller maximum length."
            )
        self.optimizer.zero_grad(set_to_none=True)
        if self.placement.device == "cuda":
            torch.cuda.empty_cache()
        self.micro_batch //= 2
        self.say(
            f"Not enough memory: texts now go through the model {self.micro_batch} at a time, with as many more "
            f"accumulation steps, so that the batch of {self.batch} stays the same.",
            warning=True,
        )

    def _clip(self) -> float:
        """Shorten a gradient that is longer than ``_CLIP``; returns its norm as it was."""
        self.accelerator.unscale_gradients(self.prepared)
        weights = [weight for weight in self.model.parameters() if weight.grad is not None]
        norm = get_total_norm([weight.grad for weight in weights])
        if norm > _CLIP:  # torch's all-in-one multiplies every gradient by 1 where it is not
            clip_grads_with_norm_(weights, _CLIP, norm)
        return float(norm)

    def _update(self, loss: float, norm: float) -> None:
        """Move the weights, unless the gradient is not a number: one such step would ruin them all."""
        usable = math.isfinite(loss) and math.isfinite(norm)
        if usable or self.placement.precision == "fp16":  # with fp16 the gradient scaler skips such steps itself
            self.prepared.step()
            if not self.accelerator.optimizer_step_was_skipped:
                self.scheduler.step()
                self.average.update()
        self.optimizer.zero_grad(set_to_none=True)
        self.unusable = 0 if usable else self.unusable + 1
        if not math.isfinite(loss) or (not usable and self.placement.precision != "fp16"):
            what = "gradient" if math.isfinite(loss) else "loss"
            self.say(f"The {what} is not a number in this step; the step was skipped.", warning=True)
        if self.unusable >= _PATIENCE_WITH_NAN[self.placement.precision]:
            raise TrainingError(
                f"The loss or its gradient was not a number {self.unusable} steps in a row, at a learning rate of "
                f"{self.recipe.learning_rate:g}: choose a smaller one, or precision fp32."
            )


def _encode(classifier: Classifier, part: Dataset) -> Encoded:
    return encode(classifier, part.texts, part.pairs)
