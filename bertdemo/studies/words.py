"""What many attributions say together: for each word a mean, its spread, and an interval that counts its chances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.attribution import TINY
from bertdemo.explanation.tokenized_text import words_in
from bertdemo.studies.records import Explained, Kind, WordFinding

GROUPS: dict[Kind, str] = {
    "number": "any number", "handle": "any @handle", "tag": "any #tag", "address": "any web address",
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """A word, or all of one kind where ``key`` is empty."""

    kind: Kind
    key: str = ""

    @property
    def group(self) -> bool:
        return not self.key

    @property
    def formal(self) -> bool:
        """Whether it says nothing by its meaning: its form alone gives it away as an unlikely reason."""
        return self.kind != "word"


def kind_of(word: str) -> Kind:
    """Return what a word looks like.

    A number is whatever contains a digit, a mark what contains neither letter nor digit.
    """
    if word.startswith(("http://", "https://")):
        return "address"
    if len(word) > 1 and word[0] in "@#":
        return "handle" if word[0] == "@" else "tag"
    if any(character.isdigit() for character in word):
        return "number"
    return "word" if any(character.isalpha() for character in word) else "mark"


def terms_of(word: str) -> tuple[Term, ...]:
    """Return what a word counts as: itself in any case, and its group where its kind has one."""
    kind = kind_of(word)
    return (Term(kind, word.casefold()), *([Term(kind)] if kind in GROUPS else []))


def terms_in(texts: Iterable[str]) -> set[Term]:
    """Return the terms of a text (with its pair), found without a model."""
    return {term for text in texts for word in words_in(text) for term in terms_of(word)}


FEWEST = 5  # texts; what fewer contain is shown, and not compared
_LEVEL = 0.05
# Beside the number of certified texts, where it is not all of them.
NEVER_CERTIFIED = (
    f"No text is certified whose output is within {TINY:g} logits of its baseline's: shares of so little mislead."
)


class Tally:
    """The scores of one term: a sum for each text that contains it."""

    def __init__(self) -> None:
        self.scores: dict[int, float] = {}
        self.written: Counter[str] = Counter()

    def add(self, place: int, written: str, score: float) -> None:
        self.scores[place] = self.scores.get(place, 0.0) + score
        self.written[written] += 1


def tally(explained: Sequence[Explained]) -> dict[Term, Tally]:
    """Return the scores of every term in these texts."""
    found: dict[Term, Tally] = {}
    for text in explained:
        for word in text.words:
            for term in terms_of(word.text):
                found.setdefault(term, Tally()).add(text.place, word.text, word.score)
    return {term: each for term, each in found.items() if not _only_one(term, each)}


def _only_one(term: Term, found: Tally) -> bool:
    """Return whether a group consists of one word alone, which is told by itself."""
    return term.group and len({written.casefold() for written in found.written}) == 1


def findings(tallies: dict[Term, Tally]) -> dict[Term, WordFinding]:
    """Return one for each term in at least two texts, those in ``FEWEST`` and more first, the strongest of them first.

    Words are compared by the end of their interval that is nearest to zero: a word that was lucky in a few texts has a
    wide one and does not come first.
    """
    told = {term: each for term, each in tallies.items() if len(each.scores) > 1}
    compared = count_compared(tallies)
    found = {term: _finding(term, each, compared) for term, each in told.items()}
    return dict(sorted(found.items(), key=lambda item: _rank(item[1])))


def count_compared(tallies: dict[Term, Tally]) -> int:
    """Return how many terms stand in enough texts to be compared: so many intervals have to hold at once."""
    return sum(len(each.scores) >= FEWEST for each in tallies.values())


def _finding(term: Term, found: Tally, compared: int) -> WordFinding:
    places = sorted(found.scores, key=lambda place: (-found.scores[place], place))
    scores = np.array([found.scores[place] for place in places])
    few = len(scores) < FEWEST
    low, high = (None, None) if few else mean_interval(scores, _LEVEL / compared)
    return WordFinding(
        text=GROUPS[term.kind] if term.group else found.written.most_common(1)[0][0],
        kind=term.kind, group=term.group, texts=len(scores), occurrences=found.written.total(),
        mean=float(scores.mean()), spread=float(scores.std(ddof=1)), low=low, high=high,
        pushing=float((scores > 0).mean()), few=few,
        examples=tuple(dict.fromkeys((places[0], places[len(places) // 2], places[-1]))),
    )  # fmt: skip


def mean_interval(scores: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Return Student's interval of a mean that is missed with the chance ``level``, texts taken as independent.

    Args:
        scores: (texts,), at least two.
        level: 0 to 1.
    """
    from scipy.special import stdtrit

    half = -float(stdtrit(len(scores) - 1, level / 2)) * float(scores.std(ddof=1)) / len(scores) ** 0.5
    return float(scores.mean()) - half, float(scores.mean()) + half


def surely(finding: WordFinding) -> float:
    """Return the end of the interval nearest to zero, or 0 where zero lies within or few texts contain the word."""
    if finding.low is None or finding.high is None:
        return 0.0
    return max(finding.low, 0.0) + min(finding.high, 0.0)


def _rank(finding: WordFinding) -> tuple[bool, float, float, str]:
    return finding.few, -abs(surely(finding)), -abs(finding.mean), finding.text
