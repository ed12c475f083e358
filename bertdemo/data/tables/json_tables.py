"""JSON in the shapes people and tools write → header and rows.

Where the rows are in a document: pandas' orients, lists under a key, splits, labels with their texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from bertdemo.data.annotation.tools import as_examples, is_task
from bertdemo.data.columns import is_usual_name
from bertdemo.data.tables.cells import Cell, LaidOut, Layout, Record, Records, as_text, from_records
from bertdemo.data.tables.json_rows import (
    SAMPLE,
    Number,
    ShapeError,
    has_one_text,
    has_text,
    is_rows,
    is_texts,
    texts_inside,
    tidy_rows,
)
from bertdemo.errors import DataError
from bertdemo.lines import listed

_BETWEEN = re.compile(r"[\s,\ufeff]*")  # some write a comma after each line
_SPLITS = re.compile(
    r"(?:^|[\W_])(train|training|val|valid|validation|dev|test|testing|eval)(?=$|[\W_\d])", re.IGNORECASE
)
_DEPTH = 4  # of keys above the rows


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


def find_records(name: str, documents: Sequence[Any]) -> Records:
    """Return rows of the one document of a file, or of its many, each of which is a row.

    Raises:
        DataError: there are no rows of named fields, or several lists that could be the table.
    """
    try:
        found = _from_document(documents[0]) if len(documents) == 1 else _from_list(documents)
        if found.rows and not any(found.rows):
            raise ShapeError(" has rows without any field: save it again with texts and labels.")
        return found
    except ShapeError as error:
        raise DataError(f"{name}{error}") from error


def _from_document(document: Any) -> Records:
    if isinstance(document, list):
        if document and is_texts(document):
            return Records([{"text": row} for row in document], Layout({"text": "text"}))
        return _from_list(document)
    if not isinstance(document, dict):
        return _from_list([document])
    shapes = (_one_record, _pandas, _hub_rows, _utterances, _splits, _columns, _texts_by_label, _entries, _nested)
    found = next((found for shape in shapes if (found := shape(document))), None)
    if found is None:
        raise ShapeError(
            f" is one JSON object with the keys {listed(list(document))}, in which no list of rows can be told: save "
            'the rows as a JSON array of objects {"text": …, "label": …}, or as CSV.'
        )
    return found


def _from_list(rows: Sequence[Any]) -> Records:
    if rows and all(isinstance(row, list) for row in rows):
        if any(isinstance(cell, dict) for row in rows[:SAMPLE] for cell in row[:1]):  # an array of rows a line
            return _from_list(list(chain.from_iterable(rows)))
        if all(len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict) for row in rows):
            # spaCy: [text, {"cats": …}]
            return Records(tidy_rows([{"text": text, **answer} for text, answer in rows]))
        return _from_values(rows)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise ShapeError(f', row {number}, is not an object: each row must look like {{"text": …, "label": …}}.')
    return Records(tidy_rows(list(rows)))


def _from_values(rows: Sequence[Sequence[Any]]) -> Records:
    """Return rows without names: the first may hold them. Of two columns, the one whose values repeat is the labels."""
    first = [cell if isinstance(cell, str) else "" for cell in rows[0]]
    header = any(map(is_usual_name, first))
    names = first if header else [f"column {i}" for i in range(1, len(first) + 1)]
    if any(len(row) != len(names) for row in rows):
        odd = next(number for number, row in enumerate(rows, start=1) if len(row) != len(names))
        raise ShapeError(
            f", row {odd}: {len(rows[odd - 1])} cells where the first row has {len(names)}; export it again."
        )
    records = [dict(zip(names, row, strict=True)) for row in rows[header:]]
    return Records(records, Layout({} if header else _by_repetition(records, names)))


def _by_repetition(records: Sequence[Record], names: Sequence[str]) -> dict[str, str]:
    if len(names) != 2 or len(records) < 4:
        return {}
    distinct = {name: len({str(record[name]) for record in records}) for name in names}
    label, text = sorted(names, key=lambda name: distinct[name])
    return {"text": text, "label": label} if distinct[label] <= min(len(records) / 2, distinct[text] - 1) else {}


def _one_record(document: Record) -> Records | None:
    """Return a file of one row: it has a text of its own, or the form of a task of an annotation tool."""
    if len(document) > 1 and _equally_long(list(document.values()), list):  # columns
        return None
    return Records([document]) if is_task(document) or has_one_text(document) else None


def _pandas(document: Record) -> Records | None:
    """Return ``to_json`` with orient split or table."""
    columns, data, schema = (document.get(key) for key in ("columns", "data", "schema"))
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        names = [", ".join(map(str, c)) if isinstance(c, list) else str(c) for c in columns]
        if all(len(row) == len(names) for row in data):
            return Records([dict(zip(names, row, strict=True)) for row in data])
    if isinstance(schema, dict) and isinstance(schema.get("fields"), list) and is_rows(data):
        keys = schema.get("primaryKey")
        index = [key for key in ("index", "level_0") if isinstance(keys, list) and key in keys]
        return Records([{k: v for k, v in row.items() if k not in index} for row in data or ()])
    return None


def _hub_rows(document: Record) -> Records | None:
    """Return an answer of the Hub's viewer: features, and rows that each hold their cells under "row"."""
    features, rows = document.get("features"), document.get("rows")
    if not (is_rows(features) and is_rows(rows) and all(isinstance(row.get("row"), dict) for row in rows or ())):
        return None
    names = {
        str(feature.get("name")): feature["type"]["names"]
        for feature in features or ()
        if isinstance(feature.get("type"), dict) and isinstance(feature["type"].get("names"), list)
    }
    return Records(
        [{key: _class_name(value, names.get(key)) for key, value in row["row"].items()} for row in rows or ()]
    )


