"""Fine-tuning, step by step. The loop is ours, so that it can be read; devices and number formats are accelerate's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from bertdemo.data.dataset import Split
from bertdemo.errors import CancelledError, TrainingError
from bertdemo.evaluation.metrics import accuracy, macro_f1
from bertdemo.evaluation.report import TrainingSummary
from bertdemo.models.base_check import padding_note
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement, choose_placement, memory_mb
from bertdemo.models.encoding import batches_by_length, collate, encode, padded_tokens
from bertdemo.prediction.predict import predict_encoded
from bertdemo.training.batching import evaluation_steps, shuffled_batches
from bertdemo.training.events import Event, Noted, Started, Stepped, Validated
from bertdemo.training.optimisation import make_accelerator, make_optimizer, make_scheduler
from bertdemo.training.recipe import Recipe
from bertdemo.training.technique import Batch
from bertdemo.training.timing import ThroughputMeter

StopRequest = Literal["stop", "cancel"]

_MAX_NORM = 1.0  # largest norm of a gradient, as in the code of Devlin et al. (2019)
# Tokens of a micro-batch on a CPU, padding included: what the backward pass needs of them is held, .4 MB each of the
# bundled base in fp32, and more at a time are no faster there (benchmarks/README.md). A GPU wants as many as fit.
_MOST_TOKENS = {"fp32": 1024, "bf16": 2048}
# Steps in a row without a usable gradient before giving up; with fp16 some are how its scale is found.
_MAX_SKIPPED = {"fp32": 8, "bf16": 8, "fp16": 40}


def train(
    classifier: Classifier,
    split: Split,
    recipe: Recipe,
    report: Callable[[Event], None],
    stop_request: Callable[[], StopRequest | None],
    save_best: Callable[[Classifier], None],
) -> TrainingSummary:
    """Fine-tune ``classifier`` on the train split, in place.

    Args:
        classifier: as made by ``load_for_training``.
        split: the train and the validation split are used; the test split is not looked at.
        recipe: the settings.
        report: is told of the plan, every step, every evaluation, and anything a person should know.
        stop_request: is asked before every step; ``stop`` ends training after a last evaluation.
        save_best: is handed the classifier whenever validation macro-F1 (or, at the same F1, the loss) is the best so
            far.

    Raises:
        CancelledError: ``stop_request`` said cancel, or stop before the first step.
        TrainingError: the loss is not a number step after step, or a single text does not fit into memory.
    """
    trainer = _Trainer(classifier, split, recipe, report, save_best)
    report(trainer.plan())
    trainer.prepare()
    if note := padding_note(classifier):
        trainer.note(note)
    for epoch in range(recipe.epochs):
        batches = trainer.start_epoch(epoch)
        evaluate_after = evaluation_steps(len(batches), recipe.evaluations_per_epoch)
        for number, rows in enumerate(batches, start=1):
            request = stop_request()
            if request == "cancel" or (request == "stop" and trainer.step == 0):
                raise CancelledError
            if request == "stop":
                return trainer.finish()
            report(trainer.training_step(rows))
            if number in evaluate_after and (reason := trainer.evaluate()):
                trainer.note(reason)
                return trainer.finish()
    return trainer.finish()


class _Trainer:
    """Everything that changes while a classifier is trained."""

    def __init__(
        self,
        classifier: Classifier,
        split: Split,
        recipe: Recipe,
        report: Callable[[Event], None],
        save_best: Callable[[Classifier], None],
    ) -> None:
        self.classifier, self.recipe, self.report, self.save_best = classifier, recipe, report, save_best
        self.reader = classifier
        torch.manual_seed(recipe.seed)
        self.placement: Placement = classifier.suit(choose_placement(recipe.precision))
        self.accelerator = make_accelerator(self.placement)
        train, validation = split.part("train"), split.part("validation")
        self.encoded = encode(classifier, train.texts, train.pairs)
        self.validation_encoded = encode(classifier, validation.texts, validation.pairs)
        self.validation_labels = validation.labels
        self.lengths = self.encoded.lengths
        self.labels = torch.tensor(train.labels, device=self.accelerator.device)
        self.label_weights = torch.ones(len(classifier.label_names), device=self.accelerator.device)

        self.batch_size = recipe.batch_size * recipe.accumulation
        self.micro_batch_size = recipe.batch_size
        self.steps_per_epoch = len(shuffled_batches(self.lengths, self.batch_size, recipe.seed))
        self.steps = self.steps_per_epoch * recipe.epochs
        self.optimizer = make_optimizer(classifier.model, recipe)
        self.scheduler = make_scheduler(self.optimizer, recipe, self.steps)
        self.model: Any
        self.techniques = recipe.techniques()

        self.step, self.epoch = 0, 0
        self.skipped = 0  # steps in a row whose gradient was not a number
        self.best: tuple[float, float] | None = None  # (macro-F1, −loss)
        self.best_step, self.evaluated_step = 0, -1
        self.throughput = ThroughputMeter()
        self.started = time.perf_counter()
        self.training_seconds = self.evaluation_seconds = self.last_evaluation_seconds = 0.0
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

    def prepare(self) -> None:
        """Have techniques change what is trained and what it reads, before the first step."""
        for technique in self.techniques:
            technique.before_reading(self)
        self.model, self.accelerated_optimizer = self.accelerator.prepare(self.reader.model, self.optimizer)
        self.model.train()
        for technique in self.techniques:
            technique.before_training(self)

    def start_epoch(self, epoch: int) -> list[list[int]]:
        """Return the rows of each of the epoch's batches."""
        self.epoch = epoch
        batches = shuffled_batches(self.lengths, self.batch_size, self.recipe.seed + epoch)
        self.padded_left = self.padded_per_epoch = sum(padded_tokens(rows, self.lengths) for rows in batches)
        return batches

    def training_step(self, rows: list[int]) -> Stepped:
        """Do one optimiser step on the given rows of the train split, and return what came of it."""
        started, once = time.perf_counter(), self._seconds_once()
        learning_rate = float(self.scheduler.get_last_lr()[0])
        loss = self._compute_gradients(rows)
        norm = self._clip_gradients()
        self._optimizer_step(loss, norm)
        seconds = time.perf_counter() - started
        tokens, padded = sum(self.lengths[row] for row in rows), padded_tokens(rows, self.lengths)
        self.throughput.add(len(rows), tokens, padded, seconds - (self._seconds_once() - once))
        self.step += 1
        self.samples, self.tokens = self.samples + len(rows), self.tokens + tokens
        self.padded_left -= padded
        self.training_seconds += seconds
        memory = memory_mb(self.placement.device)
        self.peak_memory = max(self.peak_memory, memory)
        return Stepped(
            step=self.step, epoch=self.step / self.steps_per_epoch, loss=loss, learning_rate=learning_rate,
            gradient_norm=norm, samples_per_second=self.throughput.samples_per_second,
            tokens_per_second=self.throughput.tokens_per_second, elapsed=time.perf_counter() - self.started,
            remaining=self.remaining_seconds(), memory_mb=memory,
        )  # fmt: skip

    @contextmanager
    def evaluation_weights(self) -> Iterator[None]:
        """Put the weights that are evaluated and saved into the model while this is open: the trained ones, or others.

        What puts them there is a technique, such as the average of the weights.
        """
        with ExitStack() as stack:
            for technique in self.techniques:
                stack.enter_context(technique.evaluation_weights())
            yield

    def evaluate(self) -> str | None:
        """Score the validation split, report it, and have the model saved if it is the best so far.

        Returns:
            Why training ends here, if a technique says so.
        """
        started = time.perf_counter()
        with self.evaluation_weights():
            logits = predict_encoded(self.reader, self.validation_encoded, self.placement)
            self.reader.model.train()
            predicted = logits.argmax(axis=1)
            f1 = macro_f1(self.validation_labels, predicted)
            loss = float(cross_entropy(torch.from_numpy(logits), torch.tensor(self.validation_labels)))
            improved = self.best is None or f1 > self.best[0]
            is_best = self.best is None or (f1, -loss) > self.best
            if is_best:
                self.best, self.best_step = (f1, -loss), self.step
                self.save_best(self.classifier)
        self.last_evaluation_seconds = time.perf_counter() - started
        self.evaluation_seconds += self.last_evaluation_seconds
        self.evaluated_step = self.step
        self.report(
            Validated(
                step=self.step, epoch=self.step / self.steps_per_epoch, loss=loss, macro_f1=f1, is_best=is_best,
                accuracy=accuracy(self.validation_labels, predicted), seconds=self.last_evaluation_seconds,
            )
        )  # fmt: skip
        reasons = [technique.reason_to_stop(improved=improved) for technique in self.techniques]
        return next(filter(None, reasons), None)

    def finish(self) -> TrainingSummary:
        """Evaluate what has not been evaluated yet and sum up."""
        if self.evaluated_step != self.step:
            self.evaluate()
        self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)  # whoever predicts chooses the number format
        seconds = max(self.training_seconds, 1e-9)
        return TrainingSummary(
            seconds=self.training_seconds, validation_seconds=self.evaluation_seconds, steps=self.step,
            planned_steps=self.steps, best_step=self.best_step, samples_per_second=self.samples / seconds,
            tokens_per_second=self.tokens / seconds, device=self.placement.device_name,
            precision=self.placement.precision, peak_memory_mb=self.peak_memory,
        )  # fmt: skip

    def note(self, message: str, *, warning: bool = False) -> None:
        self.report(Noted(self.step, message, warning))

    def remaining_seconds(self) -> float:
        """Return steps and evaluations still to come, at the speed of those behind."""
        epochs_left = self.recipe.epochs - self.epoch - 1
        padded = self.padded_left + epochs_left * self.padded_per_epoch
        planned = evaluation_steps(self.steps_per_epoch, self.recipe.evaluations_per_epoch)
        done = sum(step < self.step - self.epoch * self.steps_per_epoch for step in planned)
        evaluations = (epochs_left + 1) * len(planned) - done
        once = self.encoded.states.remaining if self.encoded.states else 0.0
        trained = self.throughput.predict(self.steps - self.step, padded)
        return once + trained + evaluations * self._seconds_of_evaluation()

    def _seconds_once(self) -> float:
        """Return what was spent so far on what is computed once for each text of the train split."""
        return self.encoded.states.seconds if self.encoded.states else 0.0

    def _seconds_of_evaluation(self) -> float:
        """Return what the last evaluation took.

        Before the first, a third of training on as many tokens (no backward pass).
        """
        return self.last_evaluation_seconds or self.throughput.predict(0, sum(self.validation_encoded.lengths)) / 3

    def _compute_gradients(self, rows: list[int]) -> float:
        """Accumulate the gradient of the mean loss over ``rows``; returns that loss. Halves what does not fit."""
        while True:
            try:
                return self._accumulate_gradients(rows)
            except RuntimeError as error:
                if not should_reduce_batch_size(error):
                    raise
            self._halve_micro_batch()  # here and not above: the error holds on to the memory of the failed step

    def _accumulate_gradients(self, rows: list[int]) -> float:
        """Add up the gradient over ``rows``, micro-batch by micro-batch; returns the loss against their labels."""
        reported = torch.zeros((), device=self.accelerator.device)
        total = self.label_weights[self.labels[rows]].sum()
        most_tokens = _MOST_TOKENS.get(self.placement.precision) if self.placement.device == "cpu" else None
        for part in batches_by_length(rows, self.lengths, self.micro_batch_size, self.reader.padding, most_tokens):
            inputs = collate(self.reader, self.encoded, part)
            inputs = {name: tensor.to(self.accelerator.device) for name, tensor in inputs.items()}
            batch = Batch(inputs, self.labels[part], self.label_weights, total)
            terms = [technique.loss_term(self, batch) for technique in self.techniques]
            logits = self.model(**inputs).logits.float()
            loss = batch.cross_entropy(logits, batch.labels)
            reported += loss.detach()
            for share, term in filter(None, terms):
                loss = loss.lerp(term(logits), share)
            self.accelerator.backward(loss)
        return float(reported)

    def _halve_micro_batch(self) -> None:
        if self.micro_batch_size == 1:
            raise TrainingError(
                "One text alone does not fit into memory: choose a smaller base model or a smaller maximum length."
            )
        self.optimizer.zero_grad(set_to_none=True)
        if self.placement.device == "cuda":
            torch.cuda.empty_cache()
        self.micro_batch_size //= 2
        self.note(
            f"Not enough memory: texts now go through the model {self.micro_batch_size} at a time, with as many more "
            f"accumulation steps, so that the batch of {self.batch_size} stays the same.",
            warning=True,
        )

    def _clip_gradients(self) -> float:
        """Shorten a gradient that is longer than ``_MAX_NORM``; returns its norm as it was."""
        self.accelerator.unscale_gradients(self.accelerated_optimizer)
        weights = [weight for weight in self.model.parameters() if weight.grad is not None]
        norm = get_total_norm([weight.grad for weight in weights])
        if norm > _MAX_NORM:  # torch's all-in-one multiplies every gradient by 1 where it is not
            clip_grads_with_norm_(weights, _MAX_NORM, norm)
        return float(norm)

    def _optimizer_step(self, loss: float, norm: float) -> None:
        """Move the weights, unless the gradient is not a number: one such step would ruin them all."""
        usable = math.isfinite(loss) and math.isfinite(norm)
        if usable or self.placement.precision == "fp16":  # with fp16 the gradient scaler skips such steps itself
            self.accelerated_optimizer.step()
            if not self.accelerator.optimizer_step_was_skipped:
                self.scheduler.step()
                for technique in self.techniques:
                    technique.after_step()
        self.optimizer.zero_grad(set_to_none=True)
        self.skipped = 0 if usable else self.skipped + 1
        if not math.isfinite(loss) or (not usable and self.placement.precision != "fp16"):
            what = "gradient" if math.isfinite(loss) else "loss"
            self.note(f"The {what} is not a number in this step; the step was skipped.", warning=True)
        if self.skipped >= _MAX_SKIPPED[self.placement.precision]:
            raise TrainingError(
                f"The loss or its gradient was not a number {self.skipped} steps in a row, at a learning rate of "
                f"{self.recipe.learning_rate:g}: choose a smaller one, or precision fp32."
            )
