"""Private copies of a classifier, to change and to throw away: a shared model is never changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.forward import tables_of
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor, nn

# A way of explaining: word scores (words,) of what a classifier says of a reading. The classifier is handed over
# because two tests explain a changed copy of it.
Explain = Callable[[Classifier, TokenizedText], NDArray[np.float64]]


def private_copy(classifier: Classifier, own: Collection[str] = ()) -> Classifier:
    """Return a classifier with modules of its own that shares the given weights, but for those in ``own``.

    Tokenizer and lock are shared, too: what uses the copy waits like everybody else.
    """
    with classifier.lock:
        model = classifier.model
        shared = [weight for name, weight in model.named_parameters() if name not in own]
        memo: dict[int, Any] = {id(tensor): tensor for tensor in (*shared, *model.buffers())}
        return replace(classifier, model=copy.deepcopy(model, memo))


def shiftable(classifier: Classifier, ids: NDArray[np.int64]) -> tuple[Classifier, Tensor]:
    """Return a private copy, and the shift of its embeddings of these ids: (ids, width), zeros to be written into."""
    import torch

    own = private_copy(classifier)
    tables = tables_of(own)
    weight = cast("Tensor", tables[0].weight)  # (vocabulary, width)
    row = torch.zeros(len(weight), dtype=torch.int64, device=weight.device)  # 0: an id that is not shifted
    row[torch.from_numpy(ids).to(weight.device)] = torch.arange(1, len(ids) + 1, device=weight.device)
    shift = torch.zeros((len(ids) + 1, weight.shape[1]), device=weight.device)

    def add_shift(_: nn.Module, inputs: tuple[Tensor], vectors: Tensor) -> Tensor:
        return vectors + shift[row[inputs[0]]].to(vectors.dtype)

    for table in tables:
        table.register_forward_hook(add_shift)
    return own, shift[1:]
