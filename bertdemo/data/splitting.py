"""The seeded, stratified split in which the same text never stands in two parts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeVar

from bertdemo.data.dataset import NO_LABEL, Dataset, Split
from bertdemo.data.identity import Key, keys
from bertdemo.errors import DataError

Fractions = tuple[float, float, float]
_Item = TypeVar("_Item")


def split(
    dataset: Dataset, *, seed: int, max_train: int | None = None, fractions: Fractions = (0.8, 0.1, 0.1)
) -> Split:
    """Divide a cleaned data set into train, validation and test.

    The order within a label comes from a hash of seed and text, so the same texts fall into the same parts on
    every machine and in whatever order the file has them. Rows with the same normalised text form one group,
    which stays in one part; rows without a label are in none. A label with 3 or more groups is in every part.

    Args:
        dataset: the result of ``clean`` (any other is split with the same guarantee, but badly balanced).
        seed: which of the possible splits.
        max_train: at most so many training rows, with the shares of the labels kept and no label lost.
        fractions: of train, validation and test; they sum to 1.

    Raises:
        DataError: ``max_train`` is less than the number of labels, or there are too few texts for 3 parts.
    """
    if min(fractions) <= 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"three positive fractions that sum to 1 are needed, not {fractions}")
    row_keys = keys(dataset)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for groups in _groups_by_label(dataset, row_keys).values():
        ordered = sorted(groups, key=lambda group: _rank(seed, row_keys[group[0]]))
        for part, chosen in zip(parts, _deal(ordered, fractions), strict=True):
            part.extend(row for group in chosen for row in group)
    train, validation, test = parts
    if not (train and validation and test):
        raise DataError("There are too few texts for a train, a validation and a test part: add some under each label.")
    if max_train is not None and max_train < len(train):
        train = _subsample(dataset, train, max_train)
    return Split(dataset, tuple(sorted(train)), tuple(sorted(validation)), tuple(sorted(test)), seed)


def _groups_by_label(dataset: Dataset, row_keys: Sequence[Key]) -> dict[int, list[list[int]]]:
    """Rows of one text each, under the label of the first of them."""
    groups: dict[Key, list[int]] = defaultdict(list)
    for row, (key, label) in enumerate(zip(row_keys, dataset.labels, strict=True)):
        if label != NO_LABEL:
            groups[key].append(row)
    by_label: dict[int, list[list[int]]] = defaultdict(list)
    for rows in groups.values():
        by_label[dataset.labels[rows[0]]].append(rows)
    return by_label


def _rank(seed: int, key: Key) -> bytes:
    return blake2b("\0".join((str(seed), *key)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _deal(groups: Sequence[_Item], fractions: Fractions) -> Iterator[Sequence[_Item]]:
    """Train, validation and test groups of one label: one each of three, and no validation of only two."""
    n = len(groups)
    n_test = min(max(1, _round(n * fractions[2])), max(n - 2, n // 2))
    n_validation = min(max(1, _round(n * fractions[1])), max(n - 1 - n_test, 0))
    end = n - n_test
    yield groups[: end - n_validation]
    yield groups[end - n_validation : end]
    yield groups[end:]


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def _subsample(dataset: Dataset, train: Iterable[int], limit: int) -> list[int]:
    """The first rows of each label (they come in hashed order), as many as keep the labels' shares."""
    by_label: dict[int, list[int]] = defaultdict(list)
    for row in train:
        by_label[dataset.labels[row]].append(row)
    if limit < len(by_label):
        n = len(by_label)
        raise DataError(f"{limit} training texts cannot hold all {n} labels: allow at least {n}.")
    quotas = _quotas({label: len(rows) for label, rows in by_label.items()}, limit)
    return [row for label, rows in by_label.items() for row in rows[: quotas[label]]]


def _quotas(counts: dict[int, int], limit: int) -> dict[int, int]:
    """Whole numbers near the labels' shares of ``limit``, at least one each (largest remainders round up)."""
    spare, total = limit - len(counts), sum(counts.values()) - len(counts)
    shares = {label: (count - 1) * spare / total for label, count in counts.items()}
    quotas = {label: 1 + math.floor(share) for label, share in shares.items()}
    by_remainder = sorted(counts, key=lambda label: (math.floor(shares[label]) - shares[label], label))
    for label in by_remainder[: limit - sum(quotas.values())]:
        quotas[label] += 1
    return quotas
