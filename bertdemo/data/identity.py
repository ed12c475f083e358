"""When two texts are the same text: what duplicates, conflicts and the split go by."""

from __future__ import annotations

import re
import unicodedata

from bertdemo.data.dataset import Dataset

Key = tuple[str, ...]

# Characters that a reader cannot see: controls, soft hyphen, zero-width and direction marks, byte order mark,
# fillers, variation selectors and tags.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
# Those of them that no spelling needs, between two letters: not the joiners of Persian and of Indian scripts.
_INSIDE_A_WORD = re.compile("(?<=\\w)[\xad\u200b\u200e\u200f\u2060\ufeff]+(?=\\w)")
# Unicode's names of the forms of a letter; the last four are of Arabic.
_FORMS = ("<wide>", "<narrow>", "<font>", "<circle>", "<square>", "<compat>", "<initial>", "<medial>", "<final>",
          "<isolated>")  # fmt: skip
_SURROGATES = re.compile("[\ud800-\udfff]")


def without_invisible(text: str) -> str:
    """Return the text without the characters that a reader cannot see."""
    return _INVISIBLE.sub("", text)


def normalise(text: str) -> str:
    """Return the text without what a reader would not call a difference: Unicode form (NFKC), case, spaces."""
    visible = without_invisible(text)
    if not visible.isascii():
        visible = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    return " ".join(visible.casefold().split())


def in_plain_letters(text: str) -> str:
    """Return the text as ``normalise`` reads its letters and digits, case and all else kept.

    Full-width, mathematical and circled forms become plain, and what nobody sees inside a word goes. Superscripts and
    joiners stay: they are how words are written.
    """
    if text.isascii():
        return text
    whole = _INSIDE_A_WORD.sub("", text)
    return "".join(_plain(character) for character in whole)


def _plain(character: str) -> str:
    form = unicodedata.decomposition(character).partition(" ")[0]
    plain = unicodedata.normalize("NFKC", character) if form in _FORMS else character
    return plain if plain.isalnum() else character


def keys(dataset: Dataset) -> list[Key]:
    """Return what identifies each row: its normalised text, or its normalised pair of texts."""
    if dataset.pairs is None:
        return [(normalise(text),) for text in dataset.texts]
    rows = zip(dataset.texts, dataset.pairs, strict=True)
    return [(normalise(text), normalise(pair)) for text, pair in rows]


def without_surrogates(text: str) -> str:
    """Return lone surrogates, which no file can hold in UTF-8, become U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)