def _class_name(value: Any, names: list[Any] | None) -> Any:
    if names is None or not str(value).lstrip("-").isdigit():
        return value
    return names[int(value)] if 0 <= int(value) < len(names) else None


def _utterances(document: Record) -> Records | None:
    """Intents with utterances in pieces (Snips): {intent: [{"data": [{"text": …}, …]}]}, perhaps under "intents"."""
    intents = document.get("intents", document)
    if not isinstance(intents, dict) or not intents:
        return None
    rows: list[Record] = []
    for intent, held in intents.items():
        utterances = held.get("utterances") if isinstance(held, dict) else held
        if not isinstance(utterances, list) or not all(
            isinstance(u, dict) and is_rows(u.get("data")) for u in utterances
        ):
            return None
        texts = ("".join(str(piece.get("text", "")) for piece in u["data"]) for u in utterances)
        rows.extend({"text": text, "intent": intent} for text in texts)
    return Records(rows, Layout({"text": "text", "label": "intent"})) if rows else None


def _splits(document: Record) -> Records | None:
    """Return lists of rows under "train", "val", "test" and the like; "oos_train" (CLINC150) is training data, too."""
    lists = {key: rows for key, value in document.items() if (rows := _part(value))}
    splits = {key: match.group(1).casefold() for key in lists if (match := _SPLITS.search(key))}
    if len(splits) < 2 or len(splits) < len(lists):
        return None
    found = _from_list([row for key in splits for row in lists[key]])
    names = [split for key, split in splits.items() for _ in lists[key]][-len(found.rows) :]  # a row of names is none
    rows = [{**row, "split": split} for row, split in zip(found.rows, names, strict=True)]
    return Records(rows, Layout({**found.layout.columns, "split": "split"}))


def _part(value: Any) -> list[Any]:
    """Return rows of a split, which may be columns, too; none if it is something else, such as a list of names."""
    if isinstance(value, dict):
        found = _columns(value)
        return list(found.rows) if found else []
    return value if isinstance(value, list) and any(isinstance(each, list | dict) for each in value) else []


