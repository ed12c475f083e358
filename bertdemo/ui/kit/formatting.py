"""Numbers and names as people read them. What a person typed is escaped before it meets Markdown."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from bertdemo.lines import one_line, shorten

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@])")

_LINKS = re.compile(r":/|www\.|\S@|:[a-z0-9+-](?=[\w+-]*[:/])", re.IGNORECASE)
_NO_BREAK = "\u00a0"
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def escape(text: str) -> str:
    """Return the text with everything Markdown, HTML, LaTeX or Streamlit's directives could act on made harmless.

    Addresses would become links and ":smile:" a picture even with their marks escaped: an invisible word joiner
    (U+2060) keeps them text.
    """
    unlinked = _LINKS.sub(lambda found: found[0][:-1] + "\u2060" + found[0][-1], one_line(text))
    return _MARKUP.sub(r"\\\1", unlinked).replace("\\<", "&lt;").replace("\\&", "&amp;")


def unescape(markdown: str) -> str:
    """Return the text that ``escape`` was given, but for its spaces; for where no Markdown is read."""
    unmarked = re.sub(r"\\(.)", r"\1", markdown).replace("\u2060", "")
    return unmarked.replace("&lt;", "<").replace("&amp;", "&")


def quoted(text: str) -> str:
    """Return a word or a label in a sentence, as Markdown."""
    return f"“{isolated(escape(shorten(text, 30)))}”"


def isolated(text: str) -> str:
    """Put the text between marks (U+2068, U+2069): Arabic or Hebrew would draw the figures after it along."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def listed(names: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}{_NO_BREAK}%"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 text``, ``2 texts``, ``15,000 texts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a time as long as it deserves: ``0.4 s``, ``8 s``, ``1 min 20 s``, ``2 h 5 min``."""
    if 0 < seconds < 0.95:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "under 0.1 s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def about(seconds: float) -> str:
    """Return an estimate, rounded to what it is worth."""
    if seconds < 20:
        return "under 20 seconds"
    if seconds < 90:
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < 5400:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


def ago(moment: float, now: float | None = None) -> str:
    """Return how long ago a moment (Unix seconds) was; a date once that says more."""
    seconds = (time.time() if now is None else now) - moment
    if seconds < 90:
        return "just now"
    if seconds < 3600:
        return f"{round(seconds / 60)} min ago"
    if seconds < 86_400:
        return f"{round(seconds / 3600)} h ago"
    return time.strftime("%d %b %Y", time.localtime(moment))


def compact(number: float) -> str:
    """Return ``22.7 M``, ``3,900``: sizes and speeds in three digits."""
    for unit, size in (("G", 1e9), ("M", 1e6)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"
