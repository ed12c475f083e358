"""``python -m bertdemo.data.reader_process``: reads one table after the other, for ``bounded``.

A question is a line of JSON and the bytes of a file (none for a data set of the Hub), on standard input; an answer a
line of JSON and the bytes of a table, which are no pickle: the process may read files and is trusted with no more. It
ends with its input. Its memory and time are bounded from within, too: whoever asked may have ended.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, BinaryIO

from bertdemo.data import opening, reading
from bertdemo.errors import BertDemoError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import Buffer

_NOTES = b"notes"  # in the metadata: attributes of the frame, and which columns are tagged
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bool": lambda text: text == "True",
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": datetime.fromisoformat,
}
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
            found = opening.open_hub(question["name"], limits)
            frame = found.frame
            frame.attrs["source"] = asdict(found.source)
        else:
            frame = reading.read_table(question["name"], content, limits, **question["options"])
        table = to_bytes(frame)
    except BertDemoError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"memory": True}, b""
    return {}, table


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


def to_bytes(frame: pd.DataFrame) -> pa.Buffer:
    """Return an Arrow stream of a frame of ``read_table``; its ``attrs`` have to be what JSON can say."""
    import pyarrow as pa

    arrays, tagged = [], []
    for place in range(len(frame.columns)):
        cells = frame.iloc[:, place].tolist()
        array = _plain_array(cells)
        if array is None:
            array = pa.array([None if cell is None else _tagged(cell) for cell in cells], pa.string())
            tagged.append(place)
        arrays.append(array)
    notes = json.dumps({"attrs": frame.attrs, "tagged": tagged})
    table = pa.table(arrays, [str(name) for name in frame.columns]).replace_schema_metadata({_NOTES: notes.encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def from_bytes(content: pa.Buffer | bytes) -> pd.DataFrame:
    """Return the frame that ``to_bytes`` was given. Equal texts of a column are one object: most columns repeat a few.

    Raises:
        ValueError: these are no such bytes (``pyarrow.ArrowInvalid`` is one).
    """
    import pandas as pd
    import pyarrow as pa

    with pa.ipc.open_stream(content) as stream:
        table = stream.read_all()
    notes = json.loads(table.schema.metadata[_NOTES])
    columns: dict[str, list[Any]] = {}
    for place, name in enumerate(table.column_names):
        column = table.column(place)
        cells = _shared(column) if pa.types.is_string(column.type) else column.to_pylist()
        if place in notes["tagged"]:
            cells = [None if cell is None else _untagged(cell) for cell in cells]
        columns[name] = cells
    frame = pd.DataFrame(columns, dtype=object)
    frame.attrs = notes["attrs"]
    return frame


def _shared(column: pa.ChunkedArray) -> list[str | None]:
    encoded = column.combine_chunks().dictionary_encode()
    texts = [*encoded.dictionary.to_pylist(), None]
    return [texts[place] for place in encoded.indices.fill_null(len(texts) - 1).to_pylist()]


def _plain_array(cells: Sequence[Any]) -> pa.Array | None:
    """Return cells of one kind that come back as they were; None for any others."""
    import pyarrow as pa

    kinds = set(map(type, cells)) - {NoneType}
    if kinds <= {str}:
        return pa.array(cells, pa.string())
    try:
        array = pa.array(cells) if len(kinds) == 1 else None
    except (pa.ArrowException, OverflowError):  # more digits than Arrow holds
        return None
    return array if array is not None and array.to_pylist() == cells else None


def _tagged(cell: Any) -> str:
    """Return a cell as the name of its kind and the text that makes it again."""
    kind = type(cell).__name__
    text = cell.isoformat() if isinstance(cell, date | time) else str(cell)
    return f"{kind if kind in _FROM_TEXT or kind == 'Timestamp' else 'str'} {text}"


def _untagged(cell: str) -> Any:
    kind, _, text = cell.partition(" ")
    if kind == "Timestamp":  # pandas' own, down to nanoseconds
        import pandas as pd

        return pd.Timestamp(text)
    return _FROM_TEXT[kind](text)


if __name__ == "__main__":
    main()
