"""Texts that are longer than the model reads: overlapping parts, and their scores merged."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.cancelling import Cancelled, go_on_unless, never
from bertdemo.explanation.erasing import PIECE
from bertdemo.explanation.reading import Reading, read
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from bertdemo.prediction.single import MAX_CHARACTERS

MOST_OVERLAP = 0.75

RULE = (
    "The text is longer than the model reads. It is read in overlapping parts, each with an answer of its own; the "
    "score of a word is the mean over the parts that hold it."
)


@dataclass(frozen=True)
class Window:
    """A part of the text that the model reads at once.

    ``reading`` is of this part alone; its characters count from ``start`` of the whole text (the other text of a pair
    is whole in every window). ``rows`` (words of the reading,) are indices into the words of the whole; ``spans``
    (words of the reading, 2) are the first of their units, and the one after the last (see ``Windows``).
    """

    reading: Reading
    start: int
    end: int
    rows: NDArray[np.intp]
    spans: NDArray[np.intp]


@dataclass(frozen=True)
class Windows:
    """``whole`` has all words of the text, and more tokens than the model reads where there are several ``parts``.

    ``part`` is 0 where the text is divided, 1 where its pair is; ``overlap`` is in tokens. ``units`` (units,) says of
    which word each unit is a piece: a word is one unit, unless it alone is longer than a window.
    """

    whole: Reading
    part: int
    parts: tuple[Window, ...]
    overlap: int
    units: NDArray[np.intp]

    def merge(self, scores: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Word scores of the whole (words,) from those of each window: means over the windows that hold a word."""
        total, count = np.zeros(len(self.units)), np.zeros(len(self.units))
        for window, own in zip(self.parts, scores, strict=True):
            for score, (first, end) in zip(own, window.spans, strict=True):
                total[first:end] += score / (end - first)
                count[first:end] += 1
        merged: NDArray[np.float64] = np.zeros(len(self.whole.words))
        np.add.at(merged, self.units, total / np.maximum(count, 1))
        return merged


class _Unit(NamedTuple):
    """Characters of one of the texts that are never divided, how many tokens they are, and of which word they are."""

    start: int
    end: int
    tokens: int
    word: int
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
        PredictionError: see ``read``.
        ExplanationError: an overlap out of range, or both texts of a pair are too long.
    """
    if not 0 <= overlap <= MOST_OVERLAP:
        raise ExplanationError(f"An overlap of {overlap:g} is out of range: choose a share from 0 to {MOST_OVERLAP:g}.")
    whole = read(replace(classifier, max_length=MAX_CHARACTERS * 4), text, pair)  # UTF-8 has up to 4 bytes a character
    lengths = [sum(token.part == part for token in whole.tokens) for part in (0, 1)]
    part = int(lengths[1] > lengths[0])
    room = classifier.max_length - int(whole.special.sum()) - lengths[1 - part]
    if len(whole) <= classifier.max_length:
        rows = np.arange(len(whole.words))
        return Windows(whole, part, (Window(whole, 0, len(text), rows, np.stack([rows, rows + 1], axis=1)),), 0, rows)
    if lengths[1 - part] > room:
        raise ExplanationError(
            f"Both texts are longer than half of the {classifier.max_length} tokens that the model reads: shorten one."
        )
    units = [unit for row in range(len(whole.words)) for unit in _units(whole, row, room)]
    shared = int(overlap * room)
    parts = _divide(classifier, whole, [unit for unit in units if unit.part == part], room, shared)
    return Windows(
        whole=whole, part=part, parts=tuple(_window(units, part, *each) for each in parts), overlap=shared,
        units=np.array([unit.word for unit in units]),
    )  # fmt: skip


def _units(whole: Reading, row: int, room: int) -> Iterator[_Unit]:
    """A word, or pieces of about a quarter of ``room`` tokens of a word that does not fit into it."""
    word = whole.words[row]
    tokens = [whole.tokens[place] for place in word.tokens]
    if len(tokens) <= room:
        yield _Unit(word.start, word.end, len(tokens), row, word.part)
        return
    most = max(1, room // 4)
    # Several tokens may stand for one character: pieces begin where characters do.
    starts = sorted({word.start, *(token.start for token in tokens[most::most])})
    for start, end in zip(starts, [*starts[1:], word.end], strict=True):
        yield _Unit(start, end, sum(start <= max(token.start, word.start) < end for token in tokens), row, word.part)


def _divide(
    classifier: Classifier, whole: Reading, units: Sequence[_Unit], room: int, shared: int
) -> Iterator[tuple[Reading, int, int]]:
    """Readings of parts of ``room`` tokens or less, and the characters where each begins and ends."""
    before = np.concatenate([[0], np.cumsum([unit.tokens for unit in units])])  # tokens before each unit
    first = 0
    while True:
        last = max(first + 1, int(np.searchsorted(before, before[first] + room, "right")) - 1)
        reading = _read_part(classifier, whole, units[first:last])
        while reading.truncated:  # pieces of words can be more tokens by themselves than in their word
            last -= 1
            reading = _read_part(classifier, whole, units[first:last])
        yield reading, units[first].start, units[last - 1].end
        if last == len(units):
            return
        following = max(first + 1, int(np.searchsorted(before, before[last] - shared)))
        # The last part is as full as the others: words are read the better the more stands around them.
        first = min(following, max(first + 1, int(np.searchsorted(before, before[-1] - room))))


def _read_part(classifier: Classifier, whole: Reading, units: Sequence[_Unit]) -> Reading:
    if not units:
        raise ExplanationError("A word of this text is longer than the model reads: shorten the word.")
    start, end = units[0].start, units[-1].end
    if units[0].part == 0:
        return read(classifier, whole.text[start:end], whole.pair)
    assert whole.pair is not None
    return read(classifier, whole.text, whole.pair[start:end])


def _window(units: Sequence[_Unit], part: int, reading: Reading, start: int, end: int) -> Window:
    """The window with the units of each of its words: from the one in which it begins to the one in which it ends."""
    begins = [(unit.part, unit.start) for unit in units]
    spans = np.zeros((len(reading.words), 2), dtype=np.intp)
    for row, word in enumerate(reading.words):
        shift = start if word.part == part else 0
        spans[row, 0] = bisect_right(begins, (word.part, word.start + shift)) - 1
        spans[row, 1] = max(spans[row, 0] + 1, bisect_left(begins, (word.part, word.end + shift)))
    rows = np.array([units[first].word for first in spans[:, 0]], dtype=np.intp)
    return Window(reading, start, end, rows, spans)


def logits_of_windows(classifier: Classifier, found: Windows, cancelled: Cancelled = never) -> NDArray[np.float32]:
    """What the classifier says of each part by itself: (windows, labels).

    Raises:
        CancelledError: ``cancelled()`` became true.
    """
    placement, at_once = choose_placement("fp32"), max(1, PIECE // classifier.max_length)
    pieces = []
    for first in range(0, len(found.parts), at_once):
        go_on_unless(cancelled)
        readings = [window.reading for window in found.parts[first : first + at_once]]
        pairs = None if found.whole.pair is None else [str(reading.pair) for reading in readings]
        pieces.append(predict(classifier, [each.text for each in readings], pairs, placement=placement).logits)
    return np.concatenate(pieces)
