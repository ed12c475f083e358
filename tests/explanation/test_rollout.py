"""Attention rollout against a sum over all paths, one by one."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bertdemo.explanation.rollout import rollout


def random_weights(layers: int, heads: int, tokens: int, seed: int) -> NDArray[np.float32]:
    weights = np.random.default_rng(seed).exponential(size=(layers, heads, tokens, tokens))
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def share_by_paths(weights: NDArray[np.float32], reader: int, source: int) -> float:
    """Sum over all paths from ``source`` up to ``reader`` of the product of their steps."""
    layers, _, tokens, _ = weights.shape
    total = 0.0
    for between in itertools.product(range(tokens), repeat=layers - 1):
        path, product = (source, *between, reader), 1.0
        for layer, (lower, upper) in enumerate(itertools.pairwise(path)):
            product *= 0.5 * float(weights[layer, :, upper, lower].mean()) + (0.5 if upper == lower else 0.0)
        total += product
    return total


@given(layers=st.integers(1, 3), heads=st.integers(1, 3), tokens=st.integers(1, 4), seed=st.integers(0, 999))
def test_it_is_the_sum_over_all_paths_through_the_layers(layers: int, heads: int, tokens: int, seed: int):
    weights = random_weights(layers, heads, tokens, seed)
    for layer, row in enumerate(rollout(weights)):
        expected = [share_by_paths(weights[: layer + 1], 0, source) for source in range(tokens)]
        assert np.allclose(row, expected, atol=1e-6)


@given(layers=st.integers(1, 12), tokens=st.integers(1, 20), seed=st.integers(0, 999))
def test_shares_sum_to_1_and_the_mean_of_all_readers_is_none(layers: int, tokens: int, seed: int):
    weights = random_weights(layers, 2, tokens, seed)
    shares = rollout(weights)
    assert shares.shape == (layers, tokens)
    assert (shares >= 0).all()
    assert np.allclose(shares.sum(axis=-1), 1, atol=1e-6)
    readers = np.mean([rollout(weights, read_at=reader) for reader in range(tokens)], axis=0)
    assert np.allclose(rollout(weights, read_at=None), readers)


def test_a_model_that_looks_at_itself_alone_carries_nothing():
    weights = np.broadcast_to(np.eye(5, dtype=np.float32), (4, 2, 5, 5))
    assert np.array_equal(rollout(weights), np.eye(5)[[0, 0, 0, 0]])
