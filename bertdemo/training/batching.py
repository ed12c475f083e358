"""Which rows stand together in a batch, and in which order the batches come."""

from __future__ import annotations

import random
from collections.abc import Sequence

from bertdemo.models.encoding import batches_by_length

# Batches are cut from pools of this many batches, sorted by length: enough to make padding rare, few enough that what
# stands together in a batch still changes from epoch to epoch.
_POOL = 50


def shuffled_batches(lengths: Sequence[int], size: int, seed: int) -> list[list[int]]:
    """Return row numbers in batches of similar length, in random order; every row exactly once.

    Args:
        lengths: tokens of each row.
        size: rows of a batch; the last one of a pool may be smaller.
        seed: of the order; equal seeds give equal batches. The number of batches does not depend on it.
    """
    order = random.Random(seed)
    rows = list(range(len(lengths)))
    order.shuffle(rows)
    pools = [rows[i : i + size * _POOL] for i in range(0, len(rows), size * _POOL)]
    batches = [batch for pool in pools for batch in batches_by_length(pool, lengths, size)]
    order.shuffle(batches)
    return batches


def evaluation_steps(batches: int, evaluations: int) -> set[int]:
    """Choose after which of an epoch's batches (from 1) to evaluate: evenly spaced, the last one always."""
    return {round(batches * k / evaluations) for k in range(1, evaluations + 1)} - {0} | {batches}
