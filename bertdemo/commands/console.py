"""What commands take and print: shared arguments; results on stdout (one JSON object if asked), the rest on stderr."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, Protocol, TextIO

from bertdemo.errors import DataError
from bertdemo.lines import one_line
from bertdemo.settings import Settings

_CLEAR_LINE = "\r\x1b[K"


class Console:
    """Keeps results, lasting remarks and passing progress apart; only a terminal shows progress."""

    def __init__(self, as_json: bool, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self._as_json = as_json
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        self._in_progress = False

    @property
    def on_terminal(self) -> bool:
        return self._stderr.isatty()

    def result(self, values: dict[str, Any], lines: Iterable[str]) -> None:
        """Print the result: ``values`` as one JSON object on one line, or ``lines`` for people."""
        self.clear()
        # Indented, a table of a million numbers is mostly white space.
        text = (
            json.dumps(plain(values), ensure_ascii=False, separators=(",", ":")) if self._as_json else "\n".join(lines)
        )
        print(text, file=self._stdout, flush=True)

    def remark(self, line: str) -> None:
        self.clear()
        print(line, file=self._stderr, flush=True)

    def progress(self, line: str) -> None:
        """Replace the passing line at the bottom of a terminal."""
        if self.on_terminal:
            self._stderr.write(_CLEAR_LINE + line)
            self._stderr.flush()
            self._in_progress = True

    def clear(self) -> None:
        """Remove the passing line."""
        if self._in_progress:
            self._stderr.write(_CLEAR_LINE)
            self._stderr.flush()
            self._in_progress = False


def plain(value: Any) -> Any:
    """Return ``value`` without what JSON has no word for: NaN and infinity become null."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


Command = Callable[[argparse.Namespace, Settings, Console], int]


class Parser(argparse.ArgumentParser):
    """argparse without the block of usage lines before each message, and without guessed abbreviations."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)} (see {self.prog} --help).\n")


class Subparsers(Protocol):
    """Where commands are added; argparse has no public name for its type."""

    def add_parser(self, name: str, *, help: str, description: str, **options: Any) -> Parser: ...  # noqa: A002


def add_command(subparsers: Subparsers, name: str, summary: str, run: Command) -> Parser:
    """Return a sub-command with ``--json``; ``run`` gets the parsed arguments and returns the exit code."""
    parser = subparsers.add_parser(name, help=summary, description=summary)
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)
    return parser


def add_run(parser: Parser) -> None:
    parser.add_argument("id", metavar="RUN", help="id of the run, as listed by the command runs")


def add_columns(parser: Parser) -> None:
    """Add which columns of a table to use, and what becomes of labels that are not plain."""
    group = parser.add_argument_group("the table")
    for option, help_ in (
        ("--text-column", "column of the texts (default: guessed)"),
        ("--label-column", "column of the labels (default: guessed); several 0/1 columns with commas between"),
        ("--pair-column", "column of a second text, for sentence pairs (default: guessed); none for single texts"),
        ("--split-column", "column of published parts (default: guessed); none for a split of our own"),
    ):
        group.add_argument(option, metavar="C", help=help_)
    group.add_argument("--join-columns", metavar="C,C", help="columns whose texts are read as one, such as title,body")
    group.add_argument(
        "--several", metavar="RULE", default="leave-out",
        help="rows with several labels: leave-out (default), first, or the one label to learn against all others",
    )  # fmt: skip
    group.add_argument("--keep-spellings", action="store_true", help="do not read Spam and spam as one label")
    group.add_argument("--no-label", metavar="V,V", help="values that mean “no label” (default: n/a, ? and the like)")
    group.add_argument("--majority", action="store_true", help="of a text in several rows, its most frequent label")
    group.add_argument("--drop-small-labels", action="store_true", help="leave out labels too small to split")
    add_encoding(parser)


def add_encoding(parser: Parser) -> None:
    """Add how the characters of a text file are encoded."""
    parser.add_argument(
        "--encoding", metavar="E", help="of a text file, such as cp1250 or shift_jis (default: found out)"
    )


def check_output(file: Path) -> None:
    """Refuse before the work what would only be found out after it.

    Raises:
        DataError: no file can be written there.
    """
    folder = file.resolve().parent
    if file.is_dir():
        raise DataError(f"{file} is a folder: give the name of a file in it.")
    if not folder.is_dir():
        raise DataError(f"{file} cannot be written: there is no such folder.")
    if not os.access(folder, os.W_OK):
        raise DataError(f"{file} cannot be written: choose a folder that you may write to.")
