"""The seeded, stratified split in which the same text never stands in two parts; and the parts that are published."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from bertdemo.data.column_cells import filled
from bertdemo.data.column_names import words
from bertdemo.data.dataset import NO_LABEL, Dataset, Key, Part, Split, keys
from bertdemo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Fractions = tuple[float, float, float]
FRACTIONS: Fractions = (0.8, 0.1, 0.1)
_Parts = tuple[list[int], list[int], list[int]]
_Group = tuple[bytes, list[int]]  # its place in the hashed order, and its rows
_WORDS: dict[Part, str] = {
    "train": "train training trn tr learn learning trainset traindata entrenamiento treino apprentissage "
    "entrainement addestramento 训练 訓練 训练集",
    "validation": "dev devel development valid validation val vali eval evaluation devset validierung validacion "
    "validacao 验证 验证集 publictest",
    "test": "test testing tst testset heldout holdout testdaten prueba teste 测试 测试集 privatetest",
}
_PARTS: dict[str, Part] = {word: part for part, names in _WORDS.items() for word in names.split()}
_NO_PART = ("unlabeled", "unlabelled", "unsup", "unsupervised")


def split(dataset: Dataset, *, seed: int, max_train: int | None = None, fractions: Fractions = FRACTIONS) -> Split:
    """Divide a cleaned data set into train, validation and test, or keep its published parts.

    The order within a label comes from a hash of seed and text, so the same texts fall into the same parts on
    every machine and in whatever order the file has them. Rows with the same normalised text form one group,
    which stays in one part; rows without a label are in none. A label with 3 or more groups is in every part
    (a group with several labels counts for its rarest).

    Pairs that have either text in common, directly or through other pairs, form one group too. Where that leaves
    no balanced parts with all labels (as when many pairs share an answer), the first text alone makes the groups:
    a premise or a question is always in one part only.

    Published parts stay as they are. A validation part that is missing is taken from train; where no test part has
    labels, the published validation part is the test. ``Split.origin`` says so.

    Args:
        dataset: the result of ``clean`` (any other is split with the same guarantee, but badly balanced).
        seed: which of the possible splits.
        max_train: at most so many training rows, with the shares of the labels kept and no label lost.
        fractions: of train, validation and test; they sum to 1.

    Raises:
        DataError: ``max_train`` is less than the number of labels, or there are too few texts (of pairs:
            first texts) for 3 parts.
    """
    if min(fractions) <= 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"three positive fractions that sum to 1 are needed, not {fractions}")
    row_keys = keys(dataset)
    published = _published(dataset, row_keys, seed, fractions)
    whole = "" if dataset.parts is None else "Too little of the published parts has labels: they are made anew."
    origin, (train, validation, test) = published or (whole, _own(dataset, row_keys, seed, fractions))
    if not (train and validation and test):
        kind = "texts" if dataset.pairs is None else "different first texts"
        raise DataError(
            f"There are too few {kind} for a train, a validation and a test part: add some under each label."
        )
    if max_train is not None and max_train < len(train):
        train = _subsample(dataset, train, max_train)
    return Split(dataset, tuple(sorted(train)), tuple(sorted(validation)), tuple(sorted(test)), seed, origin)


def training_texts(dataset: Dataset, max_train: int | None = None) -> int:
    """Estimate how many texts ``split`` will give to training, so that a recipe can be chosen before."""
    share = round(FRACTIONS[0] * len(dataset))
    if dataset.parts is not None:
        published = Counter(part or "train" for part in dataset.parts)
        whole = published["validation"] and published["test"]
        share = published["train"] if whole else round(published["train"] * (1 - _from_train(FRACTIONS)))
    return share if max_train is None else min(share, max_train)


def _own(dataset: Dataset, row_keys: Sequence[Key], seed: int, fractions: Fractions) -> _Parts:
    parts = _divide(dataset, row_keys, [key[0] for key in row_keys], seed, fractions)
    if dataset.pairs is not None:
        connected = _divide(dataset, row_keys, _connected(row_keys), seed, fractions)
        if _is_balanced(dataset, connected, fractions):
            return connected
    return parts


def _published(dataset: Dataset, row_keys: Sequence[Key], seed: int, fractions: Fractions) -> tuple[str, _Parts] | None:
    """Return the published parts and a sentence on them; None where there are not two at least."""
    if dataset.parts is None:
        return None
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (part, label) in enumerate(zip(dataset.parts, dataset.labels, strict=True)):
        if label != NO_LABEL:
            rows[part or "train"].append(row)
    train, validation, test = rows["train"], rows["validation"], rows["test"]
    if not train or not (validation or test):
        return None
    train.sort(key=lambda row: _rank(seed, row_keys[row]))
    origin = "The published train, validation and test parts are kept"
    if not test:
        validation, test = [], validation
        origin = "No labelled test part is published: the published validation part is the test"
    elif not validation:
        origin = "The published train and test parts are kept"
    if not validation:
        train, validation = _set_apart(dataset, row_keys, train, seed, _from_train(fractions))
        origin += ", and validation is taken from train"
    return f"{origin}.", (train, validation, test)


def _set_apart(
    dataset: Dataset, row_keys: Sequence[Key], rows: Sequence[int], seed: int, share: float
) -> tuple[list[int], list[int]]:
    """Return training and validation rows of these, stratified as ever: of two parts set apart, one goes back."""
    chosen, chosen_keys = dataset.select(rows), [row_keys[row] for row in rows]
    first, second, third = _divide(
        chosen, chosen_keys, [key[0] for key in chosen_keys], seed, (1 - 2 * share, share, share)
    )
    return [rows[i] for i in (*first, *second)], [rows[i] for i in third]


def _from_train(fractions: Fractions) -> float:
    return fractions[1] / (fractions[0] + fractions[1])


def _divide(
    dataset: Dataset, row_keys: Sequence[Key], marks: Sequence[Hashable], seed: int, fractions: Fractions
) -> _Parts:
    """Return the rows of each part; those with the same mark go together."""
    parts: _Parts = ([], [], [])
    for rows_of_groups in _groups_by_label(dataset, marks):
        ranked = (sorted((_rank(seed, row_keys[row]), row) for row in rows) for rows in rows_of_groups)
        groups = [(rows[0][0], [row for _, row in rows]) for rows in ranked]
        for part, chosen in zip(parts, _deal(groups, fractions), strict=True):
            part.extend(row for _, rows in sorted(chosen) for row in rows)
    return parts


def _groups_by_label(dataset: Dataset, marks: Sequence[Hashable]) -> Iterable[list[list[int]]]:
    """Yield rows of one mark each, under the rarest label among them."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row, (mark, label) in enumerate(zip(marks, dataset.labels, strict=True)):
        if label != NO_LABEL:
            groups[mark].append(row)
    counts = Counter(dataset.labels)
    by_label: dict[int, list[list[int]]] = defaultdict(list)
    for rows in groups.values():
        by_label[min((dataset.labels[row] for row in rows), key=lambda label: (counts[label], label))].append(rows)
    return by_label.values()


