"""Published parts: a column that says of each row whether it is for training, validation or test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from bertdemo.data.column_looks import filled
from bertdemo.data.column_names import words
from bertdemo.data.dataset import Part
from bertdemo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_WORDS: dict[Part, str] = {
    "train": "train training trn tr learn learning trainset traindata entrenamiento treino apprentissage "
    "entrainement addestramento 训练 訓練 训练集",
    "validation": "dev devel development valid validation val vali eval evaluation devset validierung validacion "
    "validacao 验证 验证集 publictest",
    "test": "test testing tst testset heldout holdout testdaten prueba teste 测试 测试集 privatetest",
}
_PARTS: dict[str, Part] = {word: part for part, names in _WORDS.items() for word in names.split()}
_NO_PART = ("unlabeled", "unlabelled", "unsup", "unsupervised")


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
