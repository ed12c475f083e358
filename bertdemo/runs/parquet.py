"""Tables of a run on disk: ``data.parquet`` (texts, labels, parts) and ``answers.parquet`` (logits and no texts)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from bertdemo.data.dataset import Columns, Dataset, Part, Source, Split
from bertdemo.errors import DataError
from bertdemo.evaluation.metrics import Answered, Answers
from bertdemo.runs.records import DataCard

_PUBLISHED = "published"  # the part that the file names
_EXTRA = "extra: "  # before the name of a column that the file brought along


def card_of(split: Split) -> DataCard:
    """Return the short description of a split that stands in the list of runs."""
    data, columns = split.dataset, split.dataset.columns
    card = DataCard(
        name=data.name,
        fingerprint=data.fingerprint,
        label_names=data.label_names,
        n_train=len(split.train),
        n_validation=len(split.validation),
        n_test=len(split.test),
        has_pairs=data.pairs is not None,
        notes=data.notes,
        split_origin=split.origin,
        opened=dict(data.opened),
    )
    if columns is None:
        return card
    return replace(
        card,
        text_columns=columns.text_columns,
        pair_column=columns.pair or "",
        label_columns=columns.label_columns,
        split_column=columns.split or "",
        also_possible=columns.also,
    )


def _columns_of(card: DataCard) -> Columns | None:
    """Return the columns that a card names; several of labels count as flags, which they are in name alone by now."""
    if not card.text_columns or not card.label_columns:
        return None
    (text, *joined), labels = card.text_columns, card.label_columns
    return Columns(
        text, labels[0], card.pair_column or None, card.split_column or None, tuple(joined),
        flags=labels if len(labels) > 1 else (), also=card.also_possible,
    )  # fmt: skip


def write_split(split: Split, path: Path) -> None:
    """Write the texts of ``split`` so that ``read_split`` gives it back exactly, row order included.

    Raises:
        DataError: a text is not valid Unicode.
    """
    import pyarrow as pa
    import pyarrow.parquet

    data = split.dataset
    parts, places = _membership(split)
    try:
        columns = {
            "text": pa.array(data.texts, pa.string()),
            "pair": pa.array(data.pairs or [None] * len(data), pa.string()),
            "label": pa.array(data.labels, pa.int32()),
            "part": pa.array(parts, pa.string()),
            "place": pa.array(places, pa.int32()),
            **({} if data.parts is None else {_PUBLISHED: pa.array(data.parts, pa.string())}),
            **{_EXTRA + name: pa.array(column, pa.string()) for name, column in data.extras.items()},
        }
    except UnicodeEncodeError as error:
        raise DataError("A text holds half a character (a lone surrogate): save the file as UTF-8.") from error
    pyarrow.parquet.write_table(pa.table(columns), path)


def read_split(path: Path, card: DataCard, seed: int, source: Source | None) -> Split:
    """Return the split that ``write_split`` wrote; names, seed and source are kept beside it in ``data.json``."""
    import pyarrow.parquet

    # Not read_table: it imports the whole of pyarrow.dataset for one small file.
    columns = pyarrow.parquet.ParquetFile(path).read().to_pydict()
    dataset = Dataset(
        name=card.name,
        texts=tuple(columns["text"]),
        labels=tuple(columns["label"]),
        label_names=card.label_names,
        pairs=tuple(columns["pair"]) if card.has_pairs else None,
        source=source,
        parts=tuple(columns[_PUBLISHED]) if _PUBLISHED in columns else None,
        columns=_columns_of(card),
        notes=card.notes,
        opened=card.opened,
        extras={name.removeprefix(_EXTRA): tuple(cells) for name, cells in columns.items() if name.startswith(_EXTRA)},
    )
    rows = _rows_by_part(columns)
    return Split(
        dataset,
        train=rows["train"],
        validation=rows["validation"],
        test=rows["test"],
        seed=seed,
        origin=card.split_origin,
    )


def _membership(split: Split) -> tuple[list[str | None], list[int | None]]:
    """For every row its part and its place within the part; rows that were left out have neither."""
    parts: list[str | None] = [None] * len(split.dataset)
    places: list[int | None] = [None] * len(split.dataset)
    for part in get_args(Part):
        for place, row in enumerate(getattr(split, part)):
            parts[row], places[row] = part, place
    return parts, places


def _rows_by_part(columns: dict[str, list[Any]]) -> dict[str, tuple[int, ...]]:
    placed: dict[str, list[tuple[int, int]]] = {part: [] for part in get_args(Part)}
    for row, (part, place) in enumerate(zip(columns["part"], columns["place"], strict=True)):
        if part is not None:
            placed[part].append((place, row))
    return {part: tuple(row for _, row in sorted(pairs)) for part, pairs in placed.items()}


_PARTS = ("validation", "test")


def write_answers(answers: Answers, path: Path) -> None:
    """Write ``answers`` so that ``read_answers`` gives them back exactly.

    Raises:
        OSError: the disk does not let it.
    """
    import pyarrow as pa
    import pyarrow.parquet

    parts = (answers.validation, answers.test)
    logits = np.concatenate([part.logits for part in parts]).astype(np.float32)
    columns = {
        "part": pa.array([name for name, part in zip(_PARTS, parts, strict=True) for _ in range(len(part))]),
        "truth": pa.array(np.concatenate([part.truth for part in parts]), pa.int32()),
        "baseline": pa.array([None] * len(answers.validation) + answers.baseline.tolist(), pa.int32()),
        "logits": pa.FixedSizeListArray.from_arrays(pa.array(logits.ravel()), logits.shape[1]),
    }
    pyarrow.parquet.write_table(pa.table(columns), path, compression="zstd")


def read_answers(path: Path, card: DataCard) -> Answers:
    """Return the answers that ``write_answers`` wrote.

    Raises:
        OSError, ValueError, LookupError, TypeError: the file is no such file, or of other data than ``card`` tells.
    """
    import pyarrow as pa
    import pyarrow.parquet

    # Not read_table: it imports the whole of pyarrow.dataset for one small file.
    table = pyarrow.parquet.ParquetFile(path).read()
    parts = np.array(table["part"].to_pylist())
    rows = {name: np.flatnonzero(parts == name) for name in _PARTS}
    truth = _labels(table["truth"].to_numpy(), card)
    rows_of_logits = table["logits"].cast(pa.list_(pa.float32(), len(card.label_names))).combine_chunks()
    logits = rows_of_logits.flatten().to_numpy().reshape(len(table), len(card.label_names))
    if [len(rows[name]) for name in _PARTS] != [card.n_validation, card.n_test] or not np.isfinite(logits).all():
        raise ValueError("these are the answers to other texts")
    validation, test = (Answered(truth[rows[name]], logits[rows[name]]) for name in _PARTS)
    return Answers(validation, test, _labels(table["baseline"].to_numpy()[rows["test"]], card))


def _labels(values: Any, card: DataCard) -> Any:
    """Whole numbers (a column with gaps comes as floats, and a gap among them is no label)."""
    if not np.isin(values, np.arange(len(card.label_names))).all():
        raise ValueError("a label has no name")
    return values.astype(np.int64)
