"""Undo the encoding damage of the packaged airline tweets: exactly where possible, honestly elsewhere."""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import cache

# What happened to the tweets, read off the file: UTF-8 bytes were taken for Windows-1252 and written as Mac
# Roman, three times over. A byte whose character Mac Roman lacks became "_" (for instance the first byte of
# every emoji); the five bytes that Windows-1252 leaves undefined went through unchanged.
_ROUNDS = 3
_UNDEFINED = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})
_LOST = "_"

# "_\x99" begins an emoji (F0 9F, 4 bytes); \x8a and \xb4 were E2 and EF (3 bytes); all others here begin two.
_DAMAGED = re.compile("_\x99[\x80-\xff_]{2}|[\x8a\xb4][\x80-\xff_]{2}|[\x80-\xff][\x80-\xff_]?")

# Several characters share these remains, but in tweets to airlines one is far more usual than the others.
_USUAL = {
    "\x8a\x97_": "…",  # otherwise one of 19 rare punctuation marks
    "\x8a\x9d_": "❤",
    "\x8a\x93_": "✈",
    "_\x99\x95\x8d": "👍",  # or a sandal
}

# All other remains stand for several characters, some of opposite feeling: an angry face and one with hearts
# for eyes both left "_\x99\x85\x8d". Guessing one would invent a sentiment, and guessing by the label would
# leak the answer into the text, so all become Unicode's own sign for "a character stood here": neutral,
# visible to people, and dropped by BERT's tokenizers.
PLACEHOLDER = "\ufffd"


def repair(text: str) -> str:
    """Restore the characters of a tweet read as Latin-1, with ``PLACEHOLDER`` where one is lost."""
    return _DAMAGED.sub(lambda found: _restore(found.group()), text)


@cache
def _restore(remains: str) -> str:
    if remains in _USUAL:
        return _USUAL[remains]
    readings = _readings(remains)
    return readings[0] if len(readings) == 1 else PLACEHOLDER


def _readings(remains: str) -> list[str]:
    """Return every assigned character whose UTF-8 bytes would have been damaged into exactly these remains."""
    candidates = itertools.product(*(_origins().get(sign, ()) for sign in remains))
    return [text for candidate in candidates if _is_character(text := _decode(bytes(candidate)))]


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _is_character(text: str) -> bool:
    return len(text) == 1 and unicodedata.category(text) not in ("Cn", "Co", "Cc")


@cache
def _origins() -> dict[str, tuple[int, ...]]:
    """Return which bytes (0x80 to 0xFF) could have become each sign."""
    origins: dict[str, tuple[int, ...]] = {}
    for byte in range(0x80, 0x100):
        sign = _damage(byte)
        origins[sign] = (*origins.get(sign, ()), byte)
    return origins


def _damage(byte: int) -> str:
    for _ in range(_ROUNDS):
        if byte in _UNDEFINED:
            continue
        try:
            byte = bytes([byte]).decode("cp1252").encode("mac_roman")[0]
        except UnicodeEncodeError:
            return _LOST
    return chr(byte)
