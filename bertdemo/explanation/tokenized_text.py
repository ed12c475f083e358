"""What a model reads of a text: its tokens, where they stand in the text, and the words they make up.

Attention is shown between units: words as they were written, or the tokens that the model reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import PredictionError
from bertdemo.models.classifier import Classifier
from bertdemo.models.encoding import tokenize
from bertdemo.models.vocabulary import Legibility
from bertdemo.prediction.single import check_text, illegible

_IDEOGRAPHS = r"\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_LETTERS = rf"[^\W{_IDEOGRAPHS}]+"
# An address of the web, one ideograph (Chinese and Japanese write without spaces), or letters and digits with what
# belongs to them: @handle, #tag, don't, e-mail, 3.5. Anything else is a word of one character: punctuation, emoji.
_WORD = re.compile(rf"https?://\S+|[{_IDEOGRAPHS}]|[@#]?{_LETTERS}(?:['’-]{_LETTERS}|(?<=\d)[.,](?=\d){_LETTERS})*|\S")


@dataclass(frozen=True)
class Token:
    """A unit of the vocabulary. ``start`` and ``end`` are the characters of the text that it stands for.

    ``part`` is 0 for the text, 1 for its pair, and None for a special token, which stands for no character.
    ``word`` is an index into ``TokenizedText.words``, None for a special token.
    """

    text: str
    start: int
    end: int
    part: int | None
    word: int | None

    @property
    def special(self) -> bool:
        return self.part is None


@dataclass(frozen=True)
class Word:
    """Characters of the text (``part`` 0) or of its pair (1), as they were written, and the tokens they became."""

    text: str
    start: int
    end: int
    part: int
    tokens: tuple[int, ...]


@dataclass(frozen=True)
class TokenizedText:
    """A text (with its pair) as the model reads it; ids and segments are those of ``models.encoding.encode``.

    ``ids`` and ``segments`` have one entry a token, special tokens included. ``truncated`` says that the model cannot
    read all of it: ``tokens`` end before the text does.
    """

    text: str
    pair: str | None
    ids: NDArray[np.int64]
    segments: NDArray[np.int64] | None
    tokens: tuple[Token, ...]
    words: tuple[Word, ...]
    truncated: bool

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def special(self) -> NDArray[np.bool_]:
        """Which tokens are special: (tokens,)."""
        return np.array([token.special for token in self.tokens])

    def sum_to_words(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return scores of words from scores of tokens (tokens, …): (words, …). Special tokens belong to no word."""
        totals = np.zeros((len(self.words), *scores.shape[1:]))
        for row, word in enumerate(self.words):
            totals[row] = scores[list(word.tokens)].sum(axis=0)
        return totals


def tokenize_with_words(classifier: Classifier, text: str, pair: str | None = None) -> TokenizedText:
    """Tokenise as for a prediction, and keep where each token stands.

    Raises:
        PredictionError: see ``predict_one``; or the tokenizer does not tell where its tokens stand.
    """
    check_text(text)
    if pair is not None:
        check_text(pair, "second text")
    if not classifier.tokenizer.is_fast:
        raise PredictionError(
            "The tokenizer of this model does not tell where in the text its tokens stand: it can predict and not be "
            "explained. Choose a model with a fast tokenizer."
        )
    columns = tokenize(
        classifier, text, pair, return_offsets_mapping=True, return_overflowing_tokens=True, verbose=False
    )
    parts = None if pair is None else columns.sequence_ids(0)
    if isnan(Legibility(classifier.tokenizer).unknown_share(columns["input_ids"][0], parts)):
        raise illegible(classifier, text)  # which reads the text again, and without the lock
    with classifier.lock:
        pieces = classifier.tokenizer.convert_ids_to_tokens(columns["input_ids"][0])
    return _reading(text, pair, columns, pieces)


def words_in(text: str) -> list[str]:
    """Return the words of a text as written, found without a model.

    They are those of ``tokenize_with_words``, unless a token reaches over several.
    """
    return [text[match.start() : _with_marks(text, match.end())] for match in _WORD.finditer(text)]


def _reading(text: str, pair: str | None, columns: Any, pieces: Sequence[str]) -> TokenizedText:
    spans = columns["offset_mapping"][0]
    parts = columns.sequence_ids(0)
    words = [word for part, whole in enumerate((text, pair)) if whole for word in _words(whole, part, spans, parts)]
    of_token = {token: row for row, word in enumerate(words) for token in word.tokens}
    tokens = tuple(
        Token(piece, start, end, part, of_token.get(place))
        for place, (piece, (start, end), part) in enumerate(zip(pieces, spans, parts, strict=True))
    )
    segments = columns.get("token_type_ids")
    return TokenizedText(
        text=text, pair=pair, ids=np.asarray(columns["input_ids"][0], dtype=np.int64),
        segments=None if segments is None else np.asarray(segments[0], dtype=np.int64), tokens=tokens,
        words=tuple(words), truncated=len(columns["input_ids"]) > 1,
    )  # fmt: skip


