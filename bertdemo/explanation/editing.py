"""Another text in place of this one: words deleted, masked or replaced, and the fewest that change the answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.cancelling import Cancelled, go_on_unless, never
from bertdemo.explanation.erasing import PIECE, check_words, mask_id
from bertdemo.explanation.reading import Reading, Word
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.models.encoding import is_blank
from bertdemo.prediction.predict import predict

How = Literal["delete", "mask"]
MOST_CALLS = 500  # texts that a search for a flip may have predicted; two words of 30 are 465


@dataclass(frozen=True)
class Edited:
    """A text (with its pair) after words of it were changed."""

    text: str
    pair: str | None


@dataclass(frozen=True)
class Flip:
    """The fewest words that were found whose absence changes the answer.

    ``words`` are indices into the reading's words, None where none were found. ``before`` and ``after`` are labels as
    indices into the label names. ``calls`` counts the texts that were predicted. ``proven`` says that every smaller
    set was tried and changes nothing (where ``words`` is None: every set there is); ``complete`` is false where the
    search ended at its limit.
    """

    words: tuple[int, ...] | None
    how: How
    before: int
    after: int | None
    edited: Edited | None
    calls: int
    most_calls: int
    proven: bool


def edit(reading: Reading, changes: Mapping[int, str]) -> Edited:
    """The text with words replaced, character for character what it was elsewhere.

    Args:
        reading: of the text.
        changes: index of a word → what stands in its place. Nothing (``""``) deletes the word, and with it the white
            space before it (at the beginning of the text, after it).

    Raises:
        ExplanationError: a word that the text does not have.
    """
    raise NotImplementedError


def masked(classifier: Classifier, reading: Reading, word: int) -> str:
    """What stands in the place of a masked word: a mask for each of its tokens, so that no other word moves.

    Raises:
        ExplanationError: the tokenizer has no mask, or the text has no such word.
    """
    raise NotImplementedError


def without(classifier: Classifier, reading: Reading, words: Sequence[int], how: How) -> Edited:
    """The text with these words deleted or masked.

    Raises:
        ExplanationError: see ``edit`` and ``masked``.
    """
    raise NotImplementedError


def find_flip(
    classifier: Classifier,
    reading: Reading,
    word_scores: NDArray[np.float64] | None = None,
    *,
    how: How = "mask",
    to: int | None = None,
    most_calls: int = MOST_CALLS,
    cancelled: Cancelled = never,
) -> Flip:
    """The fewest words without which the classifier answers otherwise.

    One word and then two are tried in every combination as long as ``most_calls`` allows; what is found there is
    proven to be smallest. Larger sets are sought greedily: words are taken in the order of ``word_scores``, and in the
    order of what each one does alone, until the answer changes; then every word that is not needed is put back.

    Args:
        word_scores: (words,) for the present answer, from any method; None does without.
        how: what happens to the words.
        to: the label wanted instead, as an index; None takes any other.
        most_calls: texts to predict at most.
        cancelled: looked at between two batches.

    Raises:
        ExplanationError: the text has no words, or ``to`` is no other label.
        CancelledError: ``cancelled()`` became true.
    """
    raise NotImplementedError
