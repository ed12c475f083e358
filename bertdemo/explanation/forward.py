"""The model from its word vectors on: what gradients are taken of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    logits: Tensor = _outputs_of(classifier, reading, vectors).logits.float()
    return logits


def logits_and_states_of(classifier: Classifier, reading: Reading, vectors: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What ``logits_of`` gives, and the hidden states before the first layer and after each: (n, tokens, width) each.

    After the last layer there is one token where the classifier computes no more. Gradients flow back to all of them.
    """
    outputs = _outputs_of(classifier, reading, vectors, output_hidden_states=True)
    return outputs.logits.float(), list(outputs.hidden_states)


def _outputs_of(classifier: Classifier, reading: Reading, vectors: Tensor, **wanted: bool) -> Any:
    import torch

    n, device = len(vectors), vectors.device
    inputs = {"attention_mask": torch.ones(vectors.shape[:2], dtype=torch.int64, device=device)}
    if reading.segments is not None:
        inputs["token_type_ids"] = torch.from_numpy(reading.segments).to(device).expand(n, -1)
    return classifier.model(inputs_embeds=vectors, **inputs, **wanted)
