"""Hidden states above frozen layers: the same for a text in every epoch, so they are computed once and kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.models.encoding import Encoded, batches_by_length, collate
from bertdemo.models.speedups import divide, layers_of
from bertdemo.prediction.predict import autocast, predict_encoded

_MOST_TOKENS = 4096  # of a batch, padding included
_ROUNDING = 1e-4  # of the largest logit, in fp32


def divided(
    classifier: Classifier, frozen: int, placement: Placement, trial: Encoded
) -> tuple[Classifier, Classifier] | None:
    """Return the encoder up to its lowest layers, and the classifier from there on; they share its weights.

    Args:
        classifier: on the device of ``placement``.
        frozen: how many layers are the lowest; at least one is left above.
        placement: where to try them.
        trial: some texts. Both parts together have to answer them as the classifier does, in fp32.

    Returns:
        (below, above); None of an architecture that is built otherwise, so that they do not, or that drops something
        below although it is frozen.
    """
    exact = replace(placement, precision="fp32")
    expected = predict_encoded(classifier, trial, exact)
    with suppress(Exception):  # architectures fail in ways of their own
        below, above = (replace(classifier, model=part) for part in divide(classifier.model, frozen))
        below.model.train()
        found = predict_encoded(above, replace(trial, states=KeptStates(below, trial, exact)), exact)
        if np.abs(found - expected).max() <= _ROUNDING * np.abs(expected).max():
            return below, above
    return None


class KeptStates:
    """What the highest layer hands on of each text, (tokens, width): computed when it is first asked for, and kept.

    ``seconds`` is what computing took so far.
    """

    def __init__(self, below: Classifier, encoded: Encoded, placement: Placement) -> None:
        """Compute nothing yet.

        Args:
            below: the encoder up to the frozen layers, see ``divided``.
            encoded: the texts.
            placement: the device and the number format that the states come in.
        """
        self._below, self._encoded, self._placement = below, encoded, placement
        self._kept: dict[int, Tensor] = {}
        self._lengths = encoded.lengths
        self._tokens, self._done = sum(self._lengths), 0  # of all texts, and of those kept: asked at every step
        self.seconds = 0.0

    def of(self, rows: Sequence[int]) -> list[Tensor]:
        """Return the states of these texts."""
        if missing := [row for row in rows if row not in self._kept]:
            started = time.perf_counter()
            self._compute(missing)
            self.seconds += time.perf_counter() - started
        return [self._kept[row] for row in rows]

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> KeptStates:
        """Return those of the given texts, in the given order, to be computed anew."""
        return KeptStates(self._below, self._encoded.select(rows), self._placement)

    @property
    def remaining(self) -> float:
        """Seconds that computing those of all other texts will take."""
        return self.seconds * (self._tokens - self._done) / self._done if self._done else 0.0

    def _compute(self, rows: list[int]) -> None:
        encoded, below = self._encoded, self._below
        for batch in batches_by_length(rows, self._lengths, len(rows), below.padding, _MOST_TOKENS):
            inputs = {name: each.to(self._placement.device) for name, each in collate(below, encoded, batch).items()}
            with torch.no_grad(), autocast(self._placement):
                states = _highest_states(below.model, inputs)
            for row, state in zip(batch, states, strict=True):
                self._kept[row] = _unpadded(state, self._lengths[row], below)
        self._done += sum(self._lengths[row] for row in rows)


def _highest_states(encoder: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """Return what the highest layer hands on, (texts, tokens, width), before any norm that stands above it."""
    outputs: list[Any] = []
    handle = layers_of(encoder)[-1].register_forward_hook(lambda *call: outputs.append(call[-1]))
    try:
        encoder(**inputs)
    finally:
        handle.remove()
    states: Tensor = outputs[0][0] if isinstance(outputs[0], tuple) else outputs[0]
    return states


def _unpadded(states: Tensor, tokens: int, reader: Classifier) -> Tensor:
    return (states[-tokens:] if reader.padding == "left" else states[:tokens]).clone()
