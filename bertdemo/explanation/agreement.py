"""How far several explanations of one answer agree: by methods, by baselines, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution

TOP = 3  # words that people remember
# Rank correlations from which explanations are called much alike, and alike in part. Convention, not theory.
MUCH, PARTLY = 0.8, 0.5


@dataclass(frozen=True)
class Agreement:
    """Pairs of explanations held against each other, in the order in which they were given.

    Args:
        correlations: (n, n) Spearman's rank correlation of word scores, of their sizes where one of the two is
            unsigned; NaN where all words have the same score.
        shared: (n, n) the share of the words with the largest scores, by size, that two have in common; of the first
            ``TOP``, or of all where there are fewer.
        sentence: how far they agree, for people.
    """

    correlations: NDArray[np.float64]
    shared: NDArray[np.float64]
    sentence: str


def agree(attributions: Sequence[Attribution]) -> Agreement:
    """Compare explanations of the same text and question.

    Raises:
        ExplanationError: fewer than two of them, of different texts or questions, or of fewer than two words.
    """
    first = attributions[0] if attributions else None
    if first is None or len(attributions) < 2:
        raise ExplanationError("One explanation has nothing to agree with: choose two or more.")
    if len(first.tokenized.words) < 2:
        raise ExplanationError("A text of one word has no order to agree on: type two words or more.")
    if len({(_text(each), each.target, each.against) for each in attributions}) > 1:
        raise ExplanationError("Explanations of different texts or labels cannot agree: choose those of one answer.")
    size = len(attributions)
    correlations, shared = np.eye(size), np.eye(size)
    for a, b in combinations(range(size), 2):
        left, right = attributions[a], attributions[b]
        correlations[a, b] = correlations[b, a] = rank_correlation(*_comparable(left, right))
        shared[a, b] = shared[b, a] = len(top(left) & top(right)) / len(top(left))
    return Agreement(correlations, shared, _sentence(attributions, correlations))


def rank_correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return Spearman's ρ of two scores (words,), ties sharing their mean rank.

    NaN where either is the same everywhere.
    """
    from scipy.stats import rankdata

    ranks = np.array([rankdata(left), rankdata(right)])
    if (np.ptp(ranks, axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def top(attribution: Attribution) -> set[int]:
    """Return the words with the largest scores by size, as indices: ``TOP``, or all where there are fewer."""
    return set(np.argsort(-np.abs(attribution.word_scores), kind="stable")[:TOP].tolist())


def _text(attribution: Attribution) -> tuple[str, str | None, bytes]:
    return attribution.tokenized.text, attribution.tokenized.pair, attribution.tokenized.ids.tobytes()


def _comparable(left: Attribution, right: Attribution) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if left.signed and right.signed:
        return left.word_scores, right.word_scores
    return np.abs(left.word_scores), np.abs(right.word_scores)


def _sentence(attributions: Sequence[Attribution], correlations: NDArray[np.float64]) -> str:
    pairs = correlations[np.triu_indices(len(attributions), k=1)]
    pairs = pairs[~np.isnan(pairs)]
    if not len(pairs):
        return "Nothing can be said of their agreement: to some of them all words are the same."
    median = float(np.median(pairs))
    spread = (
        f"{pairs[0]:.2f}" if len(pairs) == 1 else f"median {median:.2f}, from {pairs.min():.2f} to {pairs.max():.2f}"
    )
    return f"{_how_far(median)} (rank correlation {spread}). {_first_words(attributions)}"


def _how_far(median: float) -> str:
    if median >= MUCH:
        return "They rank the words much alike"
    if median >= PARTLY:
        return "They rank the words alike in part: trust what they share"
    return "They rank the words differently: trust none of them alone"


def _first_words(attributions: Sequence[Attribution]) -> str:
    """Return how many of them give the same word the largest score."""
    firsts = [int(np.abs(each.word_scores).argmax()) for each in attributions]
    most = max(set(firsts), key=firsts.count)
    word = attributions[0].tokenized.words[most].text
    if firsts.count(most) == len(firsts):
        return f"All of them put “{word}” first."
    if firsts.count(most) == 1:
        return "Each of them puts another word first."
    return f"{firsts.count(most)} of {len(firsts)} put “{word}” first."
