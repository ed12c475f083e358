"""The honest baseline: TF-IDF and logistic regression, trained on the same split as the classifier.

The strength of the regularisation is chosen on the validation part, so that the baseline has the chances the
classifier has, and the test part is used once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.data.dataset import Split
from bertdemo.evaluation.answers import Labels
from bertdemo.evaluation.bag_of_words import MANY_LABELS, STRENGTHS, affordable, features, fit
from bertdemo.evaluation.metrics import score
from bertdemo.evaluation.report import Scores

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression


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
