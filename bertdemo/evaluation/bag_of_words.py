"""Bags of words: TF-IDF of words and characters, and a logistic regression on them.

Words and pairs of words tell topics apart; runs of 2 to 5 characters within a word survive typing errors and
serve languages written without spaces.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.data.dataset import Dataset
from bertdemo.evaluation.answers import Labels

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

STRENGTHS = (2.0, 8.0, 32.0)  # inverse regularisation C, from simple to flexible
MANY_LABELS = 50  # beyond these, time allows one strength and fewer iterations only
_PAIR_SEPARATOR = " ¦ "
_MANY_TEXTS = 1000  # from here on a term must occur in two texts: most of the others never occur again
# Bounds on memory and time; the built-in data sets stay far below all three.
_MAX_TEXT = 2000  # characters of one text, about four times what 128 tokens hold
_MAX_CHARACTERS = 10_000_000  # of all training texts; of a larger set a random sample is used
_MAX_WEIGHTS = 2_000_000  # terms × labels; the solver keeps some 25 numbers for each


def affordable(train: Dataset, seed: int) -> list[int]:
    """Return the rows of ``train`` to learn from: all, or of very many characters a random sample."""
    share = _MAX_CHARACTERS / max(1, sum(map(len, _documents(train))))
    if share >= 1:
        return list(range(len(train)))
    rows: list[int] = np.random.default_rng(seed).permutation(len(train))[: int(share * len(train))].tolist()
    return rows


def features(n_labels: int, train: Dataset, *others: Dataset) -> list[csr_matrix] | None:
    """Return TF-IDF matrices (texts, terms) of each part, by the terms of the training part; None without terms.

    The labels have no say in them, only their number, which bounds that of the terms.
    """
    from scipy.sparse import hstack

    blocks = []
    for vectorizer in _vectorizers(len(train), n_labels):
        try:
            fitted = vectorizer.fit_transform(_documents(train))
        except ValueError:  # scikit-learn's word for an empty vocabulary
            continue
        blocks.append([fitted, *(vectorizer.transform(_documents(part)) for part in others)])
    return [hstack(part, format="csr") for part in zip(*blocks, strict=True)] or None


def fit(terms: csr_matrix, labels: Labels, strength: float) -> LogisticRegression:
    """Return a regression from TF-IDF rows (texts, terms) to labels (texts,), of which there are two or more."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    n_labels = len(np.unique(labels))
    tolerance = 2e-3 / n_labels  # of a gradient that is spread over the labels
    most = 30 if n_labels > MANY_LABELS else 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early, it is a little simpler, not wrong
        return LogisticRegression(C=strength, tol=tolerance, max_iter=most).fit(terms, labels)


def _documents(part: Dataset) -> list[str]:
    """Return one bounded text a row; the two texts of a pair are joined."""
    if part.pairs is None:
        return [text[:_MAX_TEXT] for text in part.texts]
    half = _MAX_TEXT // 2
    rows = zip(part.texts, part.pairs, strict=True)
    return [text[:half] + _PAIR_SEPARATOR + pair[:half] for text, pair in rows]


def _vectorizers(n_texts: int, n_labels: int) -> list[TfidfVectorizer]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    shared = {
        "sublinear_tf": True,
        "dtype": np.float32,
        "min_df": 2 if n_texts >= _MANY_TEXTS else 1,
        "max_features": max(1000, _MAX_WEIGHTS // n_labels // 2),
    }
    return [
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+", **shared),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared),
    ]
