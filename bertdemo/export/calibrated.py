"""A classifier whose temperature is part of its weights, so that any soft-max of its logits is calibrated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.models.classifier import Classifier
from bertdemo.prediction.loaded import Shelf
from bertdemo.runs.store import Runs

if TYPE_CHECKING:
    from torch import nn


def load_calibrated(runs: Runs, run_id: str) -> Classifier:
    """The classifier of a run, its temperature part of the weights (``calibrate``).

    Raises:
        RunError: there is no such run, it has no classifier, or it is damaged.
        ModelError: the model does not end in a linear layer.
    """
    return calibrate(Shelf(runs, capacity=1).classifier(run_id))


def calibrate(classifier: Classifier) -> Classifier:
    """Divide the weights and the bias of the last layer by the temperature, in place; returned with a temperature of 1.

    Logits are linear in that layer, so the probabilities are those of the classifier.
    ``config.calibration_temperature`` keeps the number.

    Raises:
        ModelError: the model does not end in a linear layer.
    """
    import torch

    with torch.no_grad():
        for weight in _last_layer(classifier).parameters():
            weight.div_(classifier.temperature)
    config: Any = classifier.model.config
    config.calibration_temperature = classifier.temperature
    return replace(classifier, temperature=1.0)


def _last_layer(classifier: Classifier) -> nn.Linear:
    from torch import nn

    n_labels = len(classifier.label_names)
    layers = [module for module in classifier.model.modules() if isinstance(module, nn.Linear)]
    if not layers or layers[-1].out_features != n_labels:
        kind = classifier.model.config.model_type
        raise ModelError(
            f"A model of the kind {kind} cannot be exported yet: its labels do not come from its last layer."
        )
    return layers[-1]
