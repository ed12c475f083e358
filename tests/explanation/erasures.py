"""Sets of words, and the tables in which the library wants them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import TokenizedText


def erased_table(tokenized: TokenizedText, sets: Iterable[Collection[int]]) -> NDArray[np.bool_]:
    """Sets of words as rows of a table: (sets, words), true where the word is in the set."""
    rows = [[word in each for word in range(len(tokenized.words))] for each in sets]
    return np.array(rows, dtype=np.bool_).reshape(-1, len(tokenized.words))
