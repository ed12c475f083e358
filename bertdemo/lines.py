"""Texts as they fit on one line of a list, a sentence or a log."""

from __future__ import annotations


def shorten(text: str, length: int) -> str:
    """At most ``length`` characters; a text that was cut ends in an ellipsis."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def one_line(text: str) -> str:
    return " ".join(text.split())


def printable(text: str) -> str:
    """``text`` on one line, without characters that a screen cannot show."""
    return one_line("".join(character if character.isprintable() else " " for character in text))
