"""The model from its word vectors on: what gradients are taken of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.blocks import FAMILIES, inputs_of
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

    from bertdemo.explanation.reading import Reading

# From word vectors alone these count every position, but from ids only those of tokens that are no padding.
_COUNT_WORDS = ("roberta", "xlm-roberta", "camembert")
_SAME = 1e-4  # logits; rounding stays below


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
    logits: Tensor = outputs_of(classifier, reading, vectors).logits.float()
    return logits


def logits_and_states_of(classifier: Classifier, reading: Reading, vectors: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What ``logits_of`` gives, and the hidden states before the first layer and after each: (n, tokens, width) each.

    After the last layer there is one token where the classifier computes no more. Gradients flow back to all of them.
    """
    outputs = outputs_of(classifier, reading, vectors, output_hidden_states=True)
    return outputs.logits.float(), list(outputs.hidden_states)


def outputs_of(classifier: Classifier, reading: Reading, vectors: Tensor, **wanted: bool) -> Any:
    """What the model returns for n versions of a reading's word vectors (n, tokens, width); see ``logits_of``."""
    import torch

    n, device = len(vectors), vectors.device
    inputs = {"attention_mask": torch.ones(vectors.shape[:2], dtype=torch.int64, device=device)}
    if reading.segments is not None:
        inputs["token_type_ids"] = torch.from_numpy(reading.segments).to(device).expand(n, -1)
    if classifier.model.config.model_type in _COUNT_WORDS:
        inputs["position_ids"] = torch.from_numpy(_positions(classifier, reading)).to(device).expand(n, -1)
    return classifier.model(inputs_embeds=vectors, **inputs, **wanted)


def check_starts_from_vectors(classifier: Classifier, reading: Reading) -> None:
    """Whether a model answers the same from a text's word vectors as from its ids: gradients are taken of the former.

    The architectures that we know do, and are not asked. Whoever calls holds the classifier's ``lock``.

    Raises:
        ExplanationError: it takes no word vectors, or makes something else of them.
    """
    import torch

    model = classifier.model
    if model.config.model_type in FAMILIES:
        return
    with torch.inference_mode():
        expected = model(**inputs_of(classifier, reading)).logits
        try:
            found = logits_of(classifier, reading, word_vectors(classifier, reading))
        except (NotImplementedError, TypeError, ValueError) as error:
            raise _not_from_vectors(model.config.model_type) from error
    if not torch.allclose(found, expected.float(), atol=_SAME):
        raise _not_from_vectors(model.config.model_type)


def _not_from_vectors(architecture: str) -> ExplanationError:
    return ExplanationError(
        f"What moved an answer cannot be told for the architecture {architecture}, which does not answer from word "
        "vectors as it does from text: choose a run with another base model."
    )


def _positions(classifier: Classifier, reading: Reading) -> NDArray[np.int64]:
    """RoBERTa counts positions without the padding token, which a text may hold literally: (tokens,)."""
    padding = classifier.model.config.pad_token_id
    counted = reading.ids != padding
    positions: NDArray[np.int64] = np.cumsum(counted) * counted + padding
    return positions
