"""What the training loop reports. Plain records: the loop knows neither files nor screens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Started:
    """The plan, known before the first step. Sizes in optimiser steps and in non-padding tokens of training."""

    steps: int
    tokens: int
    parameters: int
    trained_parameters: int
    device: str
    precision: str
    reason: str


@dataclass(frozen=True)
class Stepped:
    """One optimiser step. ``loss`` is the mean cross-entropy (nats) of its batch; rates since the last report."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    gradient_norm: float
    samples_per_second: float
    tokens_per_second: float
    elapsed: float
    remaining: float
    memory_mb: float


@dataclass(frozen=True)
class Validated:
    """One evaluation on the validation split. ``is_best``: the highest macro-F1 so far; its weights are kept."""

    step: int
    epoch: float
    loss: float
    accuracy: float
    macro_f1: float
    seconds: float
    is_best: bool


@dataclass(frozen=True)
class Noted:
    """Something a person should know: a batch halved for memory, a loss that is not a number, an early stop."""

    step: int
    message: str
    warning: bool = False


Event = Started | Stepped | Validated | Noted
