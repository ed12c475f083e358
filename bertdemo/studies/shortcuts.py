"""Words that look like shortcuts: they move the answers and stand nearly only in one label's texts; what if masked?

A word that is a good reason looks the same from here: nobody but a reader can tell "great" from an airline's handle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.comparison import compare
from bertdemo.explanation.tokenized_text import TokenizedText
from bertdemo.studies.records import Masked, Shortcut, WordFinding
from bertdemo.studies.words import Term, surely, terms_in, terms_of

RATIO = 3.0  # how many times as often a shortcut stands in texts of its label as in others
MOST = 12  # words that are masked
MOST_TEXTS = 300  # in which a word is masked, a random sample of more
_LEVEL = 0.05
_SEED = 0

# Readings, and which words of each are masked (words,), → logits of each: (texts, labels).
Predict = Callable[[Sequence[TokenizedText], Sequence[NDArray[np.bool_]]], NDArray[np.float32]]
Read = Callable[[int], TokenizedText]  # of a place in the test part


@dataclass(frozen=True)
class Spread:
    """In how many training texts of the label and of others a word stands, and how likely that is by chance."""

    in_label: int
    label_texts: int
    in_others: int
    other_texts: int
    p_value: float

    @property
    def is_uneven(self) -> bool:
        """Whether it is rare elsewhere, and chance hardly explains it."""
        return self.p_value < _LEVEL and self.in_label * self.other_texts >= RATIO * self.in_others * self.label_texts


def suspects(found: Mapping[Term, WordFinding], train: Dataset, label: int) -> dict[Term, Spread]:
    """Return the words that surely speak for the label and are rare in training texts of others.

    Formal ones come first.
    """
    strong = [term for term, finding in found.items() if surely(finding) > 0]
    spreads = dict(zip(strong, _spreads(strong, train, label), strict=True))
    order = sorted((term for term in strong if spreads[term].is_uneven), key=lambda term: not term.formal)
    return {term: spreads[term] for term in order}


def masked_effects(
    chosen: Mapping[Term, Spread],
    found: Mapping[Term, WordFinding],
    test: Dataset,
    label: int,
    read: Read,
    predict: Predict,
) -> Iterator[Shortcut]:
    """Mask each word in every test text that has it, of whatever label, and ask the classifier again."""
    places, ask = _places(chosen, test), _Asked(predict)
    for term, spread in chosen.items():
        masked = _masked(term, places[term], test, label, read, ask, len(chosen))
        if masked:
            yield Shortcut(
                found[term], term.formal, spread.in_label, spread.label_texts, spread.in_others, spread.other_texts,
                spread.p_value, masked,
            )  # fmt: skip


def _spreads(terms: Sequence[Term], train: Dataset, label: int) -> Iterator[Spread]:
    from scipy.stats import hypergeom

    wanted, counts = set(terms), {True: Counter[Term](), False: Counter[Term]()}
    for row, own in enumerate(train.labels):
        counts[own == label].update(terms_in(_texts(train, row)) & wanted)
    ours = sum(own == label for own in train.labels)
    others = len(train) - ours
    for term in terms:
        inside, outside = counts[True][term], counts[False][term]
        chance = float(hypergeom.sf(inside - 1, len(train), ours, inside + outside)) if inside else 1.0
        yield Spread(inside, ours, outside, others, min(1.0, chance * len(terms)))


def _places(terms: Mapping[Term, Spread], test: Dataset) -> dict[Term, list[int]]:
    """For each term the places of the test texts that contain it, at most ``MOST_TEXTS``."""
    places: dict[Term, list[int]] = {term: [] for term in terms}
    for row in range(len(test)):
        for term in terms_in(_texts(test, row)) & places.keys():
            places[term].append(row)
    generator = np.random.default_rng(_SEED)
    for term, rows in places.items():
        if len(rows) > MOST_TEXTS:
            places[term] = sorted(generator.choice(rows, MOST_TEXTS, replace=False).tolist())
    return places


class _Asked:
    """Labels with and without words masked; a text that has several of the words is asked once as it is."""

    def __init__(self, predict: Predict) -> None:
        self.predict = predict
        self.known: dict[int, int] = {}

    def labels(
        self, readings: Mapping[int, TokenizedText], words: Mapping[int, NDArray[np.bool_]]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the labels before and after masking these words of the texts at these places: (texts,) each."""
        new = [place for place in readings if place not in self.known]
        texts = [*(readings[place] for place in new), *readings.values()]
        masked = [*(np.zeros_like(words[place]) for place in new), *(words[place] for place in readings)]
        labels = self.predict(texts, masked).argmax(axis=1)
        self.known.update(zip(new, labels[: len(new)].tolist(), strict=True))
        return np.array([self.known[place] for place in readings]), labels[len(new) :]


def _masked(
    term: Term, places: Sequence[int], test: Dataset, label: int, read: Read, ask: _Asked, tests: int
) -> Masked | None:
    """Return what masking does to the answers; None where the model reads the word in no test text."""
    readings = {place: read(place) for place in places}
    words = {place: words_of(tokenized, term) for place, tokenized in readings.items()}
    kept = [place for place in places if words[place].any()]
    if not kept:
        return None
    before, after = ask.labels({place: readings[place] for place in kept}, words)
    truth = np.array([test.labels[place] for place in kept])
    compared = compare(truth, after, before)
    return Masked(
        texts=len(kept), of_label=int((truth == label).sum()),
        right_before=int((before == truth).sum()), right_after=int((after == truth).sum()),
        called_before=int((before == label).sum()), called_after=int((after == label).sum()),
        change=compared.difference, low=compared.difference_interval.low, high=compared.difference_interval.high,
        p_value=min(1.0, tests * compared.p_value),
    )  # fmt: skip


def words_of(tokenized: TokenizedText, term: Term) -> NDArray[np.bool_]:
    """Return which words of a text the term stands for: (words,)."""
    return np.array([term in terms_of(word.text) for word in tokenized.words], dtype=np.bool_)


def _texts(part: Dataset, row: int) -> tuple[str, ...]:
    return (part.texts[row],) if part.pairs is None else (part.texts[row], part.pairs[row])
