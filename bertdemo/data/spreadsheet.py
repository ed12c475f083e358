"""Tables for people who will open them in a spreadsheet, which runs a cell that begins like a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# What a spreadsheet program takes for the beginning of a formula (OWASP, "CSV Injection"), full-width forms too.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_csv(frame: pd.DataFrame) -> str:
    """Return the table as CSV. A text that a spreadsheet would run gets an apostrophe in front.

    Numbers stay numbers.
    """
    safe = frame.copy()
    for column in frame.columns:
        if frame[column].dtype.kind not in "biufM":
            safe[column] = frame[column].map(harmless)
    # RFC 4180 ends; with them a lone carriage return in a cell is quoted, too, and cannot begin a row of its own.
    return safe.rename(columns=harmless).to_csv(index=False, lineterminator="\r\n")


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet computes: a text that begins like a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell
