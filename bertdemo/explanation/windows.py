"""Texts that are longer than the model reads: overlapping parts, and their scores merged."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.function import ShouldStop, check_cancelled, never
from bertdemo.explanation.masking import texts_at_once
from bertdemo.explanation.tokenized_text import TokenizedText, Word, tokenize_with_words
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict, softmax
from bertdemo.prediction.single import MAX_CHARACTERS

MOST_OVERLAP = 0.75

RULE = (
    "The text is longer than the model reads. It is read in overlapping parts, each with an answer of its own; the "
    "score of a word is the mean over the parts that hold it."
)


@dataclass(frozen=True)
class Window:
    """A part of the text that the model reads at once.

    ``tokenized`` is of this part alone; its characters count from ``start`` of the whole text (the other text of a pair
    is whole in every window). ``places`` has, for each of its tokens, the tokens of the whole that stand for the same
    characters: one, unless a word that is longer than a window is cut between other pieces than its own.
    """

    tokenized: TokenizedText
    start: int
    end: int
    places: tuple[NDArray[np.intp], ...]


@dataclass(frozen=True)
class Windows:
    """``whole`` has all words of the text, and more tokens than the model reads where there are several ``parts``.

    ``part`` is 0 where the text is divided, 1 where its pair is; ``overlap`` is in tokens.
    """

    whole: TokenizedText
    part: int
    parts: tuple[Window, ...]
    overlap: int

    def merge(self, scores: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return token scores of the whole (tokens,) from those of each window.

        Means over the windows that hold a token.

        A special token stands in every window. Words are sums over their tokens, here as anywhere.
        """
        total, count = np.zeros(len(self.whole)), np.zeros(len(self.whole))
        for window, own in zip(self.parts, scores, strict=True):
            for score, places in zip(own, window.places, strict=True):
                total[places] += score / len(places)
            count[np.unique(np.concatenate(window.places))] += 1
        return total / np.maximum(count, 1)

    def shift(self, window: Window, part: int | None) -> int:
        """Return where characters of a window begin in the whole.

        Those of the text (0), of its pair (1), or of neither.
        """
        return window.start if part == self.part else 0

    def words_of(self, window: Window) -> list[int]:
        """Return which words of the divided text a window holds, as indices into the words of the whole."""
        tokens = [self.whole.tokens[place] for places in window.places for place in places]
        return sorted({token.word for token in tokens if token.word is not None and token.part == self.part})


