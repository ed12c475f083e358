"""The honest baseline: TF-IDF and logistic regression, trained on the same split as the classifier.

The strength of the regularisation is chosen on the validation part, so that the baseline has the chances the
classifier has, and the test part is used once. Words and pairs of words tell topics apart; runs of 2 to 5 characters
within a word survive typing errors and serve languages written without spaces.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.metrics import Labels, score
from bertdemo.evaluation.report import Scores

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


@dataclass(frozen=True, eq=False)
class Baseline:
    """What the baseline answered on the test part, shape (texts,), how good that is, and how long it took."""

    predicted: Labels
    scores: Scores
    seconds: float


def score_baseline(split: Split) -> Baseline:
    """Train the baseline, and test it on the test part; the seconds are of both."""
    start = time.perf_counter()
    predicted = baseline_predictions(split)
    seconds = time.perf_counter() - start
    return Baseline(predicted, score(split.part("test").labels, predicted, split.dataset.label_names), seconds)


def baseline_predictions(split: Split) -> Labels:
    """Return predicted label of each test text, shape (test texts,); the same split gives the same predictions.

    Where there is nothing to learn from (one label, or no term that occurs often enough) every answer is the
    most frequent label of the training part: what a regression without features would say.
    """
    from threadpoolctl import threadpool_limits

    train, validation = split.part("train"), split.part("validation")
    train = train.select(affordable(train, split.seed))
    labels = np.asarray(train.labels, dtype=np.int64)
    terms = features(len(np.unique(labels)), train, validation, split.part("test"))
    if terms is None or np.all(labels == labels[0]):
        return np.full(len(split.test), np.bincount(labels).argmax(), dtype=np.int64)
    in_train, in_validation, in_test = terms
    # One thread: products this small gain nothing from more, and on a busy machine more are 5× slower.
    with threadpool_limits(limits=1):
        model = _best_model(in_train, labels, in_validation, np.asarray(validation.labels, dtype=np.int64))
        return np.asarray(model.predict(in_test), dtype=np.int64)


def _best_model(
    train: csr_matrix, labels: Labels, validation: csr_matrix, validation_labels: Labels
) -> LogisticRegression:
    """Return the model with the lowest validation loss, which changes smoothly where scores jump by luck."""
    if len(np.unique(labels)) > MANY_LABELS:
        return fit(train, labels, STRENGTHS[1])
    best, lowest = None, np.inf
    for strength in STRENGTHS:
        model = fit(train, labels, strength)
        loss = _log_loss(model, validation, validation_labels)
        if best is not None and loss >= lowest:
            break  # the loss has one minimum along the strengths
        best, lowest = model, loss
    return best


def _log_loss(model: LogisticRegression, terms: csr_matrix, labels: Labels) -> float:
    """Return mean negative log probability (nats) of the true labels that were seen in training."""
    known = np.isin(labels, model.classes_)
    if not known.any():
        return 0.0
    columns = np.searchsorted(model.classes_, labels[known])
    log_probabilities = model.predict_log_proba(terms[known])
    return -float(log_probabilities[np.arange(len(columns)), columns].mean())


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
