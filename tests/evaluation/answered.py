"""Answers of made-up classifiers, as property tests draw them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from bertdemo.prediction.predict import softmax


@st.composite
def logits_and_truth(draw: st.DrawFn, *, min_texts: int = 1, max_texts: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Logits (texts, labels) in float32 with many ties, and true labels (texts,)."""
    n, k = draw(st.integers(min_texts, max_texts)), draw(st.integers(2, 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    digits = draw(st.sampled_from([0, 1, 6]))  # rounded logits are often equal
    spread = draw(st.sampled_from([0.1, 2.0, 30.0]))
    logits = generator.normal(0, spread, (n, k)).round(digits).astype(np.float32)
    truth = np.where(generator.random(n) < 0.6, logits.argmax(axis=1), generator.integers(0, k, n))
    return logits, truth.astype(np.int64)


def simulated(n: int, *, seed: int, temperature: float = 1.0, n_labels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax at ``temperature`` is the chance of each label, and labels drawn by it."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, (n, n_labels))
    shares = softmax(logits).cumsum(axis=1)
    truth = (generator.random(n)[:, None] > shares).sum(axis=1).clip(0, n_labels - 1)
    return logits * temperature, truth
