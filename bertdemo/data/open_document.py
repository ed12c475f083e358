"""The visible sheets of an OpenDocument spreadsheet (.ods), row by row, as a person sees their cells."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree as ET

from bertdemo.data.dialects import Row

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_WIDEST = 1_024  # cells of a row; programs repeat an empty one up to the edge of the sheet
_MOST_REPEATS = 10_000  # of a row that holds something
_NO_TEXT = (f"{_OFFICE}annotation",)


def read_sheets(archive: zipfile.ZipFile, _content: bytes) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield titles and rows of the sheets that are not hidden; rows without a filled cell are left out.

    A cell that is merged over several rows stands in each of them.

    Raises:
        ValueError: the document declares entities, by which a small file can grow without end.
    """
    with archive.open("content.xml") as part:
        if b"<!DOCTYPE" in part.read(1_024):
            raise ValueError("a document type in a spreadsheet")
    hidden: set[str] = set()
    with archive.open("content.xml") as part:
        yield from ((title, iter(rows)) for title, rows in _sheets(part, hidden))


def _sheets(part: IO[bytes], hidden: set[str]) -> Iterator[tuple[str, list[Row]]]:
    rows: list[Row] = []
    covering: dict[int, tuple[int, str]] = {}
    for event, element in ET.iterparse(part, events=("start", "end")):
        if event == "start":
            if element.tag == f"{_TABLE}table":
                rows, covering = [], {}
        elif element.tag == f"{_STYLE}style" and _hides(element):
            hidden.add(element.get(f"{_STYLE}name", ""))
        elif element.tag == f"{_TABLE}table-row":
            rows.extend(_repeated(element, _row(element, covering)))
            element.clear()
        elif element.tag == f"{_TABLE}table":
            if element.get(f"{_TABLE}style-name") not in hidden:
                yield element.get(f"{_TABLE}name", ""), rows
            element.clear()


def _hides(style: Any) -> bool:
    found = style.find(f"{_STYLE}table-properties")
    return found is not None and found.get(f"{_TABLE}display") == "false"


def _repeated(element: Any, row: Row) -> Iterator[Row]:
    if row:
        times = min(int(element.get(f"{_TABLE}number-rows-repeated", 1)), _MOST_REPEATS)
        yield from (list(row) for _ in range(times))


def _row(element: Any, covering: dict[int, tuple[int, str]]) -> Row:
    """Return the cells up to the last filled one.

    ``covering``: column → how many rows more a cell above covers, its text.
    """
    row: Row = []
    for cell in element:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        text = _shown(cell)
        rows_more, above = covering.pop(len(row), (0, ""))
        if rows_more:
            text = above
            covering[len(row)] = rows_more - 1, above
        spanned = int(cell.get(f"{_TABLE}number-rows-spanned", 1))
        if spanned > 1 and text:
            covering[len(row)] = spanned - 1, text
        times = int(cell.get(f"{_TABLE}number-columns-repeated", 1))
        row.extend([text] * min(times, _WIDEST - len(row)))
    while row and not row[-1]:
        row.pop()
    return row


def _shown(cell: Any) -> str:
    """Return the paragraphs of a cell, as they are shown; comments are none of it."""
    return "\n".join(_words(paragraph) for paragraph in cell if paragraph.tag == f"{_TEXT}p")


def _words(element: Any) -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", 1)), _WIDEST))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag not in _NO_TEXT:
            parts.append(_words(child))
        parts.append(child.tail or "")
    return "".join(parts)
