"""The model from its word vectors on: what gradients are taken of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.explanation.reading import Reading


def word_vectors(classifier: Classifier, reading: Reading) -> Tensor:
    """The word vector of each token, before positions and segments are added: (1, tokens, width), without gradient."""
    import torch

    ids = torch.from_numpy(reading.ids)[None].to(classifier.model.device)
    with torch.no_grad():
        vectors: Tensor = classifier.model.get_input_embeddings()(ids)
    return vectors


def logits_of(classifier: Classifier, reading: Reading, vectors: Tensor) -> Tensor:
    """Logits (n, labels), in fp32 and not divided by the temperature, of n versions of a reading's word vectors.

    Args:
        classifier: in evaluation mode; whoever calls holds its ``lock``.
        reading: says positions, mask and segments, which are the same for all versions.
        vectors: (n, tokens, width); gradients flow back to them.
    """
    import torch

    n, device = len(vectors), vectors.device
    inputs = {"attention_mask": torch.ones(vectors.shape[:2], dtype=torch.int64, device=device)}
    if reading.segments is not None:
        inputs["token_type_ids"] = torch.from_numpy(reading.segments).to(device).expand(n, -1)
    logits: Tensor = classifier.model(inputs_embeds=vectors, **inputs).logits.float()
    return logits
