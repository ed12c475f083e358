"""What a text is compared with: the same length, positions and segments, without its words.

Sundararajan et al. (2017) ask for an input that says nothing; none is neutral in every respect (Sturmfels et al.,
2020), so there are several, and ``agreement`` tells how much the choice matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bertdemo.errors import ExplanationError
from bertdemo.explanation.forward import vectors_of, word_vectors
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

BASELINES = ("pad", "mask", "zero", "average")
BASELINE_SENTENCES: Mapping[str, str] = {
    "pad": "Every word becomes [PAD], the token that fills up short texts.",
    "mask": "Every word becomes [MASK], which the model learned to read as a gap.",
    "zero": "Every token embedding becomes 0, which is no token at all.",
    "average": "The mean of the scores with [PAD], [MASK] and 0.",
}
_SINGLE = BASELINES[:-1]


def baseline_vectors(classifier: Classifier, tokenized: TokenizedText, name: str) -> Tensor:
    """Return token embeddings of the baseline: (k, tokens, width), where k is 3 for ``average`` and else 1.

    Special tokens keep their own vectors, and so take no part in what is explained; positions and segments are the
    model's to add.

    Raises:
        ExplanationError: there is no such baseline, or the tokenizer has no such token.
    """
    import torch

    if name not in BASELINES:
        raise ExplanationError(f"There is no baseline called {name[:40]!r}: choose one of {', '.join(BASELINES)}.")
    names = _SINGLE if name == "average" else (name,)
    own = word_vectors(classifier, tokenized)
    special = torch.from_numpy(tokenized.special).to(own.device)[:, None]
    return torch.cat([torch.where(special, own, _of_a_word(classifier, each, own)) for each in names])


def _of_a_word(classifier: Classifier, name: str, own: Tensor) -> Tensor:
    """Return the vector that stands in a word's place: (width,), or one 0."""
    import torch

    if name == "zero":
        return own.new_zeros(())
    tokenizer = classifier.tokenizer
    token = tokenizer.pad_token_id if name == "pad" else tokenizer.mask_token_id
    if token is None:
        raise ExplanationError(f"The tokenizer of this model has no {name} token: choose another baseline.")
    return vectors_of(classifier, torch.tensor(token))
