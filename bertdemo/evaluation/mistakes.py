"""Texts to read again: test texts behind the figures, and training texts whose label looks wrong.

The latter by confident learning (Northcutt, Jiang and Chuang 2021). The judge is the baseline, TF-IDF with logistic
regression, in five folds: no text is judged by a model that saw its label. It is another kind of model than the
classifier, and fast enough to be asked when somebody wants to know.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.baseline import STRENGTHS, affordable, features, fit
from bertdemo.evaluation.metrics import Floats, Labels, Mask

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOLDS = 5
METHOD = (
    "confident learning (Northcutt et al. 2021): off-diagonal of the confident joint, ranked by the margin of the "
    f"suggested label, on out-of-fold probabilities ({FOLDS} folds) of TF-IDF + logistic regression"
)


@dataclass(frozen=True)
class Example:
    """One test text and what was said about it.

    ``place`` counts from 0 within the test part; ``confidence`` is the probability of ``predicted``.
    """

    place: int
    text: str
    pair: str | None
    truth: str
    predicted: str
    confidence: float
    probability_of_truth: float


def confident_errors(probabilities: Floats, part: Dataset, limit: int) -> tuple[Example, ...]:
    """Return at most ``limit`` wrong answers, the most confident first; there labels are often wrong.

    Args:
        probabilities: shape (texts, labels), in the order of ``part``.
        part: the test part, with its true labels.
        limit: how many at most.
    """
    wrong = probabilities.argmax(axis=1) != np.asarray(part.labels)
    return _examples(probabilities, part, wrong)[:limit]


def behind_cell(probabilities: Floats, part: Dataset, truth: int, predicted: int) -> tuple[Example, ...]:
    """Return all texts of the label ``truth`` that were called ``predicted``, the most confident first.

    Arrays as above.
    """
    labels: Labels = np.asarray(part.labels)
    return _examples(probabilities, part, (labels == truth) & (probabilities.argmax(axis=1) == predicted))


def _examples(probabilities: Floats, part: Dataset, chosen: Mask) -> tuple[Example, ...]:
    places = np.flatnonzero(chosen)
    order = places[np.argsort(-probabilities[places].max(axis=1), kind="stable")]
    return tuple(_example(probabilities[place], part, place) for place in order.tolist())


def _example(shares: Floats, part: Dataset, place: int) -> Example:
    label, called = part.labels[place], int(shares.argmax())
    return Example(
        place=place,
        text=part.texts[place],
        pair=part.pairs[place] if part.pairs else None,
        truth=part.label_names[label],
        predicted=part.label_names[called],
        confidence=float(shares[called]),
        probability_of_truth=float(shares[label]),
    )


@dataclass(frozen=True)
class Suspect:
    """A training text that looks like ``suggested``. ``row`` counts from 0 in the cleaned data.

    The probabilities are the judge's; the lower that of the label is, and the higher the other, the more suspect.
    """

    row: int
    text: str
    pair: str | None
    label: str
    suggested: str
    probability_of_label: float
    probability_of_suggested: float


@dataclass(frozen=True)
class Suspects:
    """The most suspect first. ``judged`` counts the texts looked at, ``n`` all suspects, ``method`` names how."""

    judged: int
    n: int
    suspects: tuple[Suspect, ...]
    method: str = METHOD


def mislabelled(split: Split, limit: int = 1000) -> Suspects:
    """Return training texts to read again; a suspect is a reason to look and no proof.

    Takes somewhat longer than the baseline. The same split gives the same suspects. Where there is nothing to learn
    from (one label, or no words), nothing is suspect.

    Tried with 5 % of the labels swapped at random: it found 70 % of those among the built-in text messages, and 96 % of
    its suspects were swapped; 65 % among the tweets, where 29 % were (many others are doubtful, too), and 48 % of the
    most suspect 575, as many as were swapped.

    Args:
        split: whose training part is judged (of very many characters, a random part of it).
        limit: at most so many are listed.
    """
    rows = _judged_rows(split)
    part = split.dataset.select(rows)
    labels: Labels = np.asarray(part.labels, dtype=np.int64)
    n_labels = len(np.unique(labels))
    terms = features(n_labels, part) if n_labels > 1 else None
    if terms is None:
        return Suspects(len(part), 0, ())
    probabilities = _out_of_fold(terms[0], labels, len(part.label_names), split.seed)
    places, suggested = confident_off_diagonal(probabilities, labels)
    margin = probabilities[places, labels[places]] - probabilities[places, suggested]
    order = np.argsort(margin, kind="stable")[:limit]
    found = tuple(
        Suspect(
            row=rows[place],
            text=part.texts[place],
            pair=part.pairs[place] if part.pairs else None,
            label=part.label_names[labels[place]],
            suggested=part.label_names[other],
            probability_of_label=float(probabilities[place, labels[place]]),
            probability_of_suggested=float(probabilities[place, other]),
        )
        for place, other in zip(places[order].tolist(), suggested[order].tolist(), strict=True)
    )
    return Suspects(len(part), len(places), found)


def confident_off_diagonal(probabilities: Floats, labels: Labels) -> tuple[Labels, Labels]:
    """Return texts that are confidently of another label than theirs: their places, and that label, shapes (suspects,).

    The threshold of a label is the mean probability that it has among the texts that carry it. A text is confidently of
    the most probable label among those that reach their thresholds, if any does (Northcutt et al. 2021, equation 1).

    Args:
        probabilities: out of fold, shape (texts, labels).
        labels: as given, shape (texts,).
    """
    carried = labels[:, None] == np.arange(probabilities.shape[1])
    counts = carried.sum(axis=0)
    sums = (probabilities * carried).sum(axis=0)
    thresholds = np.divide(sums, counts, out=np.full(len(counts), np.inf), where=counts > 0)
    reached = np.where(probabilities >= thresholds, probabilities, -1.0)
    best = reached.argmax(axis=1)
    places = np.flatnonzero((reached.max(axis=1) >= 0) & (best != labels))
    return places, best[places]


def _judged_rows(split: Split) -> list[int]:
    """Return training rows of labels with two texts or more: the judge of an only one would not know its label."""
    rows = [split.train[i] for i in affordable(split.part("train"), split.seed)]
    counts = Counter(split.dataset.labels[row] for row in rows)
    return [row for row in rows if counts[split.dataset.labels[row]] > 1]


def _out_of_fold(terms: csr_matrix, labels: Labels, n_labels: int, seed: int) -> Floats:
    """Return probabilities (texts, labels) of each text by a model of the other folds.

    TF-IDF comes from all texts, but knows no label, so that no text's label reaches its own judge.
    """
    from threadpoolctl import threadpool_limits

    probabilities = np.zeros((len(labels), n_labels))
    folds = _folds(labels, seed)
    with threadpool_limits(limits=1):  # as for the baseline
        for fold in range(FOLDS):
            inside = folds == fold
            if inside.any():
                model = fit(terms[~inside], labels[~inside], STRENGTHS[0])
                probabilities[np.ix_(inside, model.classes_)] = model.predict_proba(terms[inside])
    return probabilities


def _folds(labels: Labels, seed: int) -> Labels:
    """Return a fold for each text, with each label spread evenly over the folds."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), dtype=np.int64)
    folds[by_label] = np.arange(len(labels)) % FOLDS
    return folds
