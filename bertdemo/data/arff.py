"""ARFF (Weka) → header and rows; of the attributes that list their values, one is the class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from bertdemo.data.layout import LaidOut, Layout
from bertdemo.errors import DataError

_QUOTED = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|\S+?)\s+(\S.*)|@attribute\s+(\S+?)(\{{.*)", re.IGNORECASE)
_VALUE = re.compile(rf"\s*({_QUOTED}|[^,\t]*?)\s*(,|\t|$)")
_SPARSE = re.compile(r"\{\s*(\d+\s.*)?\}(\s*,\s*\{.*\})?")
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_CLASS = ("class", "@@class@@")  # the second is the name in Weka's own tables of texts


def read_arff(name: str, text: str, max_rows: int) -> LaidOut:
    """Return rows under @data, with "?" as missing; reading ends soon after ``max_rows``.

    Raises:
        DataError: there are no attributes, the rows are sparse, or a row has too many or too few values.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("%")]
    start = next((place for place, (_, line) in enumerate(lines) if line.casefold() == "@data"), None)
    matches = [match for _, line in lines[:start] if (match := _ATTRIBUTE.match(line))]
    attributes = [(_plain(match[1] or match[3]) or "", match[2] or match[4]) for match in matches]
    if start is None or not attributes:
        raise DataError(f"{name} has no @attribute or no @data: save it again from Weka, or as CSV.")
    rows = [_row(name, number, line, len(attributes)) for number, line in islice(lines[start + 1 :], max_rows + 1)]
    return ([attribute for attribute, _ in attributes], rows), Layout(_roles(attributes))


def _row(name: str, number: int, line: str, width: int) -> list[str | None]:
    if _SPARSE.fullmatch(line):
        raise DataError(f"{name} has sparse rows ({{number value, …}}), which hold no texts: save it as CSV.")
    row = list(_values(line))
    if len(row) != width:
        raise DataError(
            f"{name}, line {number}: {len(row)} values where there are {width} attributes; put texts that contain a "
            "comma in quotation marks."
        )
    return row


def _values(line: str) -> Iterator[str | None]:
    place, more = 0, True
    while more and (match := _VALUE.match(line, place)):
        yield _plain(match[1])
        place, more = match.end(), bool(match[2])


def _plain(written: str) -> str | None:
    """Return a value without its quotation marks and escapes; None for a missing one."""
    if written in ("?", ""):
        return None
    if written[0] in "'\"" and written[-1] == written[0] and len(written) > 1:
        written = written[1:-1]
    return _ESCAPED.sub(lambda match: _unescaped(match[1]), written)


def _unescaped(mark: str) -> str:
    return chr(int(mark[1:], 16)) if len(mark) == 5 else _ESCAPES.get(mark, mark)


def _roles(attributes: Sequence[tuple[str, str]]) -> dict[str, str]:
    nominal = [attribute for attribute, kind in attributes if kind.startswith("{")]
    texts = [attribute for attribute, kind in attributes if kind.casefold().startswith("string")]
    named = [attribute for attribute in nominal if attribute.casefold() in _CLASS]
    last = nominal[-1:] if nominal[-1:] == [attributes[-1][0]] else []
    label = nominal if len(nominal) == 1 else named or last
    return {**({"text": texts[0]} if len(texts) == 1 else {}), **({"label": label[0]} if len(label) == 1 else {})}