def _columns(document: Record) -> Records | None:
    """Return a list a column, or (pandas' orient columns) an object a column, whose keys are the rows."""
    values = list(document.values())
    if _equally_long(values, list) and _are_columns(document):
        return Records([dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)])
    alike = _equally_long(values, dict) and all(value.keys() == values[0].keys() for value in values)
    alike = alike and (len(values) > 1 or is_texts(values[0].values()))
    if alike and not _names_are_inside(document, values[0]):
        return Records([{column: held[row] for column, held in document.items()} for row in values[0]])
    return None


def _equally_long(values: Sequence[Any], kind: type) -> bool:
    return all(isinstance(value, kind) and value for value in values) and len(set(map(len, values))) == 1


def _are_columns(document: Mapping[str, Sequence[Any]]) -> bool:
    """Return whether lists of equal length are columns: a name or a repeated value says so; else labels with texts."""
    objects = [any(isinstance(cell, dict) for cell in values) for values in document.values()]
    if any(objects):
        return not all(objects)
    if any(map(is_usual_name, document)) or not is_texts(values[0] for values in document.values()):
        return len(document) > 1 or any(map(is_usual_name, document))
    return any(len(set(values)) <= len(values) / 2 for values in document.values() if is_texts(values))


def _names_are_inside(document: Record, inner: Record) -> bool:
    """Return whether the keys of the inner objects, and not those of the outer, are names of columns."""
    if any(map(is_usual_name, document)) != any(map(is_usual_name, inner)):
        return any(map(is_usual_name, inner))
    if all(map(str.isdigit, document)) != all(map(str.isdigit, inner)):
        return all(map(str.isdigit, document))
    return len(document) > len(inner)


def _texts_by_label(document: Record) -> Records | None:
    """{label: [text, …]}: each key that holds a list of texts is a label."""
    if len(document) < 2 or not all(isinstance(texts, list) and is_texts(texts) for texts in document.values()):
        return None
    rows = [{"text": text, "label": label} for label, texts in document.items() for text in texts]
    return Records(rows, Layout({"text": "text", "label": "label"})) if rows else None


def _entries(document: Record) -> Records | None:
    """{id: row}, or {text: label}."""
    values = list(document.values())
    if len(values) > 1 and all(isinstance(value, dict) for value in values):
        fields = [set(value) for value in islice(values, SAMPLE)]
        if fields[0] and sum(len(keys & fields[0]) * 2 >= len(fields[0]) for keys in fields) == len(fields):
            name = "label" if texts_inside(values[0]) else "id"
            return _from_list([value if name in value else {name: key, **value} for key, value in document.items()])
    scalars = [value for value in values if isinstance(value, str | int | float)]
    spaced = sum(" " in key.strip() for key in document)
    if len(scalars) == len(values) > 1 and spaced > len(values) / 2:
        rows = [{"text": text, "label": label} for text, label in document.items()]
        return Records(rows, Layout({"text": "text", "label": "label"}))
    return None


def _nested(document: Record) -> Records | None:
    """Return the one list of rows under some keys; of several the one with texts, or all where each is of one label."""
    found = dict(_lists(document, ()))
    if len(found) > 1:
        texts = {path: rows for path, rows in found.items() if any(has_text(row) for row in rows[:SAMPLE])}
        found = texts or found
    if not found:
        return None
    if len(found) == 1:
        return _from_list(next(iter(found.values())))
    paths = [" → ".join(path) for path in found]
    fields = {frozenset(rows[0]) if isinstance(rows[0], dict) else None for rows in found.values()}
    if len(fields) > 1 or None in fields or len({path[:-1] for path in found}) > 1:
        raise ShapeError(f" holds several lists of rows ({listed(paths)}): save the one with the texts by itself.")
    column = "label" if "label" not in next(iter(found.values()))[0] else "group"
    rows = [{**row, column: path[-1]} for path, rows in found.items() for row in rows]
    return Records(rows, Layout({"label": "label"} if column == "label" else {}))


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    """Yield lists of objects, or of equally long lists, below objects; not those inside of rows."""
    if isinstance(value, list):
        if is_rows(value) or (len(value) > 1 and _equally_long(value, list)):
            yield path, value
    elif isinstance(value, dict) and len(path) < _DEPTH:
        for key, held in value.items():
            yield from _lists(held, (*path, key))
