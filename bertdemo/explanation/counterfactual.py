"""Another text in place of this one: words deleted, masked or replaced, and the fewest that change the answer."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.function import ShouldStop, check_cancelled, never
from bertdemo.explanation.masking import check_words, mask_id, texts_at_once
from bertdemo.explanation.tokenized_text import TokenizedText, Word
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
    indices into the label names. ``calls`` counts the texts that were predicted, at most ``most_calls``. ``proven``
    says that every smaller set was tried and changes nothing (where ``words`` is None: every set there is).
    """

    words: tuple[int, ...] | None
    how: How
    before: int
    after: int | None
    edited: Edited | None
    calls: int
    most_calls: int
    proven: bool


def edit(tokenized: TokenizedText, changes: Mapping[int, str]) -> Edited:
    """Return the text with words replaced, character for character what it was elsewhere.

    Args:
        tokenized: of the text.
        changes: index of a word → what stands in its place. Nothing (``""``) deletes the word, and with it the white
            space before it (at the beginning of the text, after it).

    Raises:
        ExplanationError: a word that the text does not have.
    """
    check_words(tokenized, changes)
    parts = [tokenized.text, tokenized.pair]
    for row in sorted(changes, reverse=True):  # from the end, so that the characters before stay where they are
        word = tokenized.words[row]
        whole = parts[word.part]
        assert whole is not None
        parts[word.part] = _replace(whole, word, changes[row]) if changes[row] else _delete(whole, word)
    text, pair = parts
    assert text is not None
    return Edited(text, pair)


def _replace(whole: str, word: Word, replacement: str) -> str:
    return whole[: word.start] + replacement + whole[word.end :]


def _delete(whole: str, word: Word) -> str:
    before, after = whole[: word.start].rstrip(), whole[word.end :]
    if not before:
        return whole[: word.start] + after.lstrip()
    glued = before[-1:].isalnum() and after[:1].isalnum()  # what stood between them kept two words apart
    return before + (" " if glued else "") + after


def masked(classifier: Classifier, tokenized: TokenizedText, word: int) -> str:
    """Return what stands in the place of a masked word: a mask for each of its tokens, so that no other word moves.

    Raises:
        ExplanationError: the tokenizer has no mask, or the text has no such word.
    """
    check_words(tokenized, [word])
    mask_id(classifier)
    return str(classifier.tokenizer.mask_token) * len(tokenized.words[word].tokens)


def without(classifier: Classifier, tokenized: TokenizedText, words: Collection[int], how: How) -> Edited:
    """Return the text with these words deleted or masked.

    Raises:
        ExplanationError: see ``edit`` and ``masked``.
    """
    return edit(tokenized, {word: masked(classifier, tokenized, word) if how == "mask" else "" for word in words})


def find_flip(
    classifier: Classifier,
    tokenized: TokenizedText,
    word_scores: NDArray[np.float64] | None = None,
    *,
    how: How = "mask",
    to: int | None = None,
    most_calls: int = MOST_CALLS,
    should_stop: ShouldStop = never,
) -> Flip:
    """Return the fewest words without which the classifier answers otherwise.

    One word and then two are tried in every combination as long as ``most_calls`` allows; what is found there is
    proven to be smallest. Larger sets are sought greedily: words are taken in the order of ``word_scores``, and in the
    order of what each one does alone, until the answer changes; then every word that is not needed is put back.

    Args:
        classifier: whose answer is to change.
        tokenized: of a text that the model reads to its end; see ``windows`` for others.
        word_scores: (words,) for the present answer, from any method; None does without.
        how: what happens to the words.
        to: the label wanted instead, as an index; None takes any other.
        most_calls: texts to predict at most.
        should_stop: looked at between two batches.

    Raises:
        ExplanationError: the text has no words, or ``to`` is no other label.
        CancelledError: ``should_stop()`` became true.
    """
    check_words(tokenized, ())
    search = _Search(classifier, tokenized, how, to, most_calls, should_stop)
    found = search.small_set() or search.greedy(word_scores)
    if found is None:
        return Flip(None, how, search.before, None, None, search.calls, most_calls, search.tried_everything)
    after = int(search.logits[found].argmax())
    edited = without(classifier, tokenized, found, how)
    return Flip(found, how, search.before, after, edited, search.calls, most_calls, search.tried_smaller(found))


_Set = tuple[int, ...]  # words, in the order of the text


