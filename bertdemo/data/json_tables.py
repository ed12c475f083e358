"""JSON in the shapes people and tools write → header and rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bertdemo.data.annotation.tools import as_examples
from bertdemo.data.cells import Cell, as_text, from_records
from bertdemo.data.json_rows import Number
from bertdemo.data.json_shapes import find_records
from bertdemo.data.layout import LaidOut
from bertdemo.errors import DataError

_BETWEEN = re.compile(r"[\s,\ufeff]*")  # some write a comma after each line


def read_json(name: str, text: str, max_rows: int, cell: Cell = as_text) -> LaidOut:
    """Return rows of one JSON document, or of one a row (JSON lines, also pretty-printed).

    As texts, numbers stay as written.

    Raises:
        DataError: it is not JSON, or no rows of named fields can be found in it.
    """
    documents = list(islice(_documents(name, text, _decoder(cell)), max_rows + 1))
    try:
        found = as_examples(find_records(name, documents))
    except RecursionError as error:
        raise _too_deep(name) from error

    def as_cell(value: object) -> Any:
        try:
            return cell(str(value) if isinstance(value, Number) else value)
        except RecursionError as error:
            raise _too_deep(name) from error

    return from_records(name, found.rows, max_rows, as_cell), found.layout


def is_json(text: str) -> bool:
    """Return whether a file begins with an object or a list of them, whatever its name says."""
    try:
        document, _ = _decoder(as_text).raw_decode(text, _skip(text, 0))
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) or (isinstance(document, list) and any(isinstance(row, dict) for row in document))


def _decoder(cell: Cell) -> json.JSONDecoder:
    """Line breaks inside of strings are let pass, and NaN is a missing value: Python and JavaScript write them."""
    if cell is as_text:
        return json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_constant, strict=False)
    return json.JSONDecoder(parse_constant=_constant, strict=False)


def _constant(written: str) -> str | None:
    return None if written == "NaN" else written


def _documents(name: str, text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    place = _skip(text, 0)
    is_array = text.startswith("[", place)
    while place < len(text):
        try:
            document, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:  # ValueError: a number of thousands of digits, too
            raise _not_json(name, text, getattr(error, "pos", place), is_array) from error
        yield document
        place = _skip(text, end)


def _skip(text: str, place: int) -> int:
    match = _BETWEEN.match(text, place)
    return match.end() if match else place


def _too_deep(name: str) -> DataError:
    return DataError(f"{name} holds values too deep inside of each other: export it again as CSV.")


def _not_json(name: str, text: str, place: int, is_array: bool) -> DataError:
    line = text.count("\n", 0, place) + 1
    if re.match(r"\[?\s*\{\s*'", text[_skip(text, 0) :][:100]):
        return DataError(
            f"{name} is written as Python prints it (with ' for \"), not as JSON: write it with json.dumps."
        )
    if is_array:
        return DataError(f"{name} is not valid JSON near line {line}: export it again as JSON or CSV.")
    return DataError(f'{name}, line {line}, is not JSON: each line must be an object {{"text": …, "label": …}}.')
