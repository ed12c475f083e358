"""Hidden states above frozen layers: the same for a text in every epoch, so they are computed once and kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.models.encoding import Encoded, batches_by_length, collate
from bertdemo.models.speedups import divide, layers_of
from bertdemo.prediction.predict import autocast, predict_encoded

_MOST_TOKENS = 4096  # of a batch, padding included
_AT_ONCE = 64  # texts
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
        states = {row: state for batch in compute_states(below, trial, exact) for row, state in batch.items()}
        found = predict_encoded(above, with_states(trial, states), exact)
        if np.abs(found - expected).max() <= _ROUNDING * np.abs(expected).max():
            return below, above
    return None


def compute_states(below: Classifier, encoded: Encoded, placement: Placement) -> Iterator[dict[int, Tensor]]:
    """Yield what the highest layer hands on, (tokens, width), by the number of the text, batch by batch.

    Args:
        below: see ``divided``.
        encoded: the texts.
        placement: the device and the number format that the states come in.
    """
    size = max(1, min(_AT_ONCE, _MOST_TOKENS // max(encoded.lengths, default=1)))
    for rows in batches_by_length(range(len(encoded)), encoded.lengths, size, below.padding):
        inputs = {name: each.to(placement.device) for name, each in collate(below, encoded, rows).items()}
        with torch.no_grad(), autocast(placement):
            states = _highest_states(below.model, inputs)
        yield {row: _unpadded(state, len(encoded.ids[row]), below) for row, state in zip(rows, states, strict=True)}


def with_states(encoded: Encoded, states: dict[int, Tensor]) -> Encoded:
    """Return the texts with the hidden states of each."""
    return replace(encoded, states=tuple(states[row] for row in range(len(encoded))))


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
