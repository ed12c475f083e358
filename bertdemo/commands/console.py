"""What a command prints: its result on stdout (one JSON object if asked), all the rest on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from typing import Any, TextIO

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
