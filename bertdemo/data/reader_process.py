"""``python -m bertdemo.data.reader_process``: reads one table after the other, for ``bounded``.

A question is a line of JSON and the bytes of a file (none for a data set of the Hub), on standard input; an answer a
line of JSON and the bytes of a table. It ends with its input. Its memory and time are bounded from within, too:
whoever asked may have ended.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bertdemo.data import opening, reading, transfer
from bertdemo.errors import BertDemoError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from pyarrow import Buffer

_GRACE = 5  # seconds in which whoever asked ends this process, before it does so itself
_SLACK = 96  # MB that may be taken without being used, such as a thread's stack


def main() -> None:
    """Say when the libraries are there, then answer until the input ends."""
    logging.basicConfig(stream=sys.stderr)
    logging.getLogger("bertdemo").setLevel(logging.INFO)  # with the tracebacks that people are told in a sentence
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    import pandas  # noqa: F401, ICN001 (most of the time it takes to begin)
    import pyarrow.parquet  # noqa: F401

    before = _data_bytes()
    _send(answers, {})
    while line := sys.stdin.buffer.readline():
        question = json.loads(line)
        content = sys.stdin.buffer.read(question["size"])
        _bound_memory(before, question["memory_mb"])
        faulthandler.dump_traceback_later(question["clock"] + _GRACE, exit=True)
        header, table = _answer(question, content)
        del content
        _send(answers, header, table)
        del table
        faulthandler.cancel_dump_traceback_later()


def _answer(question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], Buffer | bytes]:
    limits = Settings(Path(), max_file_mb=question["max_file_mb"], max_rows=question["max_rows"])
    try:
        if question["options"] is None:
            frame = _of_hub(question["name"], limits)
        else:
            frame = reading.read_table(question["name"], content, limits, **question["options"])
        table = transfer.to_bytes(frame)
    except BertDemoError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"memory": True}, b""
    return {}, table


def _of_hub(name: str, limits: Settings) -> pd.DataFrame:
    """Return the table of a data set of the Hub, with where it is from among its attributes."""
    table = opening.open_hub(name, limits)
    table.frame.attrs["source"] = asdict(table.source)
    return table.frame


def _send(answers: BinaryIO, header: dict[str, Any], table: Buffer | bytes = b"") -> None:
    answers.write(json.dumps({**header, "size": len(table)}).encode() + b"\n")
    answers.write(table)
    answers.flush()


def _data_bytes() -> int:
    """Return what this process may write to by now; 0 where that cannot be bounded."""
    if sys.platform != "linux":
        return 0
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmData:")[1].split()[0]) * 1024


def _bound_memory(before: int, more_mb: int) -> None:
    if before and sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (before + (more_mb + _SLACK) * 2**20, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
