"""The honest baseline: TF-IDF and logistic regression, trained on the same split as the classifier.

Words and pairs of words tell topics apart; runs of 2 to 5 characters within a word survive typing errors and
serve languages written without spaces. The strength of the regularisation is chosen on the validation part,
so that the baseline has the chances the classifier has, and the test part is used once.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.metrics import score
from bertdemo.evaluation.report import Scores

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

Labels = npt.NDArray[np.int64]

_STRENGTHS = (2.0, 8.0, 32.0)  # inverse regularisation C, from simple to flexible
_MANY_LABELS = 50  # beyond these, time allows one strength and fewer iterations only
_PAIR_SEPARATOR = " ¦ "
_MANY_TEXTS = 1000  # from here on a term must occur in two texts: most of the others never occur again
# Bounds on memory and time; the built-in data sets stay far below all three.
_MAX_TEXT = 2000  # characters of one text, about four times what 128 tokens hold
_MAX_CHARACTERS = 10_000_000  # of all training texts; of a larger set a random sample is used
_MAX_WEIGHTS = 2_000_000  # terms × labels; the solver keeps some 25 numbers for each


def score_baseline(split: Split) -> tuple[Scores, float]:
    """Scores of the baseline on the test part, and the seconds that training and predicting took."""
    start = time.perf_counter()
    predicted = baseline_predictions(split)
    seconds = time.perf_counter() - start
    return score(split.part("test").labels, predicted, split.dataset.label_names), seconds


def baseline_predictions(split: Split) -> Labels:
    """Predicted label of each test text, shape (test texts,); the same split gives the same predictions.

    Where there is nothing to learn from (one label, or no term that occurs often enough) every answer is the
    most frequent label of the training part: what a regression without features would say.
    """
    from threadpoolctl import threadpool_limits

    train, validation = _affordable(split.part("train"), split.seed), split.part("validation")
    labels = np.asarray(train.labels, dtype=np.int64)
    features = _features(len(np.unique(labels)), *map(_documents, (train, validation, split.part("test"))))
    if features is None or np.all(labels == labels[0]):
        return np.full(len(split.test), np.bincount(labels).argmax(), dtype=np.int64)
    in_train, in_validation, in_test = features
    # One thread: products this small gain nothing from more, and on a busy machine more are 5× slower.
    with threadpool_limits(limits=1):
        model = _best_model(in_train, labels, in_validation, np.asarray(validation.labels, dtype=np.int64))
        return np.asarray(model.predict(in_test), dtype=np.int64)


def _affordable(train: Dataset, seed: int) -> Dataset:
    share = _MAX_CHARACTERS / max(1, sum(map(len, _documents(train))))
    if share >= 1:
        return train
    rows = np.random.default_rng(seed).permutation(len(train))[: int(share * len(train))]
    return train.select(rows.tolist())


def _documents(part: Dataset) -> list[str]:
    """One bounded text a row; the two texts of a pair are joined."""
    if part.pairs is None:
        return [text[:_MAX_TEXT] for text in part.texts]
    half = _MAX_TEXT // 2
    rows = zip(part.texts, part.pairs, strict=True)
    return [text[:half] + _PAIR_SEPARATOR + pair[:half] for text, pair in rows]


def _features(n_labels: int, train: Sequence[str], *others: Sequence[str]) -> list[csr_matrix] | None:
    """TF-IDF matrices (texts, terms) of each part, by the terms of the training part; None without terms."""
    from scipy.sparse import hstack

    blocks = []
    for vectorizer in _vectorizers(len(train), n_labels):
        try:
            fitted = vectorizer.fit_transform(train)
        except ValueError:  # scikit-learn's word for an empty vocabulary
            continue
        blocks.append([fitted, *(vectorizer.transform(texts) for texts in others)])
    return [hstack(part, format="csr") for part in zip(*blocks, strict=True)] or None


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


def _best_model(
    train: csr_matrix, labels: Labels, validation: csr_matrix, validation_labels: Labels
) -> LogisticRegression:
    """The model with the lowest validation loss, which changes smoothly where scores jump by luck."""
    if len(np.unique(labels)) > _MANY_LABELS:
        return _fit(train, labels, _STRENGTHS[1], max_iter=30)
    best, lowest = None, np.inf
    for strength in _STRENGTHS:
        model = _fit(train, labels, strength, max_iter=100)
        loss = _log_loss(model, validation, validation_labels)
        if best is not None and loss >= lowest:
            break  # the loss has one minimum along the strengths
        best, lowest = model, loss
    return best


def _fit(features: csr_matrix, labels: Labels, strength: float, max_iter: int) -> LogisticRegression:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    tolerance = 2e-3 / len(np.unique(labels))  # of a gradient that is spread over the labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early, it is a little simpler, not wrong
        return LogisticRegression(C=strength, tol=tolerance, max_iter=max_iter).fit(features, labels)


def _log_loss(model: LogisticRegression, features: csr_matrix, labels: Labels) -> float:
    """Mean negative log probability (nats) of the true labels that were seen in training."""
    known = np.isin(labels, model.classes_)
    if not known.any():
        return 0.0
    columns = np.searchsorted(model.classes_, labels[known])
    log_probabilities = model.predict_log_proba(features[known])
    return -float(log_probabilities[np.arange(len(columns)), columns].mean())
