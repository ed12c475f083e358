"""Folders that ``save_to_disk`` of the library ``datasets`` writes → header and rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertdemo.data.arrow_tables import Columns, arrow_columns, as_table
from bertdemo.data.cells import Cell, as_text, refuse_more_rows
from bertdemo.data.layout import LaidOut, Layout
from bertdemo.errors import DataError
from bertdemo.settings import Settings

_SPLITS, _STATE = "dataset_dict.json", "state.json"


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
