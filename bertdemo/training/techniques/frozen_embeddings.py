"""Frozen token embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertdemo.models.vocabulary import embeddings_of
from bertdemo.training.technique import Technique, setting

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass
class FrozenEmbeddings(Technique):
    """Leave the token embeddings as they came, where the architecture has any."""

    place = 2
    freeze_embeddings: bool = setting(
        True, label="Freeze word embeddings",
        help="Leave the token embeddings as they came; faster, and often as good with little data.",
    )  # fmt: skip

    def freeze_weights(self, model: PreTrainedModel) -> None:
        """Freeze the token embeddings, see ``Technique.freeze_weights``."""
        embeddings = embeddings_of(model)
        if embeddings is not None:
            embeddings.requires_grad_(False)
