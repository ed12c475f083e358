"""Texts far longer than a model reads: the part that decides what it reads, and nobody waits for the rest."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertdemo.models.classifier import Classifier

_SHORT = 4_096  # characters; shorter texts are read whole
_IN_A_TURN = 32_768  # characters that are tokenised while others wait: .1 s of Chinese, the slowest
_USUAL = 8  # characters to a token at most, in most texts
_APART = 16  # words between the last token that counts and where a text is cut


def readable(classifier: Classifier, text: str, pair: str | None = None) -> tuple[str, str | None]:
    """Return the beginning of a text (and of its pair) that becomes the same tokens as the whole, once both are cut.

    It still has more tokens than the model reads. Tokenizers divide a text into words first, and each word by itself,
    so what stands some words further on changes nothing. A text is left whole where that is not sure: its tokenizer
    knows no words, cuts on the left or is written in Python, its words are very long, or both texts of a pair are, of
    which the one with more tokens may keep one more.
    """
    tokenizer = classifier.tokenizer
    if max(len(text), len(pair or "")) <= _SHORT or not tokenizer.is_fast or tokenizer.truncation_side != "right":
        return text, pair
    if pair is None:
        return _beginning(classifier, text, classifier.max_length), None
    shorter = min(text, pair, key=len)
    if len(shorter) > _SHORT:
        return text, pair
    enough = max(classifier.max_length, len(_words(classifier, shorter)))
    if shorter is pair:
        return _beginning(classifier, text, enough), pair
    return text, _beginning(classifier, pair, enough)


def is_long(*texts: str | None) -> bool:
    """Return whether one of them takes longer to tokenise than others should wait."""
    return any(text is not None and len(text) > _IN_A_TURN for text in texts)


@contextmanager
def turn(classifier: Classifier, *texts: str | None) -> Iterator[PreTrainedTokenizerBase]:
    """Yield the tokenizer, under the lock of the classifier; for a text that takes long a copy of it, and no lock."""
    if is_long(*texts):
        with classifier.lock:
            apart = copy.deepcopy(classifier.tokenizer)
        yield apart
        return
    with classifier.lock:
        yield classifier.tokenizer


def _beginning(classifier: Classifier, text: str, tokens: int) -> str:
    """As much of a text as has surely all of its first ``tokens`` tokens, and more of them."""
    size = max(_SHORT, _USUAL * tokens)
    most = max(size, _IN_A_TURN)
    while size <= most and size < len(text):
        words = _words(classifier, text[:size])
        if len(words) > tokens and None not in (words[tokens], words[-1]) and words[tokens] + _APART <= words[-1]:
            return text[:size]
        size *= 4
    return text


def _words(classifier: Classifier, text: str) -> list[int]:
    """Of each token the number of its word."""
    with classifier.lock:
        backend = classifier.tokenizer.backend_tokenizer
        backend.no_truncation()  # transformers says anew in each call what it wants
        backend.no_padding()
        words: list[int] = backend.encode_batch([text], add_special_tokens=False)[0].word_ids
    return words
