"""Rows of JSON documents as tools nest them → rows with a text of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bertdemo.data.annotation.tools import is_task
from bertdemo.data.tables.cells import Record

SAMPLE = 1_000  # rows or entries looked at to tell a shape
_TEXT_KEYS = (
    *("text", "sentence", "tweet", "review", "message", "comment", "content", "utterance", "document", "body"),
    *("sms", "source", "premise", "sentence1", "question1"),
)
_STORED = {"$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"}
_MANY = ("patterns", "examples", "utterances", "texts", "sentences", "phrases")


class Number(str):
    """A number of a JSON document as it is written there, which is no text."""

    __slots__ = ()


class ShapeError(Exception):
    """Why a document is no table, to follow the name of the file."""


def tidy_rows(rows: list[Record]) -> list[Record]:
    """Take rows out of what a store or a chat bot wraps them in.

    Raises:
        ShapeError: the rows hold questions about passages inside of each other (SQuAD).
    """
    _refuse_nested(rows)
    return _exploded(_opened([_unwrapped(row) for row in rows]))


def texts_inside(row: Record) -> str | None:
    """Return the key of a list of texts, or of objects with a text each, that a row holds under a usual name."""
    return next((key for key in _MANY if isinstance(row.get(key), list) and all(map(_has_words, row[key]))), None)


def _has_words(value: Any) -> bool:
    return is_texts([value.get("text") if isinstance(value, dict) else value])


def is_rows(value: Any) -> bool:
    """Return whether a value is a list of objects, and of at least one."""
    return isinstance(value, list) and len(value) > 0 and all(isinstance(row, dict) for row in value)


def is_texts(values: Iterable[Any]) -> bool:
    """Return whether all values are strings, and none a number."""
    return all(isinstance(value, str) and not isinstance(value, Number) for value in values)


def has_text(row: Any) -> bool:
    """Return whether a value is an object with a text or texts under a usual name, or a task of an annotation tool."""
    if not isinstance(row, dict):
        return False
    return is_task(row) or bool(texts_inside(row)) or has_one_text(row)


def has_one_text(row: Record) -> bool:
    """Return whether a row has a text under a usual name."""
    return any(key.casefold() in _TEXT_KEYS and is_texts([value]) for key, value in row.items())


def _unwrapped(row: Record) -> Record:
    """Return the fields under "_source" (a search engine) or "row" (the Hub).

    {"$oid": …} (a document store) as its value.
    """
    source = row.get("_source", row.get("row") if "row_idx" in row else None)
    if isinstance(source, dict):
        row = {**{key: value for key, value in row.items() if key == "_id"}, **source}
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    while isinstance(value, dict) and len(value) == 1 and _STORED.issuperset(value):
        (value,) = value.values()
    return value


def _refuse_nested(rows: list[Record]) -> None:
    """Questions about passages (SQuAD) lie in each other, and no row of them is a text with a label."""
    for key in ("paragraphs", "qas"):
        if rows and all(is_rows(row.get(key)) for row in rows[:SAMPLE]):
            raise ShapeError(
                f" holds questions and passages inside of each other (under {key!r}) and no labels of texts: "
                "save a table with a row a text, with its label."
            )


def _opened(rows: list[Record]) -> list[Record]:
    """Rows whose texts are inside of objects, with the fields of these objects beside the others: "document.text"."""
    sample = rows[:SAMPLE]
    if any(map(has_text, sample)) or not any(has_text(value) for row in sample for value in row.values()):
        return rows
    return [
        {
            f"{name}.{key}" if key else name: cell
            for name, value in row.items()
            for key, cell in (value.items() if isinstance(value, dict) else [("", value)])
        }
        for row in rows
    ]


def _exploded(rows: list[Record]) -> list[Record]:
    """Return a row a text, where rows hold lists of texts as those of chat bots do ("patterns" of a "tag")."""
    many = texts_inside(rows[0]) if rows else None
    if many is None or any(map(has_one_text, rows[:SAMPLE])) or any(texts_inside(row) != many for row in rows):
        return rows
    beside = [key for key in rows[0] if key != many and all(_is_as_long(row.get(key), row[many]) for row in rows)]
    return [
        {
            **{key: value for key, value in row.items() if key != many},
            **{key: row[key][place] for key in beside},
            **(held if isinstance(held, dict) else {"text": held}),
        }
        for row in rows
        for place, held in enumerate(row[many])
    ]


def _is_as_long(value: Any, texts: list[Any]) -> bool:
    """Return whether a value is a list with something for each text, such as its label."""
    return isinstance(value, list) and len(value) == len(texts)
