"""Parquet, Arrow, Feather and folders of ``save_to_disk`` → header and rows; classes of ``datasets`` by their names."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.data.annotation.tools import table_as_examples
from bertdemo.data.tables.cells import (
    Cell,
    LaidOut,
    Layout,
    Table,
    as_text,
    from_records,
    refuse_bomb,
    refuse_more_rows,
)
from bertdemo.errors import DataError
from bertdemo.lines import counted
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET = ("parquet", "pq")
ARROW = ("arrow", "feather", "ipc")
_BATCH = 256  # rows; a repeated text is packed once, so only reading tells how large a table is
_FEATURES = b"huggingface"  # in the metadata of the schema
Columns = tuple[list[str], list[list[Any]]]  # names, and the values of each
_Convert = Callable[[Any], Any]
_SPLITS, _STATE = "dataset_dict.json", "state.json"


def read_parquet(name: str, content: bytes, max_rows: int, cell: Cell = as_text) -> LaidOut:
    """Return columns of texts, numbers and truth values; nested ones as JSON.

    Raises:
        DataError: it is no Parquet file, is damaged, or holds far more than its size allows.
    """
    import pyarrow.parquet as pq

    with _in_one_sentence(name, "Parquet"):
        file = pq.ParquetFile(io.BytesIO(content))
        refuse_more_rows(name, file.metadata.num_rows, max_rows)
        refuse_bomb(name, content, sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)))
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        file = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts)  # a text that repeats is unpacked once
        columns = _columns(name, file.schema_arrow, file.iter_batches(batch_size=_BATCH), content, max_rows)
    return as_table(name, columns, max_rows, cell)


def read_arrow(name: str, content: bytes, max_rows: int, cell: Cell = as_text) -> LaidOut:
    """Return the same of an Arrow file or stream, or of a Feather file.

    Raises:
        DataError: it is none, is damaged, or holds far more than its size allows.
    """
    return as_table(name, arrow_columns(name, content, max_rows), max_rows, cell)


def arrow_columns(name: str, content: bytes, max_rows: int) -> Columns:
    """Return columns of an Arrow file or stream, or of a Feather file.

    Raises:
        DataError: it is none, is damaged, or holds far more than its size allows.
    """
    import pyarrow as pa

    with _in_one_sentence(name, "Arrow or Feather"):
        if content.startswith(b"ARROW1"):
            file = pa.ipc.open_file(io.BytesIO(content))
            batches = (file.get_batch(i) for i in range(file.num_record_batches))
            return _columns(name, file.schema, batches, content, max_rows)
        stream = pa.ipc.open_stream(io.BytesIO(content))
        return _columns(name, stream.schema, stream, content, max_rows)


def as_table(name: str, columns: Columns, max_rows: int, cell: Cell) -> LaidOut:
    """Return header and rows of columns, and what they mean where an annotation tool wrote them."""
    header, values = columns
    nameless = sum(isinstance(value, _Nameless) for column in values for value in column)
    values = [[None if isinstance(value, _Nameless) else value for value in column] for column in values]
    notes = (f"Numbers of classes that have no name were read as no label: {counted(nameless, 'row')}.",)
    layout = Layout(notes=notes if nameless else ())
    found = table_as_examples(header, zip(*values, strict=True), max_rows)
    if found is not None:
        layout = replace(found.layout, notes=(*layout.notes, *found.layout.notes))
        return from_records(name, found.rows, max_rows, cell), layout
    table: Table = (header, zip(*([cell(value) for value in column] for column in values), strict=True))
    return table, layout


def _columns(name: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch], content: bytes, max_rows: int) -> Columns:
    converts = _converts(schema)
    columns: list[list[Any]] = [[] for _ in schema.names]
    unpacked = rows = 0
    for large in batches:
        rows += large.num_rows
        refuse_more_rows(name, rows, max_rows)
        for start in range(0, large.num_rows, _BATCH):
            batch = large.slice(start, _BATCH)
            unpacked += sum(map(_size, batch.columns))
            refuse_bomb(name, content, unpacked)
            for column, values, convert in zip(columns, batch.columns, converts, strict=True):
                column.extend(map(convert, values.to_pylist()))
    return list(schema.names), columns


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(is_kind(kind) for is_kind in kinds)


def _size(column: pa.Array) -> int:
    """Return bytes that the values of a column fill once each row has its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        if not _is_text(column.type.value_type):
            return int(column.nbytes)
        return int(pc.sum(pc.binary_length(column.dictionary).take(column.indices)).as_py() or 0)
    return int(column.nbytes)


def _converts(schema: pa.Schema) -> list[_Convert]:
    """Return what becomes of the values of each column, by the features that ``datasets`` writes into the schema."""
    try:
        features = json.loads((schema.metadata or {})[_FEATURES])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        features = {}
    return [_convert(features.get(name) if isinstance(features, dict) else None) for name in schema.names]


def _convert(feature: Any) -> _Convert:
    if isinstance(feature, list) and len(feature) == 1:  # a list, as older versions write it
        feature = {"_type": "List", "feature": feature[0]}
    if not isinstance(feature, dict):
        return _as_is
    kind, names = feature.get("_type"), feature.get("names")
    if kind == "ClassLabel" and isinstance(names, list):
        return lambda number: _class_name(names, number)
    if kind == "Json":
        return _from_json
    if kind in ("List", "LargeList", "Sequence") and isinstance(feature.get("feature"), dict):
        inner = _convert(feature["feature"])
        return lambda values: [inner(value) for value in values] if isinstance(values, list) else values
    return _as_is


def _as_is(value: Any) -> Any:
    return value


class _Nameless(int):
    """The number of a class that has no name."""


def _class_name(names: Sequence[Any], number: Any) -> Any:
    """Return the name of a class; None for -1, which marks a missing label."""
    if not isinstance(number, int):
        return number
    return names[number] if 0 <= number < len(names) else None if number == -1 else _Nameless(number)


def _from_json(value: Any) -> Any:
    """Return the value of a column of mixed kinds, which ``datasets`` keeps as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


@contextmanager
def _in_one_sentence(name: str, kind: str) -> Iterator[None]:
    """Say what is wrong with a file instead of the library, which raises many kinds of errors."""
    import pyarrow as pa

    try:
        yield
    except (UnicodeDecodeError, OverflowError) as error:
        what = "names that are no UTF-8" if isinstance(error, UnicodeDecodeError) else "dates out of range"
        raise DataError(f"{name} holds {what}: keep the columns of texts and labels, and export it again.") from error
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{name} is not a readable {kind} file: export it again.") from error


def is_saved(path: Path) -> bool:
    """Return whether a folder holds a data set that was saved, or the splits of one."""
    return (path / _SPLITS).is_file() or (path / _STATE).is_file()


def read_saved(path: Path, settings: Settings, cell: Cell = as_text) -> LaidOut:
    """Return rows of all shards; where there are splits, in their order, and a column "split" names them.

    Raises:
        DataError: a file is missing, damaged or outside of the folder, or there are too many rows or bytes.
    """
    if not (path / _SPLITS).is_file():
        return as_table(path.name, _joined(path, _shards(path, path), settings), settings.max_rows, cell)
    splits = _listed(path, path / _SPLITS, "splits")
    parts = {split: _joined(path, _shards(path, _inside(path, path, split)), settings) for split in splits}
    headers = {tuple(header) for header, _ in parts.values()}
    if len(headers) != 1:
        raise DataError(f"{path.name}: its splits have different columns; name the folder of one of them.")
    header = list(headers.pop())
    columns = [[value for _, part in parts.values() for value in part[place]] for place in range(len(header))]
    if "split" not in header:
        header.append("split")
        columns.append([split for split, (_, part) in parts.items() for _ in (part[0] if part else ())])
    refuse_more_rows(path.name, len(columns[0]), settings.max_rows)
    table, layout = as_table(path.name, (header, columns), settings.max_rows, cell)
    return table, Layout({"split": "split", **layout.columns}, layout.notes)


def _shards(folder: Path, part: Path) -> list[Path]:
    shards = [_inside(folder, part, name) for name in _listed(folder, part / _STATE, "_data_files")]
    if json.loads((part / _STATE).read_text(encoding="utf-8")).get("_indices_data_files"):
        raise DataError(f"{folder.name} chooses its rows by an index, as old versions did: load it and save it again.")
    return shards


def _joined(folder: Path, shards: list[Path], settings: Settings) -> Columns:
    header: list[str] = []
    columns: list[list[Any]] = []
    for shard in shards:
        try:
            size = shard.stat().st_size
            if size > settings.max_file_bytes:
                raise DataError(f"{folder.name} has a part of {size / 2**20:,.1f} MB: raise BERTDEMO_MAX_FILE_MB.")
            content = shard.read_bytes()
        except OSError as error:
            raise DataError(f"{folder.name} lacks its part {shard.name}: copy the whole folder again.") from error
        header, values = arrow_columns(shard.name, content, settings.max_rows)
        columns = [[*held, *more] for held, more in zip(columns or [[] for _ in values], values, strict=True)]
        refuse_more_rows(folder.name, len(columns[0]) if columns else 0, settings.max_rows)
    return header, columns


def _listed(folder: Path, file: Path, key: str) -> list[str]:
    """Return names that a file of the folder lists, as they are or as the "filename" of objects."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))[key]
        names = [entry["filename"] if isinstance(entry, dict) else entry for entry in held]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{folder.name} has no readable {file.name}: save the data set again.") from error
    if not names or not all(isinstance(name, str) for name in names):
        raise DataError(f"{folder.name} is an empty data set: save it again with its rows.")
    return names


def _inside(folder: Path, place: Path, name: str) -> Path:
    """Return a part by its name, which must not lead out of its place."""
    if Path(name).name != name or name in ("", ".", ".."):
        raise DataError(f"{folder.name} names a part outside of the folder: save the data set again.")
    return place / name
