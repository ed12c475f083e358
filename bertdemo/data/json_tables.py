"""JSON and JSON lines → header and rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bertdemo.data.cells import Cell, Table, as_text, from_records
from bertdemo.errors import DataError

_AS_WRITTEN = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_AS_NUMBERS = json.JSONDecoder()


def read_json(name: str, text: str, max_rows: int, cell: Cell = as_text) -> Table:
    """A JSON array of objects, or one object a line (JSONL). As texts, numbers stay as written.

    Raises:
        DataError: a line is not JSON, or a row is not an object with named fields.
    """
    decoder = _AS_WRITTEN if cell is as_text else _AS_NUMBERS
    rows = _array(name, text, decoder) if text.lstrip().startswith("[") else _lines(name, text, decoder)
    return from_records(_objects(name, rows), max_rows, cell)


def _array(name: str, text: str, decoder: json.JSONDecoder) -> list[Any]:
    try:
        rows = decoder.decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits, too
        line = getattr(error, "lineno", 1)
        raise DataError(f"{name} is not valid JSON near line {line}: export it again as JSON or CSV.") from error
    return list(rows)


def _lines(name: str, text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits, too
            raise DataError(
                f'{name}, line {number}, is not JSON: each line must be an object {{"text": …, "label": …}}.'
            ) from error


def _objects(name: str, rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(
                f'{name}, row {number}, is not an object: each row must look like {{"text": …, "label": …}}.'
            )
        yield row
