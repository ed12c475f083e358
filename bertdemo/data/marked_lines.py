"""Texts a line with their label marked in the line: fastText, and the questions of TREC."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from bertdemo.data.annotation.answers import single
from bertdemo.data.cells import as_text
from bertdemo.data.columns import is_usual_name
from bertdemo.data.layout import LaidOut, Layout
from bertdemo.lines import counted

_SAMPLE = 1_000  # lines
_USUAL = "__label__"
_FEW = 0.05  # share of lines with the usual prefix, for a file may be labelled in part
_PREFIX = re.compile(r"(?:^|[\s\"])(__[A-Za-z][A-Za-z0-9_-]*?__)(?=[^\s_])")
_COMMENT = re.compile(r"\s__comment__.*", re.DOTALL)  # doccano puts comments behind the text
_COARSE_FINE = re.compile(r"([A-Za-z][\w-]*:[A-Za-z][\w-]*)[ \t]+(\S.*)")


def read_marked_lines(text: str, max_rows: int, *, questions: bool) -> LaidOut | None:
    """Read rows whose lines bear "__label__x" (fastText) or, with ``questions``, begin with "LABEL:sub" (TREC).

    None if they do not. Several labels of a line become a list; reading ends soon after ``max_rows``.
    """
    sample = list(islice(_lines(text), _SAMPLE))
    prefix = _common_prefix(sample)
    if prefix is not None:
        return _fasttext(text, prefix, max_rows)
    return _trec(text, max_rows) if questions and _is_trec(sample) else None


def _lines(text: str) -> Iterator[str]:
    return (line for line in io.StringIO(text) if line.strip())


def _common_prefix(lines: Sequence[str]) -> str | None:
    """Return the prefix of labels ("__label__", or another between underscores) that lines bear near an end."""
    if not lines or any(map(is_usual_name, re.split(r"[\t,;|]", lines[0]))):  # a header: a table of marked labels
        return None
    found = Counter(prefix for line in lines for prefix in set(_PREFIX.findall(f"{line[:200]}\n{line[-200:]}")))
    prefix, marked = max(found.items(), key=lambda entry: entry[1], default=("", 0))
    return prefix if marked > len(lines) * (_FEW if prefix == _USUAL else 0.5) else None


def _fasttext(text: str, prefix: str, max_rows: int) -> LaidOut:
    label = re.compile(rf"(?:^|(?<=\s)){re.escape(prefix)}([^\s,;|]+)[ \t]*(?:[,;|][ \t]*)?")
    quoted = _is_quoted(text, re.escape(prefix))
    rows: list[list[object]] = []
    for line in islice(_cells(text) if quoted else _lines(text), max_rows + 1):
        names = list(dict.fromkeys(label.findall(line)))
        rest = _COMMENT.sub("", label.sub("", line)).strip()
        rows.append([rest, as_text(single(names))])
    unmarked = sum(row[1] == "[]" for row in rows)
    notes = (f"Without a label, as they bear no {prefix}: {counted(unmarked, 'line')}.",) if unmarked else ()
    return (["text", "label"], rows), Layout({"text": "text", "label": "label"}, notes)


def _is_quoted(text: str, prefix: str) -> bool:
    """Return whether it is a CSV.

    Whole lines between quotation marks (doccano), or texts behind a label and a comma.
    """
    if re.search(rf'^"\s*{prefix}', text, re.MULTILINE):
        return True
    behind = re.findall(rf'^[ \t]*{prefix}[^\s,]+,(".*?)[ \t]*$', text, re.MULTILINE)
    return bool(behind) and all(re.fullmatch(r'"([^"]|"")*"', cell) for cell in behind)


def _cells(text: str) -> Iterator[str]:
    return (",".join(row) for row in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, row)))


def _is_trec(lines: Sequence[str]) -> bool:
    """Whether all lines begin with a class and a subclass, of which there are few (in a chat, words follow names)."""
    marks = [match.group(1) for line in lines if (match := _COARSE_FINE.match(line))]
    coarse = {mark.partition(":")[0] for mark in marks}
    return (
        len(marks) == len(lines) > 1
        and 1 < len(coarse) <= len(lines) / 2
        and len(set(marks)) <= max(50, len(lines) / 2)
    )


def _trec(text: str, max_rows: int) -> LaidOut:
    rows: list[list[str]] = []
    for line in islice(_lines(text), max_rows + 1):
        mark, _, question = line.strip().partition(" ")
        rows.append([question.strip(), mark.partition(":")[0], mark])
    note = (
        "Lines begin with a class and a subclass (TREC): the class is the label, both are in the column 'fine label'."
    )
    return (["text", "label", "fine label"], rows), Layout({"text": "text", "label": "label"}, (note,))
