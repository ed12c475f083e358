"""Numbers as people read them: with a true minus, and no sign on what rounds to 0."""

from __future__ import annotations


def plain(value: float, digits: int = 2) -> str:
    """Write a value that is no difference, with a true minus: ``1.20``, ``−0.03``; what rounds to 0 has no sign."""
    return f"{value:z.{digits}f}".replace("-", "\u2212")


def signed(value: float, digits: int = 2) -> str:
    """Write a difference: with its sign, a true minus, and digits for comparing (``+1.20``, ``−0.03``)."""
    return f"{'+' if round(value, digits) > 0 else ''}{plain(value, digits)}"
