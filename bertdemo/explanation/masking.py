"""What a classifier says of a text without some of its words, and private copies of it, to change and to throw away.

A shared model is never changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import ShouldStop, check_cancelled, never, rows_at_once, tables_of
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import Encoded
from bertdemo.prediction.predict import predict_encoded

if TYPE_CHECKING:
    from torch import Tensor, nn

_MOST_TOKENS = 2048  # that go through a model together: more gain nothing
# A way of explaining: word scores (words,) of what a classifier says of a reading. The classifier is handed over
# because two tests explain a changed copy of it.
Explain = Callable[[Classifier, TokenizedText], NDArray[np.float64]]


def texts_at_once(classifier: Classifier, tokens: int) -> int:
    """Return how many texts of so many tokens are predicted while the lock is held; others may predict in between."""
    return max(1, min(_MOST_TOKENS // tokens, rows_at_once(classifier, tokens, backward=False)))


def mask_id(classifier: Classifier) -> int:
    """Return the id that stands for an erased token: [MASK], which a BERT has read often while it learned its language.

    Raises:
        ExplanationError: the tokenizer has none.
    """
    if classifier.tokenizer.mask_token_id is None:
        raise ExplanationError(
            "The tokenizer of this model has no mask token to put in a word's place: delete words instead of masking."
        )
    return int(classifier.tokenizer.mask_token_id)


def ids_without(classifier: Classifier, tokenized: TokenizedText, erased: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return ids of versions of a text in which words are masked: each token of such a word becomes one [MASK].

    Masking and not deleting: the other words keep their positions and stay the tokens they were, so that only the
    absence of the word is measured, and all versions are as long as the text. Its limit: a text with many masks is
    like none that the classifier has learned from.

    Args:
        classifier: whose mask it is.
        tokenized: of the text.
        erased: (n, words), true where a word is masked.

    Returns:
        (n, tokens)
    """
    ids = np.tile(tokenized.ids, (len(erased), 1))
    for row, word in enumerate(tokenized.words):
        for place in word.tokens:
            ids[erased[:, row], place] = mask_id(classifier)
    return ids


def logits_without(
    classifier: Classifier, tokenized: TokenizedText, erased: NDArray[np.bool_], should_stop: ShouldStop = never
) -> NDArray[np.float32]:
    """Return logits (n, labels) of versions of a text, see ``ids_without``; equal versions are computed once.

    They are computed in the number format of the classifier's weights.

    Raises:
        CancelledError: ``should_stop()`` became true.
    """
    distinct, place = np.unique(erased, axis=0, return_inverse=True)
    ids = ids_without(classifier, tokenized, distinct)
    at_once = texts_at_once(classifier, len(tokenized))
    pieces = []
    for start in range(0, len(ids), at_once):
        check_cancelled(should_stop)
        pieces.append(_logits(classifier, tokenized, ids[start : start + at_once]))
    return np.concatenate(pieces)[place.reshape(-1)]


def _logits(classifier: Classifier, tokenized: TokenizedText, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    placement = choose_placement("fp32")  # weights in bf16 need no autocast, and versions are of one length
    segments = None if tokenized.segments is None else (tokenized.segments.astype(np.int32),) * len(ids)
    encoded = Encoded(tuple(ids.astype(np.int32)), segments, cut=0)
    with classifier.lock:
        classifier.model.to(placement.device)  # type: ignore[arg-type]
        return predict_encoded(classifier, encoded, placement)


def explained(logits: NDArray[np.floating], target: int, against: int | None = None) -> NDArray[np.float64]:
    """Return what an attribution explains of logits (n, labels).

    The target's logit, or its margin over ``against``: (n,).
    """
    values = logits.astype(np.float64)
    return values[:, target] if against is None else values[:, target] - values[:, against]


def check_words(tokenized: TokenizedText, words: Collection[int]) -> None:
    """Refuse words that the text does not have.

    Raises:
        ExplanationError: an index beyond ``tokenized.words``, or there are no words at all.
    """
    if not tokenized.words:
        raise ExplanationError("There is no word in this text whose part in the answer could be tested: type a word.")
    if wrong := sorted(word for word in words if not 0 <= word < len(tokenized.words)):
        last = len(tokenized.words) - 1
        raise ExplanationError(f"There is no word number {wrong[0]} in this text: choose one from 0 to {last}.")


def check_scores(tokenized: TokenizedText, word_scores: NDArray[np.float64]) -> None:
    """Refuse scores of which no order can be tested.

    Raises:
        ExplanationError: fewer than two words, or scores that are not one a word.
    """
    check_words(tokenized, ())
    if len(tokenized.words) < 2:
        raise ExplanationError("The text has one word, so there is no order to test: type a text of two words or more.")
    if word_scores.shape != (len(tokenized.words),):
        raise ExplanationError(
            f"There are {len(word_scores)} scores for {len(tokenized.words)} words: give one a word."
        )


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
