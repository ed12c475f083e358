"""A classifier whose temperature is part of its weights, so that any softmax of its logits is calibrated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ModelError
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.model_cache import ModelCache
from bertdemo.prediction.predict import predict
from bertdemo.runs.store import Runs

if TYPE_CHECKING:
    from torch import nn


def load_calibrated(runs: Runs, run_id: str) -> Classifier:
    """Return the classifier of a run, its temperature part of the weights (``calibrate``).

    Raises:
        RunError: there is no such run, it has no classifier, or it is damaged.
        ModelError: the model does not end in a linear layer.
    """
    return calibrate(ModelCache(runs, capacity=1).classifier(run_id))


def calibrate(classifier: Classifier) -> Classifier:
    """Divide the weights and the bias of the last layer by the temperature, in place; returned with a temperature of 1.

    Logits are linear in that layer, so the probabilities are those of the classifier.
    ``config.calibration_temperature`` keeps the number.

    Raises:
        ModelError: the model does not end in a linear layer. It is not to be used any more.
    """
    import torch

    last, before = _last_layer(classifier), _logits(classifier)
    with torch.no_grad():
        for weight in last.parameters():
            weight.div_(classifier.temperature)
    if not np.allclose(_logits(classifier) * classifier.temperature, before, rtol=1e-4, atol=1e-5):
        raise _not_exported(classifier)
    config: Any = classifier.model.config
    config.calibration_temperature = classifier.temperature
    return replace(classifier, temperature=1.0)


def _logits(classifier: Classifier) -> NDArray[np.float32]:
    """Return what it says of a short text: (1, labels), in fp32."""
    return predict(classifier, ["a text"], placement=choose_placement("fp32")).logits


def _last_layer(classifier: Classifier) -> nn.Linear:
    """Return the last of the head's linear layers, wherever the architecture defines its head."""
    from torch import nn

    below = set(classifier.model.base_model.modules())
    layers = [module for module in classifier.model.modules() if isinstance(module, nn.Linear) and module not in below]
    if not layers or layers[-1].out_features != len(classifier.label_names):
        raise _not_exported(classifier)
    return layers[-1]


def _not_exported(classifier: Classifier) -> ModelError:
    kind = classifier.model.config.model_type
    return ModelError(f"A model of the kind {kind} cannot be exported yet: its labels do not come from its last layer.")
