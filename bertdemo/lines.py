"""Texts and numbers as they fit on one line of a list, a sentence or a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def shorten(text: str, length: int) -> str:
    """Shorten to at most ``length`` characters; a text that was cut ends in an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def one_line(text: str) -> str:
    return " ".join(text.split())


def printable(text: str) -> str:
    """Return ``text`` on one line, without characters that a screen cannot show."""
    return one_line("".join(character if character.isprintable() else " " for character in text))


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names, a repeated one with a number: a picker tells its entries apart by their words alone."""
    told: dict[str, int] = {}  # and how often each came so far
    for name in names:
        new = name
        while new in told:
            told[name] += 1
            new = f"{name} ({told[name]})"
        told[new] = 1
    return list(told)


def plain(value: float, digits: int = 2) -> str:
    """Write a value that is no difference, with a true minus: ``1.20``, ``−0.03``; what rounds to 0 has no sign."""
    return f"{value:z.{digits}f}".replace("-", "\u2212")


def signed(value: float, digits: int = 2) -> str:
    """Write a difference: with its sign, a true minus, and digits for comparing (``+1.20``, ``−0.03``)."""
    return f"{'+' if round(value, digits) > 0 else ''}{plain(value, digits)}"


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return names for a sentence: the first of them, quoted."""
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 row", "1,200 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
