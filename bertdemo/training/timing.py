"""How long a run will take, before it starts; and how fast it goes and how long it still takes, once it does."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from bertdemo.evaluation.report import TrainingSummary
from bertdemo.models.catalog import BaseModel
from bertdemo.models.encoding import padded_tokens
from bertdemo.training.batching import evaluation_steps, shuffled_batches
from bertdemo.training.recipe import Recipe

# What a step costs beside the tokens it reads, in tokens: the optimiser and the copies of the weights. Training with
# batches of 16, 32, 64 and 128 tweets took .166, .229, .365 and .622 s a step (benchmarks/README.md). An evaluation
# costs about as much beside the texts it reads: the best model is written to the disk.
_STEP = 700
# Of a run on 2 CPU cores with bf16; a finished run on this machine gives a better figure.
_REFERENCE_SPEED = 7000.0
_REFERENCE_PARAMETERS = 22_713_216  # of MiniLM-L6
_ENOUGH = 30  # steps that tell a speed: the first ones are slow, and ten of them passed for half the true speed
_START_UP = 8.0  # seconds to import torch and transformers and to load the base
_WINDOW = 20  # steps over which rates are averaged: calm enough to read, quick enough to follow
_FORWARD = 1 / 3  # a forward pass is a third of a training step: backward costs twice as much (Kaplan et al., 2020)


def estimate_seconds(
    recipe: Recipe,
    base: BaseModel,
    train_lengths: Sequence[int],
    evaluation_lengths: Sequence[int],
    speed: float | None = None,
) -> float:
    """Return seconds from pressing the button to the report, without the baseline.

    Args:
        recipe: its epochs, batch size, maximum length and number of evaluations count.
        base: its number of parameters counts, where no speed was measured.
        train_lengths: tokens of each training text, uncut.
        evaluation_lengths: tokens of each validation text, uncut; the test part is taken to be as large.
        speed: ``speed_of`` an earlier run of this base on this machine, if there was one.
    """
    size = max(base.parameters / _REFERENCE_PARAMETERS, 1 / 4)
    cut = [min(length, recipe.max_length) for length in train_lengths]
    batches = shuffled_batches(cut, recipe.batch_size * recipe.accumulation, recipe.seed)
    tokens = sum(padded_tokens(rows, cut) for rows in batches)
    training = _work(recipe, base, tokens, len(batches), recipe.epochs)
    planned = evaluation_steps(len(batches), recipe.evaluations_per_epoch)
    forward = _FORWARD * sum(min(length, recipe.max_length) for length in evaluation_lengths)
    read_anew = recipe.epochs * len(planned) * (_STEP + _share(recipe, base) * forward)
    read_whole = 2 * (_STEP + forward) + (1 - _share(recipe, base)) * forward  # both parts for the report, states
    return _START_UP + (training + read_anew + read_whole) / (speed or _REFERENCE_SPEED / size)


def speed_of(training: TrainingSummary, recipe: Recipe, base: BaseModel) -> float | None:
    """Return tokens a second of a finished run, with what each step cost beside them counted as tokens.

    None where there were too few steps to tell.
    """
    if training.steps < _ENOUGH:
        return None
    epochs = max(recipe.epochs * training.steps / max(training.planned_steps, 1), 1.0)
    tokens = training.tokens_per_second * training.seconds
    return _work(recipe, base, tokens / epochs, training.steps / epochs, epochs) / max(training.seconds, 1e-9)


def _work(recipe: Recipe, base: BaseModel, tokens: float, steps: float, epochs: float) -> float:
    """Return what a training costs, in tokens of a plain recipe, of so many tokens and steps an epoch."""
    share = _share(recipe, base)
    passes = 1 + _FORWARD * sum(technique.extra_forward_passes for technique in recipe.techniques())
    return epochs * share * passes * (tokens + _STEP * steps) + (1 - share) * _FORWARD * tokens


def _share(recipe: Recipe, base: BaseModel) -> float:
    """Return the share of the encoder that each epoch computes, and an evaluation."""
    return math.prod(technique.trained_share(base.layers) for technique in recipe.techniques())


class ThroughputMeter:
    """Seconds of past steps against their size, and from that the seconds of future ones.

    A step costs about ``a + b · tokens``: the optimiser and the weights' traffic do not depend on the batch, the rest
    is proportional to its padded tokens. a and b are fitted by least squares to all steps but the first, which also
    pays for warming up; only sums are kept, so that a step costs the same however many came before.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int, float]] = deque(maxlen=_WINDOW)  # (samples, tokens, seconds)
        self._first: float | None = None
        self._n = self._size = self._size_squared = self._time = self._size_time = 0.0

    def add(self, samples: int, tokens: int, padded: int, seconds: float) -> None:
        """Count one step of ``samples`` texts with ``tokens`` tokens, ``padded`` with their padding."""
        self._recent.append((samples, tokens, seconds))
        if self._first is None:
            self._first = seconds
            return
        self._n += 1
        self._size += padded
        self._size_squared += padded * padded
        self._time += seconds
        self._size_time += padded * seconds

    @property
    def samples_per_second(self) -> float:
        return sum(samples for samples, _, _ in self._recent) / max(self._recent_seconds, 1e-9)

    @property
    def tokens_per_second(self) -> float:
        return sum(tokens for _, tokens, _ in self._recent) / max(self._recent_seconds, 1e-9)

    def predict(self, steps: int, padded: int) -> float:
        """Predict the seconds of ``steps`` further steps of ``padded`` tokens in all (0 before the first step)."""
        if not self._n:
            return steps * (self._first or 0.0)
        fixed, per_token = self._fit()
        return fixed * steps + per_token * padded

    @property
    def _recent_seconds(self) -> float:
        return sum(seconds for _, _, seconds in self._recent)

    def _fit(self) -> tuple[float, float]:
        mean_size, mean_time = self._size / self._n, self._time / self._n
        spread = self._size_squared / self._n - mean_size**2
        together = self._size_time / self._n - mean_size * mean_time
        slope = together / spread if spread > 1e-9 * mean_size**2 else 0.0  # below that, rounding
        # Neither part of the cost can be negative; noise in the first few steps would say so otherwise.
        slope = min(max(slope, 0.0), mean_time / mean_size)
        return mean_time - slope * mean_size, slope
