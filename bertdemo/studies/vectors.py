"""Where texts lie for a model: the vector of the first token in the last layer, and a flat picture of many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bertdemo.models.encoding import batches_by_length, collate, encode
from bertdemo.prediction.predict import autocast
from bertdemo.studies.records import View

if TYPE_CHECKING:
    from bertdemo.models.classifier import Classifier
    from bertdemo.models.devices import Placement

_BATCH = 16  # texts; a batch of 512 tokens each takes less than a second, and a cancel is heard after it
_ROWS_AT_ONCE = 256  # of the table of similarities

Floats = NDArray[np.float64]


def first_token_vectors(
    classifier: Classifier,
    texts: Sequence[str],
    pairs: Sequence[str] | None,
    placement: Placement,
    report: Callable[[int], None],
) -> NDArray[np.float32]:
    """Return the last layer's vector of the first token ([CLS]), before any pooling: (texts, width).

    Where texts are filled up on the left, of the last token, which the head of such architectures reads.

    ``report`` is told how many texts are done after each batch, and may end the work with an error of its own.
    """
    import torch

    placement, token = classifier.suit(placement), -1 if classifier.padding == "left" else 0
    with classifier.lock:
        encoded = encode(classifier, texts, pairs)
        classifier.model.to(placement.device)  # type: ignore[arg-type]
    vectors, done = np.zeros((len(encoded), 0), np.float32), 0
    for rows in batches_by_length(range(len(encoded)), encoded.lengths, _BATCH, classifier.padding):
        inputs = collate(classifier, encoded, rows)
        with classifier.lock, torch.inference_mode(), autocast(placement):
            states = classifier.model.base_model(**{name: each.to(placement.device) for name, each in inputs.items()})
        first = states.last_hidden_state[:, token].float().cpu().numpy()
        if not done:
            vectors = np.zeros((len(encoded), first.shape[1]), np.float32)
        vectors[rows] = first
        done += len(rows)
        report(done)
    return vectors


def flatten(vectors: NDArray[np.floating]) -> tuple[Floats, tuple[float, float]]:
    """Return principal component analysis (Pearson 1901) to two dimensions.

    Args:
        vectors: (texts, width), at least one text.

    Returns:
        Coordinates (texts, 2), around 0, and the shares of the variance on the two axes. The sign of a component, which
        is arbitrary, is chosen so that its largest loading is positive: the same vectors give the same picture.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    found = np.zeros((len(vectors), 2))
    for axis in range(min(2, len(sizes))):
        sign = np.sign(right[axis, np.abs(right[axis]).argmax()]) or 1.0
        found[:, axis] = sign * sizes[axis] * left[:, axis]
    total = float((sizes**2).sum())
    shares = [float(size**2) / total if total > 0 else 0.0 for size in (*sizes, 0.0, 0.0)[:2]]
    return found, (shares[0], shares[1])


def judge(vectors: NDArray[np.floating], labels: NDArray[np.int64]) -> tuple[Floats, View]:
    """Return the coordinates (texts, 2), and how far they and the vectors tell the labels apart."""
    coordinates, explained = flatten(vectors)
    counts, others = np.bincount(labels), max(1, len(labels) - 1)  # no text is its own neighbour
    chance = float((counts * (counts - 1)).sum()) / (len(labels) * others)
    return coordinates, View(explained, neighbours_alike(vectors, labels), chance)


def neighbours_alike(vectors: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Return the share of texts whose nearest neighbour by cosine, in all dimensions, has their label."""
    if len(vectors) < 2:
        return 0.0
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.where(lengths > 0, lengths, 1.0)
    alike = 0
    for start in range(0, len(directions), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(directions)))
        similar = directions[rows] @ directions.T
        similar[np.arange(len(rows)), rows] = -np.inf
        alike += int((labels[similar.argmax(axis=1)] == labels[rows]).sum())
    return alike / len(vectors)
