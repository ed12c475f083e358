"""Bytes of a file somebody chose → text: what kind of file it really is, and in which encoding."""

from __future__ import annotations

import codecs
import re

from bertdemo.data.encodings import guess_encoding
from bertdemo.errors import DataError

# What a file begins with, and what a person would call it.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file: rename it to end in .parquet"),
    (b"\x89PNG", "a picture: choose a table of texts"),
    (b"\xff\xd8\xff", "a picture: choose a table of texts"),
    (b"GIF8", "a picture: choose a table of texts"),
    (b"%PDF", "a PDF: choose a table of texts"),
    (b"\x1f\x8b", "compressed: unpack it first"),
    (b"7z\xbc\xaf", "compressed: unpack it first"),
    (b"Rar!", "compressed: unpack it first"),
    (b"BZh", "compressed: unpack it first"),
    (b"\xfd7zXZ", "compressed: unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file: save it as .xlsx or .csv"),
    (b"{\\rtf", "a formatted document: save it as plain CSV"),
    (b"SQLite format 3", "a database: export the table as CSV"),
)
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKUP = re.compile(r"(?>\s+|<!--.*?-->)*+<(!doctype|html|head|body|\?xml|svg|table)\b", re.IGNORECASE | re.DOTALL)
# Without those that separate cells or records in some exports (01, 1E, 1F), end a file (1A) or begin an escape (1B).
_CONTROLS = re.compile("[\x00\x02-\x08\x0e-\x19\x1c\x1d]")
_SAMPLE = 2**16  # bytes or characters
_PREVIEWED, _SHOWN_LINES, _SHOWN_LETTERS = 2**22, 5, 200  # bytes looked at, lines and characters shown
# Encodings that are all ASCII and switch between alphabets.
_ESCAPES = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"))


def refuse_foreign(name: str, content: bytes) -> None:
    """Say what a file is that only pretends to be text.

    Raises:
        DataError: the file is empty, or begins like a picture, an archive, a workbook or a document.
    """
    if not content.strip(b"\0 \t\r\n"):
        raise _empty(name)
    if content.startswith(b"PK\x03\x04"):
        is_workbook = b"xl/" in content
        kind = "an Excel workbook: rename it to end in .xlsx" if is_workbook else "a ZIP archive: unpack it first"
        raise DataError(f"{name} is {kind}.")
    for signature, kind in _SIGNATURES:
        if content.startswith(signature):
            raise DataError(f"{name} is {kind}.")


def decode(name: str, content: bytes, encoding: str | None = None, notes: list[str] | None = None) -> str:
    """Return the text of a file in whatever encoding, without byte order mark, NUL characters and unreadable bytes.

    Args:
        name: the file's, for messages.
        content: all of it.
        encoding: a name that Python knows; None to find it out.
        notes: where a sentence goes if the encoding is a guess, or characters are broken.

    Raises:
        DataError: it is a web page, empty, no text at all, or nobody knows the encoding.
    """
    chosen = known_encoding(encoding) if encoding else find_encoding(content, notes)
    text = content.decode(chosen, errors="replace").removeprefix("\ufeff")
    if not text.strip("\ufeff\0 \t\r\n"):  # nothing but a byte order mark
        raise _empty(name)
    sample = text[:_SAMPLE]
    if _MARKUP.match(sample):
        raise DataError(f"{name} is a web page, not a table: download the data file itself.")
    controls = len(_CONTROLS.findall(sample.replace("\0", "")))
    if sample.count("\0") > len(sample) / 10 or controls > len(sample) / 100:
        raise DataError(f"{name} is not a text file: choose a table as CSV, TSV, JSONL, Parquet or Excel.")
    broken = text.count("\ufffd")
    if broken and notes is not None:
        notes.append(_broken_sentence(broken, chosen, written=_is_valid(content, chosen)))
    return text.replace("\0", "")


def _broken_sentence(broken: int, chosen: str, *, written: bool) -> str:
    """What there is to know of ``broken`` replacement characters, which are ``written`` so or could not be read."""
    count, shows, are = ("1 character", "shows", "is") if broken == 1 else (f"{broken:,} characters", "show", "are")
    if written:
        return f"{count} {are} \ufffd in the file itself: another program lost what was there."
    return (
        f"{count} could not be read as {chosen} and {shows} as \ufffd: if the file is in another encoding, choose "
        "that (command: --encoding)."
    )


def _is_valid(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def known_encoding(encoding: str) -> str:
    """Return Python's name of an encoding that texts are written in.

    Raises:
        DataError: there is none of that name.
    """
    try:
        found = codecs.lookup(encoding.strip())
        "a".encode(found.name)  # not one of those that turn bytes into bytes
        b"a-\xff".decode(found.name, "replace")  # nor one of those for names of hosts
    except (LookupError, ValueError) as error:
        raise DataError(
            f"There is no encoding {encoding[:40]!r}: give a name such as utf-8, cp1250, iso-8859-2 or shift_jis."
        ) from error
    return found.name


def _empty(name: str) -> DataError:
    return DataError(f"{name} is empty: choose a file with a table of texts.")


def preview(content: bytes, encoding: str) -> str:
    """Return some lines of a file in an encoding: the first that hold more than ASCII, and shortened."""
    lines = [line for line in re.split(rb"[\r\n]+", content[:_PREVIEWED]) if not line.isascii()]
    if encoding.startswith("utf-16") or not lines:  # line ends are not where single bytes have them
        lines = [content[: 2 * _SHOWN_LETTERS]]
    texts = (line.decode(encoding, "replace").replace("\0", "") for line in lines[:_SHOWN_LINES])
    return "\n".join(text[:_SHOWN_LETTERS] for text in texts)


def find_encoding(content: bytes, notes: list[str] | None = None) -> str:
    """Find the encoding of a text: by its mark, as UTF-8 or UTF-16, or the likeliest of those from before Unicode."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if escaped := next((name for mark, name in _ESCAPES if mark in content), None):
        return escaped
    if found := _unmarked_utf16(content) or ("utf-8" if _is_utf8(content) else None):
        return found
    guess = guess_encoding(content)
    if not guess.is_certain and notes is not None:
        notes.append(f"Its encoding was guessed: {guess.encoding}. If letters are wrong, choose another encoding.")
    return guess.encoding


def _is_utf8(content: bytes) -> bool:
    """Return whether it is UTF-8, a few broken characters (less than a tenth of those beyond ASCII) forgiven."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        beyond_ascii = re.sub("[\x00-\x7f]+", "", content.decode("utf-8", "replace"))
        return beyond_ascii.count("\ufffd") < len(beyond_ascii) / 10
    return True


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: the zero bytes of ASCII characters, such as line ends, stand on one side of all pairs."""
    sample = content[:_SAMPLE]
    low, high = sample[::2].count(0), sample[1::2].count(0)
    for encoding, zeros, others in (("utf-16-le", high, low), ("utf-16-be", low, high)):
        if zeros > max(1, len(sample) / 200) and others < zeros / 10:
            lines = sample.decode(encoding, "replace")
            if ("\n" in lines or "\r" in lines) and lines.count("\ufffd") <= 1:
                return encoding
    return None
