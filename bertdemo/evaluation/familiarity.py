"""Whether a text is like those that a classifier was tested on: only of these it is known how often it is right.

A text is unlike them where fewer than one in a hundred shares a plain property of it: its script, its length within a
factor of two, or how much of it the model does not know.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.identity import in_plain_letters

RARE = 0.01  # of the test texts
_SOME = 0.1  # of a text's tokens; where less is unknown, the rest tells what the text says


@dataclass(frozen=True)
class Familiar:
    """The test texts by what can be counted: ``scripts`` (script → texts) and ``lengths`` in characters (texts,)."""

    scripts: Counter[str]
    lengths: NDArray[np.intp]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Familiar:
        """Count the test texts; there is at least one."""
        return cls(Counter(map(main_script, texts)), np.array([len(text) for text in texts]))

    def knows_script(self, text: str) -> bool:
        """Return whether texts in the script of this one were among the tests."""
        return self.scripts[main_script(text)] >= RARE * len(self.lengths)

    def knows_length(self, text: str) -> bool:
        """Return whether texts at least half as long as this one were among the tests."""
        return bool((self.lengths >= len(text) / 2).mean() >= RARE)


def knows_share(unknown_share: float, tested: NDArray[np.floating]) -> bool:
    """Return whether as much was unknown to the model in texts of the tests, whose shares are ``tested`` (texts,)."""
    return bool((tested >= unknown_share).mean() >= RARE)


def is_much(unknown_share: float) -> bool:
    """Return whether so much of a text is unknown to the model that it has to be asked what that was in the tests."""
    return unknown_share >= _SOME


def main_script(text: str) -> str:
    """Return what most letters of a text are written in, by the first word of their Unicode names (LATIN, CJK, THAI).

    Empty where there are no letters. A full-width or mathematical letter is one of its script.
    """
    letters = Counter(character for character in in_plain_letters(text) if character.isalpha())
    scripts = Counter[str]()
    for letter, times in letters.items():
        scripts[unicodedata.name(letter, "").partition(" ")[0]] += times
    return scripts.most_common(1)[0][0] if scripts else ""
