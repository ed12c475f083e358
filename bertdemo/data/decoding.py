"""Bytes of a file somebody chose → text: what kind of file it really is, and in which encoding."""

from __future__ import annotations

import codecs
import re

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
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 2**16  # bytes or characters
_ENOUGH = 20  # bytes beyond ASCII, to tell encodings apart
_ASCII = bytes(range(0x20, 0x7F))


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


def decode(name: str, content: bytes) -> str:
    """The text of a file in whatever encoding, without byte order mark, NUL characters and unreadable bytes.

    Raises:
        DataError: it is a web page, empty, or no text at all.
    """
    text = content.decode(_encoding(content), errors="replace")
    if not text.strip("\ufeff\0 \t\r\n"):  # nothing but a byte order mark
        raise _empty(name)
    sample = text[:_SAMPLE]
    if _MARKUP.match(sample):
        raise DataError(f"{name} is a web page, not a table: download the data file itself.")
    controls = len(_CONTROLS.findall(sample.replace("\0", "")))
    if sample.count("\0") > len(sample) / 10 or controls > len(sample) / 100:
        raise DataError(f"{name} is not a text file: choose a table as CSV, TSV, JSONL, Parquet or Excel.")
    return text.replace("\0", "")


def _empty(name: str) -> DataError:
    return DataError(f"{name} is empty: choose a file with a table of texts.")


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    return _unmarked_utf16(content) or ("utf-8" if _is_utf8(content) else _legacy(content))


def _is_utf8(content: bytes) -> bool:
    """Whether it is UTF-8, a few broken characters (less than a tenth of those beyond ASCII) forgiven."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        beyond_ascii = re.sub("[\x00-\x7f]+", "", content.decode("utf-8", "replace"))
        return beyond_ascii.count("\ufffd") < len(beyond_ascii) / 10
    return True


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: in Western texts nearly every other byte is zero."""
    sample = content[:_SAMPLE]
    half = len(sample) / 2
    if sample[1::2].count(0) > half * 0.7 and sample[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if sample[::2].count(0) > half * 0.7 and sample[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return None


def _legacy(content: bytes) -> str:
    """An encoding from before Unicode, judged by the lines that hold more than ASCII.

    Few such bytes mean a Western European language, which statistics confuse with its neighbours, or too
    little to judge by: Windows-1252 then.
    """
    from charset_normalizer import from_bytes

    lines = [line for line in content[: 16 * _SAMPLE].splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    beyond_ascii = sum(byte > 0x7F for byte in sample)
    if beyond_ascii < max(_ENOUGH, len(sample) / 5):
        return "cp1252"
    return next((match.encoding for match in from_bytes(sample) if _keeps_ascii(match.encoding)), "cp1252")


def _keeps_ascii(encoding: str) -> bool:
    """Mainframe encodings do not, and no file of ours comes from one."""
    return _ASCII.decode(encoding, "replace") == _ASCII.decode("ascii")
