"""A table of cells ↔ bytes, for a process that may read files and is trusted with no more: no pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

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


def to_bytes(frame: pd.DataFrame) -> bytes:
    """An Arrow stream of a frame of ``read_table``; its ``attrs`` have to be what JSON can say."""
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    cells = [frame.iloc[:, place].tolist() for place in range(len(names))]
    plain = [_plain_array(column) for column in cells]
    arrays = [_tagged_array(column) if array is None else array for array, column in zip(plain, cells, strict=True)]
    notes = {"attrs": frame.attrs, "tagged": [place for place, array in enumerate(plain) if array is None]}
    table = pa.table(arrays, names).replace_schema_metadata({_NOTES: json.dumps(notes).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(content: bytes) -> pd.DataFrame:
    """The frame that ``to_bytes`` was given.

    Raises:
        ValueError: these are no such bytes (``pyarrow.ArrowInvalid`` is one).
    """
    import pandas as pd
    import pyarrow as pa

    with pa.ipc.open_stream(content) as stream:
        table = stream.read_all()
    notes = json.loads(table.schema.metadata[_NOTES])
    columns = {name: table.column(place).to_pylist() for place, name in enumerate(table.column_names)}
    for place in notes["tagged"]:
        name = table.column_names[place]
        columns[name] = [None if cell is None else _untagged(cell) for cell in columns[name]]
    frame = pd.DataFrame(columns, dtype=object)
    frame.attrs = notes["attrs"]
    return frame


def _plain_array(cells: Sequence[Any]) -> pa.Array | None:
    """Cells of one kind that come back as they were; None for any others."""
    import pyarrow as pa

    kinds = set(map(type, cells)) - {NoneType}
    if kinds <= {str}:
        return pa.array(cells, pa.string())
    try:
        array = pa.array(cells) if len(kinds) == 1 else None
    except (pa.ArrowException, OverflowError):  # more digits than Arrow holds
        return None
    return array if array is not None and array.to_pylist() == cells else None


def _tagged_array(cells: Sequence[Any]) -> pa.Array:
    """Each cell as the name of its kind and the text that makes it again."""
    import pyarrow as pa

    return pa.array([None if cell is None else _tagged(cell) for cell in cells], pa.string())


def _tagged(cell: Any) -> str:
    kind = type(cell).__name__
    text = cell.isoformat() if isinstance(cell, date | time) else str(cell)
    return f"{kind if kind in _FROM_TEXT or kind == 'Timestamp' else 'str'} {text}"


def _untagged(cell: str) -> Any:
    kind, _, text = cell.partition(" ")
    if kind == "Timestamp":  # pandas' own, down to nanoseconds
        import pandas as pd

        return pd.Timestamp(text)
    return _FROM_TEXT[kind](text)