def _connected(row_keys: Sequence[Key]) -> list[str]:
    """For each row, a text that stands for all texts connected with it (union-find, Tarjan 1975)."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        """Return the text that stands for all those connected with this one so far."""
        parent.setdefault(text, text)
        while parent[text] != text:
            parent[text] = parent[parent[text]]  # halves the way for the next one
            text = parent[text]
        return text

    for first, second in row_keys:
        parent[root(first)] = root(second)
    return [root(first) for first, _ in row_keys]


def _is_balanced(dataset: Dataset, parts: _Parts, fractions: Fractions) -> bool:
    """Return whether each part holds every label, and at least half of the rows that it should."""
    labels = set(dataset.labels) - {NO_LABEL}
    n = sum(map(len, parts))
    return all(
        {dataset.labels[row] for row in rows} == labels and len(rows) >= n * fraction / 2
        for rows, fraction in zip(parts, fractions, strict=True)
    )


def _rank(seed: int, key: Key) -> bytes:
    return blake2b("\0".join((str(seed), *key)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _deal(groups: Sequence[_Group], fractions: Fractions) -> Iterator[Sequence[_Group]]:
    """Train, validation and test groups of one label: one each of three, and no validation of only two.

    Groups larger than a part can only be trained on.
    """
    n, n_rows = len(groups), sum(len(rows) for _, rows in groups)
    largest = max(1.0, n_rows * min(fractions[1:]))
    ordered = sorted(groups, key=lambda group: (len(group[1]) <= largest, group))
    n_test = min(_tail(ordered, n_rows * fractions[2]), max(n - 2, n // 2))
    end = n - n_test
    n_validation = min(_tail(ordered[:end], n_rows * fractions[1]), max(end - 1, 0))
    yield ordered[: end - n_validation]
    yield ordered[end - n_validation : end]
    yield ordered[end:]


def _tail(groups: Sequence[_Group], rows: float) -> int:
    """Return how many of the last groups hold so many rows; one at least."""
    taken = count = 0
    for _, group in reversed(groups):
        if count and taken >= math.floor(rows + 0.5):
            break
        taken += len(group)
        count += 1
    return count


def _subsample(dataset: Dataset, train: Iterable[int], limit: int) -> list[int]:
    """Return the first rows of each label (they come in hashed order), as many as keep the labels' shares."""
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


def part_of(cell: str | None) -> Part | None:
    """Return the part that a cell names; None where it names none."""
    parts = [word for word in words(cell or "") if word not in ("set", "data", "split") and not word.isdigit()]
    return _PARTS.get("".join(parts))


def guess_split(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the column whose every value names a part, training among them and one other at least.

    None if there is none.
    """
    for name in names:
        cells = filled(frame[name]).unique() if _may_be(frame[name]) else ()
        parts = {part_of(cell) for cell in cells if cell.casefold() not in _NO_PART}
        if None not in parts and "train" in parts and len(parts) > 1:
            return name
    return None


def read_parts(
    frame: pd.DataFrame, column: str | None, labelled: Sequence[bool]
) -> tuple[tuple[Part | Literal[""], ...] | None, tuple[str, ...]]:
    """Return the published part of each row ("" where none is named.

    None without a column), and what there is to say of it.

    Args:
        frame: the table.
        column: where the parts are named.
        labelled: for each row whether it has a label; only those count.

    Raises:
        DataError: the column does not name training and another part.
    """
    if column is None:
        return None, ()
    parts = tuple(part_of(cell) or "" for cell in frame[column].where(frame[column].notna(), ""))
    if "train" not in parts or len(set(parts) - {""}) < 2:
        raise DataError(
            f"The column {column!r} does not say of rows that they are for train and test: choose another, or none "
            "for a split of our own."
        )
    counts = Counter(part for part, has in zip(parts, labelled, strict=True) if has)
    remarks = []
    for part, rows in Counter(parts).items():
        if part and not counts[part]:
            remarks.append(f"The published {part} part ({rows:,} rows) has no labels and cannot be used.")
    if counts[""]:
        remarks.append(f"Rows to which the column {column!r} gives no part ({counts['']:,}) are used for training.")
    return parts, tuple(remarks)


def _may_be(column: pd.Series[str]) -> bool:
    """Return whether the first cells name parts; looking at them all would be long in a column of texts."""
    return bool(len(column)) and all(
        part_of(cell) or cell.strip().casefold() in _NO_PART for cell in column.head(20).dropna()
    )
