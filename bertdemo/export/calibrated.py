"""A classifier whose temperature is part of its weights, so that any soft-max of its logits is calibrated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.models.classifier import Classifier, load_classifier

if TYPE_CHECKING:
    from torch import nn


def load_calibrated(folder: Path) -> Classifier:
    """The classifier in ``folder`` with the weights and the bias of its last layer divided by its temperature.

    Logits are linear in that layer, so the probabilities are those of the classifier, and its temperature is 1 from
    here on. ``config.calibration_temperature`` keeps the number.

    Raises:
        ModelError: the folder is missing or damaged, or the model does not end in a linear layer.
    """
    import torch

    classifier = load_classifier(folder)
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
