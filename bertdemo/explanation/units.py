"""What attention is shown between: words as they were written, or the pieces that the model reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import TokenizedText


@dataclass(frozen=True)
class Unit:
    """A word, a piece of one, or a special token. ``part`` as in ``Token``; ``tokens`` are those it is made of."""

    text: str
    part: int | None
    tokens: tuple[int, ...]

    @property
    def special(self) -> bool:
        return self.part is None


def words_of(tokenized: TokenizedText) -> tuple[Unit, ...]:
    """Return the words of a text in the order of their first tokens, special tokens among them."""
    words = [Unit(word.text, word.part, word.tokens) for word in tokenized.words]
    special = [unit for unit in pieces_of(tokenized) if unit.special]
    return tuple(sorted(words + special, key=lambda unit: unit.tokens[0]))


def pieces_of(tokenized: TokenizedText) -> tuple[Unit, ...]:
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
