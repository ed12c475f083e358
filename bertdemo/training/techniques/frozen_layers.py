"""Frozen layers, whose hidden states are computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bertdemo.errors import RecipeError
from bertdemo.training.technique import Technique, Training, setting
from bertdemo.training.techniques.frozen_embeddings import FrozenEmbeddings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_KEPT_MB = 1024  # of hidden states: 700,000 tokens of MiniLM-L6 in fp32, as many as 25,000 tweets have
_TRIED = 4  # texts
_SPARED = 5 / 6  # of the last layer, which computes one token alone (``compute_only_first_token``)


@dataclass
class FrozenLayers(Technique):
    """Leave the lowest layers and the embeddings below them as they came; they drop nothing.

    What they make of a text is then the same in every epoch. It is computed once, and the layers above are trained from
    it, where it fits into memory and the architecture is built like BERT (``speedups.divide``).
    """

    place = 3
    may_not_suit_base = True
    frozen_layers: int = setting(
        0, bounds=(0, 128),
        help="Leave this many of the lowest layers as they came and compute them once; faster, and less able to adapt.",
    )  # fmt: skip

    def trained_share(self, layers: int) -> float:
        """Return what is left above the frozen layers, see ``Technique.trained_share``."""
        above = max(layers - self.frozen_layers, 1)
        return min(1.0, (above - _SPARED) / (layers - _SPARED)) if layers else 1.0

    def freeze_weights(self, model: PreTrainedModel) -> None:
        """Freeze the layers, see ``Technique.freeze_weights``.

        Raises:
            RecipeError: layers that share their weights (ALBERT) were to be frozen one by one.
        """
        from torch import nn

        from bertdemo.models.speedups import layers_of

        layers = layers_of(model)
        depth = getattr(model.config, "num_hidden_layers", None) or 0
        if len(layers) < depth:
            raise RecipeError(
                f"The {depth} layers of the architecture {model.config.model_type} share their weights or come in "
                "blocks, so that the lowest of them cannot be frozen alone: set frozen layers to 0."
            )
        FrozenEmbeddings().freeze_weights(model)
        embeddings = getattr(model.base_model, "embeddings", None)
        for part in (embeddings, *layers[: self.frozen_layers]):
            for module in part.modules() if isinstance(part, nn.Module) else ():
                module.requires_grad_(False)
                if isinstance(module, nn.Dropout):
                    module.p = 0.0

    def before_reading(self, training: Training) -> None:
        """Have the layers above read kept hidden states in place of tokens, see ``Technique.before_reading``."""
        from bertdemo.models.speedups import layers_of
        from bertdemo.training.kept_states import KeptStates, divided

        reader, placement = training.reader, training.placement
        parts = training.encoded, training.validation_encoded
        frozen = min(self.frozen_layers, len(layers_of(reader.model)) - 1)
        reader.model.to(placement.device)  # type: ignore[arg-type]
        trial = training.encoded.select(range(min(_TRIED, len(training.encoded))))
        parted = divided(reader, frozen, placement, trial) if frozen else None
        if parted is None:
            return
        below, above = parted
        (some,) = KeptStates(below, trial, placement).of([0])
        size = some[0].nbytes * sum(sum(part.lengths) for part in parts) / 2**20
        if size > MOST_KEPT_MB:
            training.note(
                f"The output of the {frozen} frozen layers would take {size:,.0f} MB of memory, and at most "
                f"{MOST_KEPT_MB:,} are kept: it is computed again in each epoch."
            )
            return
        training.note(
            f"The output of the {frozen} frozen layers is computed once for each text and kept, in {size:,.0f} MB."
        )
        training.reader = above
        training.encoded, training.validation_encoded = (
            replace(part, states=KeptStates(below, part, placement)) for part in parts
        )