def _words(whole: str, part: int, spans: Sequence[tuple[int, int]], parts: Sequence[int | None]) -> Iterator[Word]:
    """Yield the words of a text that became tokens. Where a token reaches over several words, they are one.

    White space is of no word, but a token that is nothing else is of the word behind it, or of the last one.
    """
    tokenize_with_words = max((end for (_, end), owner in zip(spans, parts, strict=True) if owner == part), default=0)
    matches = takewhile(lambda match: match.start() < tokenize_with_words, _WORD.finditer(whole))
    found = [(match.start(), _with_marks(whole, match.end())) for match in matches]
    places = [place for place, owner in enumerate(parts) if owner == part]
    row, tokens, white, start, end = 0, list[int](), list[int](), -1, -1
    for place in places:
        first, last = _without_space(whole, *spans[place])
        if first == last:
            white.append(place)
            continue
        if tokens and first >= end:
            yield Word(whole[start:end], start, end, part, tuple(tokens))
            tokens = []
        while row < len(found) and found[row][1] <= first:
            row += 1
        if not tokens:
            start = min(first, found[row][0]) if row < len(found) else first
            end = last
        while row < len(found) and found[row][0] < last:
            end = max(end, found[row][1])
            row += 1
        end = max(end, last)
        tokens += [*white, place]
        white = []
    if tokens:
        yield Word(whole[start:end], start, end, part, (*tokens, *white))
    elif white:  # nothing but white space was read of a text that goes on
        start, end = spans[white[0]][0], spans[white[-1]][1]
        yield Word(whole[start:end], start, end, part, tuple(white))


def _without_space(whole: str, first: int, last: int) -> tuple[int, int]:
    """Leave out the white space around a token, which byte-level tokenizers count to the next word."""
    inner = whole[first:last]
    return (last - len(inner.lstrip()), first + len(inner.rstrip())) if inner.strip() else (last, last)


def _with_marks(whole: str, end: int) -> int:
    """Return where a word ends once it has the accents, vowel signs and joiners that follow it."""
    while end < len(whole) and unicodedata.category(whole[end]) in ("Mn", "Me", "Mc", "Cf"):
        end += 1
    return end


@dataclass(frozen=True)
class Unit:
    """A word, a token, or a special token. ``part`` as in ``Token``; ``tokens`` are those it is made of."""

    text: str
    part: int | None
    tokens: tuple[int, ...]

    @property
    def special(self) -> bool:
        return self.part is None


def words_of(tokenized: TokenizedText) -> tuple[Unit, ...]:
    """Return the words of a text in the order of their first tokens, special tokens among them."""
    words = [Unit(word.text, word.part, word.tokens) for word in tokenized.words]
    special = [unit for unit in tokens_of(tokenized) if unit.special]
    return tuple(sorted(words + special, key=lambda unit: unit.tokens[0]))


def tokens_of(tokenized: TokenizedText) -> tuple[Unit, ...]:
    """Return every token by itself, named as in the vocabulary."""
    return tuple(Unit(token.text, token.part, (place,)) for place, token in enumerate(tokenized.tokens))


def aggregate_attention(weights: NDArray[np.floating[Any]], units: tuple[Unit, ...]) -> NDArray[np.float64]:
    """Return attention between units from attention between tokens: (…, tokens, tokens) to (…, units, units).

    What is paid to a word is the sum over its tokens; what a word pays is the mean over its tokens (Clark et al.,
    2019), so rows that summed to 1 still do.
    """
    paid = sum_tokens_to_words(weights, units)
    return np.stack([paid[..., list(unit.tokens), :].mean(axis=-2) for unit in units], axis=-2)


def sum_tokens_to_words(scores: NDArray[np.floating[Any]], units: tuple[Unit, ...]) -> NDArray[np.float64]:
    """Return sums over the tokens of each unit: (…, tokens) to (…, units)."""
    members = np.zeros((scores.shape[-1], len(units)))
    for column, unit in enumerate(units):
        members[list(unit.tokens), column] = 1.0
    sums: NDArray[np.float64] = scores.astype(np.float64) @ members
    return sums