@dataclass(frozen=True, eq=False)
class Whole:
    """A text in windows: what the classifier says of each (windows, labels), and what moved that."""

    windows: Windows
    probabilities: NDArray[np.float64]
    found: tuple[Attribution, ...]

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Of all tokens of the text: (tokens,)."""
        return self.windows.merge([each.scores for each in self.found])

    @property
    def word_scores(self) -> NDArray[np.float64]:
        """Of all words of the text: (words,)."""
        return self.windows.whole.sum_to_words(self.scores)


class _Unit(NamedTuple):
    """Characters of one of the texts that are never divided, and how many tokens they are."""

    start: int
    end: int
    tokens: int
    part: int


def windows(classifier: Classifier, text: str, pair: str | None = None, *, overlap: float = 0.25) -> Windows:
    """Divide a text between words into as few parts as the overlap allows; one that fits is one part.

    Of a pair the longer text is divided; the other one is read whole in every part.

    Args:
        classifier: says how long a part may be.
        text: of any length.
        pair: likewise.
        overlap: share of a window that the next one reads again, from 0 to 0.75.

    Raises:
        PredictionError: see ``tokenize_with_words``.
        ExplanationError: an overlap out of range, or both texts of a pair are too long.
    """
    if not 0 <= overlap <= MOST_OVERLAP:
        raise ExplanationError(f"An overlap of {overlap:g} is out of range: choose a share from 0 to {MOST_OVERLAP:g}.")
    whole = tokenize_with_words(
        replace(classifier, max_length=MAX_CHARACTERS * 4), text, pair
    )  # UTF-8 has up to 4 bytes a character
    lengths = [sum(token.part == part for token in whole.tokens) for part in (0, 1)]
    part = int(lengths[1] > lengths[0])
    room = classifier.max_length - int(whole.special.sum()) - lengths[1 - part]
    if len(whole) <= classifier.max_length:
        return Windows(whole, part, (Window(whole, 0, len(text), tuple(np.arange(len(whole))[:, None])),), 0)
    if lengths[1 - part] > room:
        raise ExplanationError(
            f"Both texts are longer than half of the {classifier.max_length} tokens that the model reads: shorten one."
        )
    units = [unit for word in whole.words if word.part == part for unit in _units(whole, word, room)]
    shared = int(overlap * room)
    special, spans = np.flatnonzero(whole.special), (_spans(whole, 0), _spans(whole, 1))
    parts = tuple(
        Window(
            tokenized, start, end, tuple(_places(tokenized, special, spans, (start, 0) if part == 0 else (0, start)))
        )
        for tokenized, start, end in _divide(classifier, whole, units, room, shared)
    )
    return Windows(whole, part, parts, shared)


def _units(whole: TokenizedText, word: Word, room: int) -> Iterator[_Unit]:
    """Yield a word, or pieces of about a quarter of ``room`` tokens of a word that does not fit into it."""
    tokens = [whole.tokens[place] for place in word.tokens]
    if len(tokens) <= room:
        yield _Unit(word.start, word.end, len(tokens), word.part)
        return
    most = max(1, room // 4)
    # Several tokens may stand for one character: pieces begin where characters do.
    starts = sorted({word.start, *(token.start for token in tokens[most::most])})
    for start, end in zip(starts, [*starts[1:], word.end], strict=True):
        yield _Unit(start, end, sum(start <= max(token.start, word.start) < end for token in tokens), word.part)


def _divide(
    classifier: Classifier, whole: TokenizedText, units: Sequence[_Unit], room: int, shared: int
) -> Iterator[tuple[TokenizedText, int, int]]:
    """Yield readings of parts of ``room`` tokens or less, and the characters where each begins and ends."""
    before = np.concatenate([[0], np.cumsum([unit.tokens for unit in units])])  # tokens before each unit
    first = 0
    while True:
        last = max(first + 1, int(np.searchsorted(before, before[first] + room, "right")) - 1)
        tokenized = _read_part(classifier, whole, units[first:last])
        while tokenized.truncated:  # pieces of words can be more tokens by themselves than in their word
            last -= 1
            tokenized = _read_part(classifier, whole, units[first:last])
        yield tokenized, units[first].start, units[last - 1].end
        if last == len(units):
            return
        following = max(first + 1, int(np.searchsorted(before, before[last] - shared)))
        # The last part is as full as the others: words are read the better the more stands around them.
        first = min(following, max(first + 1, int(np.searchsorted(before, before[-1] - room))))


def _read_part(classifier: Classifier, whole: TokenizedText, units: Sequence[_Unit]) -> TokenizedText:
    if not units:
        raise ExplanationError("A word of this text is longer than the model reads: shorten the word.")
    start, end = units[0].start, units[-1].end
    if units[0].part == 0:
        return tokenize_with_words(classifier, whole.text[start:end], whole.pair)
    assert whole.pair is not None
    return tokenize_with_words(classifier, whole.text, whole.pair[start:end])


class _Spans(NamedTuple):
    """The tokens of one text, and the characters from and to which they stand."""

    tokens: list[int]
    starts: list[int]
    ends: list[int]

    def under(self, start: int, end: int) -> NDArray[np.intp]:
        """Return those that share a character; of none, as of a space by itself, the next one."""
        first = min(bisect_right(self.ends, start), len(self.tokens) - 1)
        return np.array(self.tokens[first : max(first + 1, bisect_left(self.starts, end))], dtype=np.intp)


def _places(
    tokenized: TokenizedText, special: NDArray[np.intp], spans: tuple[_Spans, _Spans], shifts: tuple[int, int]
) -> Iterator[NDArray[np.intp]]:
    """For each token of a window those of the whole: special ones by their order, others by their characters."""
    left = iter(special)
    for token in tokenized.tokens:
        if token.part is None:
            yield np.array([next(left)])
        else:
            shift = shifts[token.part]
            yield spans[token.part].under(token.start + shift, token.end + shift)


def _spans(whole: TokenizedText, part: int) -> _Spans:
    tokens = [(place, token) for place, token in enumerate(whole.tokens) if token.part == part]
    return _Spans([place for place, _ in tokens], [each.start for _, each in tokens], [each.end for _, each in tokens])


def explain_windows(
    classifier: Classifier,
    found: Windows,
    attribute: Callable[[int, TokenizedText], Attribution],
    should_stop: ShouldStop = never,
) -> Whole:
    """Return the answers of all windows, and their attributions one after the other.

    Args:
        classifier: that is explained.
        found: the windows.
        attribute: of the number of a window (from 0) and its reading; each with the same question and method.
        should_stop: asked before a window's answer.

    Raises:
        CancelledError: ``should_stop()`` became true.
    """
    probabilities = softmax(logits_of_windows(classifier, found, should_stop), classifier.temperature)
    attributions = tuple(attribute(number, window.tokenized) for number, window in enumerate(found.parts))
    return Whole(found, probabilities, attributions)


def logits_of_windows(classifier: Classifier, found: Windows, should_stop: ShouldStop = never) -> NDArray[np.float32]:
    """Return what the classifier says of each part by itself: (windows, labels).

    Raises:
        CancelledError: ``should_stop()`` became true.
    """
    placement, at_once = choose_placement("fp32"), texts_at_once(classifier, classifier.max_length)
    pieces = []
    for first in range(0, len(found.parts), at_once):
        check_cancelled(should_stop)
        readings = [window.tokenized for window in found.parts[first : first + at_once]]
        pairs = None if found.whole.pair is None else [str(tokenized.pair) for tokenized in readings]
        pieces.append(predict(classifier, [each.text for each in readings], pairs, placement=placement).logits)
    return np.concatenate(pieces)