@dataclass
class _Search:
    """What was asked of the classifier so far, and what it said."""

    classifier: Classifier
    tokenized: TokenizedText
    how: How
    to: int | None
    most_calls: int
    should_stop: ShouldStop
    logits: dict[_Set, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ask([()])
        self.before = int(self.logits[()].argmax())
        if self.to is not None and (self.to == self.before or not 0 <= self.to < len(self.classifier.label_names)):
            raise ExplanationError(
                f"Label number {self.to} is what the text has already, or no label of this classifier: choose another."
            )

    @property
    def calls(self) -> int:
        return len(self.logits)

    @property
    def left(self) -> int:
        return self.most_calls - self.calls

    @property
    def words(self) -> range:
        return range(len(self.tokenized.words))

    def small_set(self) -> _Set | None:
        """Return the best word, or pair of words, that flips."""
        singles = [(word,) for word in self.words]
        self.ask(singles)
        if found := self.best(singles):
            return found
        alone = {word: self.push(self.logits[word,]) for word in self.words if (word,) in self.logits}
        pairs = sorted(itertools.combinations(alone, 2), key=lambda pair: -alone[pair[0]] - alone[pair[1]])
        if len(pairs) > self.left:  # too many for all: the likeliest, and as many calls again for larger sets
            pairs = pairs[: self.left // 2]
        self.ask(pairs)
        return self.best(pairs)

    def greedy(self, word_scores: NDArray[np.float64] | None) -> _Set | None:
        """Return the smaller of the sets that two orders of the words lead to."""
        alone = [self.push(self.logits[word,]) if (word,) in self.logits else -np.inf for word in self.words]
        rankings = [np.argsort(alone)[::-1]] + ([] if word_scores is None else [np.argsort(word_scores)[::-1]])
        found = [self.shrunk(flipping) for ranking in rankings if (flipping := self.first_flip(ranking.tolist()))]
        return min(found, key=len) if found else None

    def first_flip(self, ranking: Sequence[int]) -> Sequence[int] | None:
        """Return the shortest beginning of a ranking, of three words or more, that flips."""
        for size in range(3, len(ranking) + 1):
            if self.ask([ranking[:size]]) and self.flips(ranking[:size]):
                return ranking[:size]
        return None

    def shrunk(self, flipping: Sequence[int]) -> _Set:
        """Return the set without the words that it flips without, the least of the ranking first."""
        kept = list(flipping)
        for word in reversed(flipping):
            rest = [each for each in kept if each != word]
            if self.ask([rest]) and self.flips(rest):
                kept = rest
        return tuple(sorted(kept))

    def ask(self, sets: Iterable[Collection[int]]) -> int:
        """Predict texts without these words; returns how many are known, fewer where the limit is reached."""
        wanted = list(dict.fromkeys(tuple(sorted(each)) for each in sets))
        new = [(each, edited) for each, edited in self._edited(wanted) if each not in self.logits][: max(self.left, 0)]
        at_once = texts_at_once(self.classifier, len(self.tokenized))
        for start in range(0, len(new), at_once):
            check_cancelled(self.should_stop)
            self._predict(new[start : start + at_once])
        return sum(each in self.logits for each in wanted)

    def _edited(self, sets: Iterable[_Set]) -> Iterator[tuple[_Set, Edited]]:
        """Yield sets and their texts; a text of which nothing is left is none (nor one that the model cannot read)."""
        for each in sets:
            edited = without(self.classifier, self.tokenized, each, self.how)
            if not is_blank(edited.text) and (edited.pair is None or not is_blank(edited.pair)):
                yield each, edited

    def _predict(self, sets: Sequence[tuple[_Set, Edited]]) -> None:
        texts = [edited.text for _, edited in sets]
        pairs = None if self.tokenized.pair is None else [str(edited.pair) for _, edited in sets]
        predicted = predict(self.classifier, texts, pairs, placement=choose_placement("fp32"))
        for (each, _), logits, unknown in zip(sets, predicted.logits, predicted.unknown, strict=True):
            if not np.isnan(unknown):
                self.logits[each] = logits

    def push(self, logits: NDArray[np.float32]) -> float:
        """Return how far the wanted label (or the best other one) is above the present answer; above 0 it flips."""
        others = np.delete(logits, self.before) if self.to is None else np.delete(logits, self.to)
        return float(others.max() - logits[self.before] if self.to is None else logits[self.to] - others.max())

    def flips(self, words: Collection[int]) -> bool:
        return self.push(self.logits[tuple(sorted(words))]) > 0

    def best(self, sets: Iterable[_Set]) -> _Set | None:
        """Return the set that flips the most clearly."""
        flipping = [each for each in sets if each in self.logits and self.flips(each)]
        return max(flipping, key=lambda each: self.push(self.logits[each]), default=None)

    def tried_smaller(self, found: _Set) -> bool:
        """Return whether all sets of fewer words were tried (and, as they were not taken, do not flip)."""
        sizes = range(1, len(found))
        return all(each in self.logits for size in sizes for each in itertools.combinations(self.words, size))

    @property
    def tried_everything(self) -> bool:
        """Whether there is no set of words left; for the deletion of all words there is no answer."""
        return bool(self.calls >= 2 ** len(self.words) - (self.how == "delete"))
