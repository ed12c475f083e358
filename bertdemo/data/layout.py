"""What a file format itself says about its table: which columns are what, and how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertdemo.data.cells import Table

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """Roles of columns ("text", "label", "pair", "split" → name), and sentences for the person about the reading."""

    columns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def on(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Write the layout into ``frame.attrs`` ("columns" and "notes") and return the frame."""
        columns = {role: name for role, name in self.columns.items() if name in frame.columns}
        if columns:
            frame.attrs["columns"] = columns
        if self.notes:
            frame.attrs["notes"] = [*frame.attrs.get("notes", []), *self.notes]
        return frame


@dataclass(frozen=True)
class Records:
    """Rows as mappings from column to value, in the order of the file."""

    rows: list[Record]
    layout: Layout = field(default_factory=Layout)


LaidOut = tuple[Table, Layout]
